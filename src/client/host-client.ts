/** A connection to a host, proven in both directions, with typed requests. */
import { closeSync, existsSync, openSync } from 'node:fs';
import { connect, type Socket } from 'node:net';
import { type CancellationToken, ErrorCodes, type MessageConnection, ResponseError } from 'vscode-jsonrpc/node';
import { AnimusError, errorData } from '../protocol/errors.ts';
import { NOTIFICATIONS, type Notification, type NotificationParams } from '../protocol/notifications.ts';
import { type Method, type Params, REQUESTS, type Result } from '../protocol/requests.ts';
import { OLDEST_PROTOCOL_VERSION, PROTOCOL_VERSION } from '../protocol/versions.ts';
import {
  ASK_MODEL,
  MODEL_PART,
  type ModelEnd,
  type ModelPart,
  type ModelQuestion,
  modelQuestion,
} from '../protocol/window-models.ts';
import { CALL_TOOL, type ToolCall, type ToolCallEnd, toolCall } from '../protocol/window-tools.ts';
import type { BuildInfo } from '../rendezvous/build-info.ts';
import { framedConnection } from '../rendezvous/framed-connection.ts';
import { proof, proofHolds, randomHex } from '../rendezvous/proof.ts';
import type { HostFile } from '../rendezvous/store-files.ts';

export type ClientIdentity = {
  kind: 'cli' | 'vscode' | 'api';
  build: BuildInfo;
  /** The workspace folder's real path. */
  folder: string;
  /** 'embedded', or what stands for the configured database: never its password. */
  database: string;
  home: string;
};

/** Answers a question to a model of this client's. Parts are told before it resolves; it never rejects. */
export type AnswerModel = (
  question: ModelQuestion,
  tell: (part: ModelPart) => void,
  signal: AbortSignal,
) => Promise<ModelEnd>;

/** Has a tool of this client's called; an aborted signal means that nobody waits for it any more. Never rejects. */
export type CallTool = (call: ToolCall, signal: AbortSignal) => Promise<ToolCallEnd>;

/** Nobody listens where host.json says: the host is gone. */
export class HostGone extends Error {
  override name = 'HostGone';
}

const CONNECT_WITHIN_MS = 5000;
const GREET_WITHIN_MS = 5000;

export class HostClient {
  #connection: MessageConnection;
  #socket: Socket;
  #initialized: Result<'initialize'> | undefined;
  /** Resolves when the connection ends, whoever ended it. */
  readonly closed: Promise<void>;

  constructor(socket: Socket) {
    this.#socket = socket;
    this.closed = new Promise((resolve) => {
      socket.once('close', () => resolve());
    });
    // A fault ends in a closed socket, which is what everyone waits for.
    this.#connection = framedConnection(socket, () => socket.destroy());
    this.#connection.listen();
  }

  get isOpen(): boolean {
    return !this.#socket.destroyed;
  }

  /** What the host said of itself when it accepted us. */
  get host(): Result<'initialize'> {
    if (!this.#initialized) throw new Error('The connection is not initialized.');
    return this.#initialized;
  }

  /** Sends a request and checks the answer. Throws AnimusError for what the host refuses, HostGone when it ends. */
  async request<M extends Method>(method: M, params: Params<M>): Promise<Result<M>> {
    let answer: unknown;
    try {
      answer = await this.#connection.sendRequest(method, params);
    } catch (error) {
      throw translate(method, error);
    }
    return REQUESTS[method].result.parse(answer) as Result<M>;
  }

  /** Notifications of an unknown or broken shape are left out: they are hints, and a newer host may have more of them. */
  onNotification<N extends Notification>(name: N, listener: (params: NotificationParams<N>) => void): void {
    this.#connection.onNotification(name, (params: unknown) => {
      const parsed = NOTIFICATIONS[name].safeParse(params);
      if (parsed.success) listener(parsed.data as NotificationParams<N>);
    });
  }

  /** The host may ask this client's models from here on; what they are is told with `model/offer`. */
  onModelAsked(answer: AnswerModel): void {
    this.#connection.onRequest<ModelEnd, void>(ASK_MODEL, async (params: unknown, token: CancellationToken) => {
      const question = modelQuestion.safeParse(params);
      if (!question.success) return { kind: 'failed', reason: 'failed', message: 'The question is none.' };
      const { id } = question.data;
      return this.#whileWanted(token, (ended) => {
        // On a connection that is closed it throws at once.
        const send = async (part: ModelPart) => this.#connection.sendNotification(MODEL_PART, { id, part });
        const tell = (part: ModelPart) => {
          if (!ended.signal.aborted) send(part).catch(() => ended.abort());
        };
        return answer(question.data, tell, ended.signal);
      });
    });
  }

  /** The host may have this client's tools called from here on; what they are is told with `tool/offer`. */
  onToolCalled(run: CallTool): void {
    this.#connection.onRequest<ToolCallEnd, void>(CALL_TOOL, async (params: unknown, token: CancellationToken) => {
      const call = toolCall.safeParse(params);
      if (!call.success) return { kind: 'failed', reason: 'not_offered', message: 'The call is none.' };
      return this.#whileWanted(token, (ended) => run(call.data, ended.signal));
    });
  }

  /** `ended` is aborted when the host wants no answer any more, or cannot hear it since the connection ended. */
  async #whileWanted<T>(token: CancellationToken, answer: (ended: AbortController) => Promise<T>): Promise<T> {
    const ended = new AbortController();
    const watch = token.onCancellationRequested(() => ended.abort());
    void this.closed.then(() => ended.abort());
    try {
      return await answer(ended);
    } finally {
      watch.dispose();
    }
  }

  async initialize(file: HostFile, identity: ClientIdentity): Promise<void> {
    const client = randomHex();
    const hello = await this.request('hello', { client_nonce: client });
    const nonces = { client, server: hello.server_nonce };
    if (!proofHolds(proof(file.token, 'host', nonces), hello.server_proof)) {
      throw new AnimusError(
        'wrong_token',
        `What listens at ${file.socket} does not know the host's token, so nothing was sent to it.`,
        'Stop the process that took the socket, then run the command again.',
      );
    }
    if (hello.protocol < OLDEST_PROTOCOL_VERSION) throw new HostGone('The host is too old to talk to.');
    this.#initialized = await this.request('initialize', {
      client_proof: proof(file.token, 'client', nonces),
      protocol: Math.min(PROTOCOL_VERSION, hello.protocol),
      client: { kind: identity.kind, ...identity.build },
      folder: identity.folder,
      database: identity.database,
      home: identity.home,
    });
    this.#showPresence(this.#initialized.presence_file);
  }

  /**
   * Holds the file open for as long as we are connected: so the host sees whose connection this is. Who cannot open it, as from a container, may do all but what
   * is a person's, and the host says so then.
   */
  #showPresence(file: string | null): void {
    if (file === null || !existsSync(file)) return;
    const held = openSync(file, 'r');
    void this.closed.then(() => closeSync(held));
  }

  async close(): Promise<void> {
    this.#connection.dispose();
    this.#socket.destroy();
    await this.closed;
  }
}

/** Connects and initializes. Throws HostGone where nobody listens. */
export async function attach(file: HostFile, identity: ClientIdentity): Promise<HostClient> {
  const client = new HostClient(await openSocket(file.socket));
  // A host that hangs would be waited for without end: closing rejects what is open with HostGone.
  const hanging = setTimeout(() => void client.close(), GREET_WITHIN_MS);
  try {
    await client.initialize(file, identity);
    return client;
  } catch (error) {
    await client.close();
    throw error;
  } finally {
    clearTimeout(hanging);
  }
}

function openSocket(address: string): Promise<Socket> {
  return new Promise((resolve, reject) => {
    const socket = connect(address);
    const gone = (reason: string, cause?: Error) => {
      socket.destroy();
      reject(new HostGone(`No host at ${address}: ${reason}`, { cause }));
    };
    const timer = setTimeout(() => gone('no answer'), CONNECT_WITHIN_MS);
    socket.once('connect', () => {
      clearTimeout(timer);
      resolve(socket);
    });
    socket.on('error', (error) => {
      clearTimeout(timer);
      gone(error.message, error);
    });
  });
}

/** What vscode-jsonrpc says where a request cannot be written, read, answered or begun any more: the other side is gone. */
const CONNECTION_ENDED: readonly number[] = [
  ErrorCodes.MessageWriteError,
  ErrorCodes.MessageReadError,
  ErrorCodes.PendingResponseRejected,
  ErrorCodes.ConnectionInactive,
];

function translate(method: string, error: unknown): Error {
  if (!(error instanceof ResponseError)) {
    return new HostGone(`The host ended before it answered ${method}.`, { cause: error });
  }
  const data = errorData.safeParse(error.data);
  if (data.success) return new AnimusError(data.data.kind, error.message, data.data.next);
  if (CONNECTION_ENDED.includes(error.code))
    return new HostGone(`The host ended before it answered ${method}.`, { cause: error });
  return new AnimusError(
    'internal',
    `${method}: ${error.message}`,
    'The log of the host has more: animus host status.',
    {
      cause: error,
    },
  );
}
