/**
 * One client's connection: the mutual proof, then its requests. The only place where errors are translated to the wire
 * and parameters from it are checked.
 */
import type { Socket } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { type MessageConnection, ResponseError } from 'vscode-jsonrpc/node';
import * as z from 'zod';
import { AnimusError, ERROR_CODES, type ErrorData, type ErrorKind } from '../../protocol/errors.ts';
import type { Notification, NotificationParams } from '../../protocol/notifications.ts';
import { type Method, type ParsedParams, REQUESTS, type Result } from '../../protocol/requests.ts';
import { OLDEST_PROTOCOL_VERSION, PROTOCOL_VERSION } from '../../protocol/versions.ts';
import { framedConnection } from '../../rendezvous/framed-connection.ts';
import { proof, proofHolds, randomHex } from '../../rendezvous/proof.ts';
import { DbLost } from '../db/types.ts';
import type { Log } from '../engine/focus/types.ts';
import type { Session, SessionMethod } from './context.ts';
import { PersonProof } from './person-proof.ts';
import { createPresence } from './presence.ts';
import { createWindowLink, type WindowLink } from './window-link.ts';

export type ConnectionOptions = {
  token: string;
  /** Answers `initialize` once the client has proven itself. */
  welcome(params: ParsedParams<'initialize'>): Promise<Omit<Result<'initialize'>, 'presence_file' | 'challenge'>>;
  /** Answers every other request. */
  handle(method: SessionMethod, params: unknown, session: Session): Promise<unknown>;
  clientCount(): number;
  redact(text: string): string;
  log: Log;
  /** Of this store alone: a file for each connection. */
  presenceFolder: string;
};

/** A client that reads nothing is dropped when so many notifications wait for it. */
const MOST_UNSENT = 5000;
/** The refusal has to leave before the socket does. */
const REFUSAL_LEAVES_MS = 50;
/** Who has not proven itself by then is disconnected. */
const PROVE_WITHIN_MS = 10_000;

export class ClientConnection {
  #options: ConnectionOptions;
  #socket: Socket;
  #connection: MessageConnection;
  #nonces: { client: string; server: string } | undefined;
  #session: Session | undefined;
  #subscribed = false;
  #unsent = 0;
  #window: WindowLink;
  readonly closed: Promise<void>;

  constructor(socket: Socket, options: ConnectionOptions) {
    this.#options = options;
    this.#socket = socket;
    this.#connection = framedConnection(socket, (reason) => options.log('debug', 'client.fault', { reason }));
    const prove = setTimeout(() => socket.destroy(), PROVE_WITHIN_MS);
    this.closed = new Promise((resolve) => {
      socket.once('close', () => {
        clearTimeout(prove);
        resolve();
      });
    });
    this.#window = createWindowLink(this.#connection, this.closed, (reason) =>
      options.log('warn', 'client.refused', { reason }),
    );
    this.#connection.onRequest((method, params) => this.#answer(method, params, () => clearTimeout(prove)));
    this.#connection.listen();
  }

  get initialized(): boolean {
    return this.#session !== undefined;
  }

  /** To a client that subscribed. One that does not read is dropped: it asks again for what it missed. */
  notify<N extends Notification>(name: N, params: NotificationParams<N>): void {
    if (!this.#subscribed) return;
    if (this.#unsent > MOST_UNSENT) {
      this.#options.log('warn', 'client.too_slow');
      this.#socket.destroy();
      return;
    }
    this.#unsent += 1;
    this.#connection.sendNotification(name, params).then(
      () => {
        this.#unsent -= 1;
      },
      (error) => this.#options.log('debug', 'client.gone', { message: String(error) }),
    );
  }

  close(): void {
    this.#socket.end();
    this.#socket.destroySoon();
  }

  async #answer(method: string, params: unknown, proven: () => void): Promise<unknown> {
    try {
      if (!Object.hasOwn(REQUESTS, method)) {
        throw new AnimusError('invalid_params', `There is no request ${method}.`, 'Update Animus.');
      }
      const parsed = parseParams(method as Method, params);
      if (method === 'hello') return this.#hello(parsed as ParsedParams<'hello'>);
      if (method === 'initialize') {
        const welcome = await this.#initialize(parsed as ParsedParams<'initialize'>);
        proven();
        return welcome;
      }
      if (!this.#session)
        throw new AnimusError('not_initialized', 'The connection has not proven itself.', 'initialize');
      return await this.#options.handle(method as SessionMethod, parsed, this.#session);
    } catch (error) {
      throw this.#translate(method, error);
    }
  }

  #hello({ client_nonce: client }: ParsedParams<'hello'>): Result<'hello'> {
    const server = randomHex();
    this.#nonces = { client, server };
    return {
      server_nonce: server,
      server_proof: proof(this.#options.token, 'host', this.#nonces),
      protocol: PROTOCOL_VERSION,
      oldest_protocol: OLDEST_PROTOCOL_VERSION,
    };
  }

  async #initialize(params: ParsedParams<'initialize'>): Promise<Result<'initialize'>> {
    const nonces = this.#nonces;
    this.#nonces = undefined; // one try for each hello
    if (!nonces || !proofHolds(proof(this.#options.token, 'client', nonces), params.client_proof)) {
      void this.#refuse();
      throw new AnimusError(
        'wrong_token',
        'The token does not fit: the connection is closed.',
        'Read host.json again.',
      );
    }
    if (params.protocol < OLDEST_PROTOCOL_VERSION) {
      throw new AnimusError(
        'client_too_old',
        `This client speaks protocol ${params.protocol}; the host needs ${OLDEST_PROTOCOL_VERSION} or newer.`,
        'Update Animus, or reload the window.',
      );
    }
    const welcome = await this.#options.welcome(params);
    const presence = createPresence(this.#options.presenceFolder, this.#options.log);
    void this.closed.then(() => presence.end());
    const person = new PersonProof();
    this.#session = {
      client: params.client,
      person,
      subscribe: () => {
        this.#subscribed = true;
      },
      window: this.#window,
      clientCount: this.#options.clientCount,
      isOf: (pid) => presence.isOf(pid),
    };
    return { ...welcome, presence_file: presence.file, challenge: person.challenge };
  }

  async #refuse(): Promise<void> {
    await sleep(REFUSAL_LEAVES_MS);
    this.close();
  }

  #translate(method: string, error: unknown): ResponseError<ErrorData> {
    const { kind, message, next } = describe(error);
    if (kind === 'internal') {
      this.#options.log('error', 'request.failed', { method, message, stack: (error as Error).stack });
    }
    const { redact } = this.#options;
    return new ResponseError(ERROR_CODES[kind], redact(message), { kind, next: redact(next) });
  }
}

function parseParams(method: Method, params: unknown): unknown {
  const parsed = REQUESTS[method].params.safeParse(params ?? {});
  if (parsed.success) return parsed.data;
  throw new AnimusError('invalid_params', `${method}: ${z.prettifyError(parsed.error)}`, 'Correct what is named.');
}

function describe(error: unknown): { kind: ErrorKind; message: string; next: string } {
  if (error instanceof AnimusError) return error;
  if (error instanceof DbLost) {
    return {
      kind: 'store_unavailable',
      message: `The database did not answer: ${error.message} What was acknowledged is kept.`,
      next: 'Try again in a moment; animus host status says how it is.',
    };
  }
  const message = error instanceof Error ? error.message : String(error);
  return { kind: 'internal', message: `An error of the host's own: ${message}`, next: "The host's log has the rest." };
}
