/**
 * A provider on loopback: plays scripts in the wire formats it is given, with faults, and records what it was asked. What
 * depends on a provider is in its WireFormat.
 */
import {
  createServer,
  type IncomingHttpHeaders,
  type IncomingMessage,
  type Server,
  type ServerResponse,
} from 'node:http';
import type { AddressInfo } from 'node:net';
import { buffer } from 'node:stream/consumers';
import { type PlannedTurn, planTurn } from '../../src/host/llm/scripted/plan.ts';
import type { Script } from '../../src/host/llm/scripted/script.ts';
import type { CompletionRequest } from '../../src/host/llm/types.ts';
import { type Fault, faultOfError, sendStream } from './model-server-faults.ts';

export type WireFormat = {
  /** The path that is posted to, as /v1/messages. */
  path: string;
  /** Our view of a request's body. Throws where the provider would answer 400. */
  readRequest(body: unknown, headers: IncomingHttpHeaders): CompletionRequest;
  /** An answer as the frames of a stream, each with its blank line. */
  writeAnswer(planned: PlannedTurn, model: string, body?: unknown): string[];
  /** The body of an error answer. */
  writeError(type: string, message: string): string;
  /** An error as a frame of a stream. */
  writeErrorFrame(type: string, message: string): string;
  /** Where tokens are counted, and the body of the answer. Throws where the provider would answer 400. */
  count?: { path: string; answer(body: unknown): string };
};

export type RecordedRequest = { path: string; headers: IncomingHttpHeaders; text: string; body: unknown };

export type ModelServerOptions = {
  formats: WireFormat[];
  script: Script;
  /** What paths begin with, as behind a proxy. */
  basePath?: string;
  /** The fault of each request, counted from 0; undefined for none. */
  faultOf?: (request: number, headers: IncomingHttpHeaders) => Fault | undefined;
  /** What a GET of a path gives, as /v1/models; not among the requests. */
  lists?: { [path: string]: object };
};

export type ModelServer = {
  /** Without a path or a slash at the end. */
  url: string;
  requests: RecordedRequest[];
  /** Resolves when every answer is over, or its connection gone; the test's own time limit bounds it. */
  idle(): Promise<void>;
  close(): Promise<void>;
};

/** Listens on a free port of 127.0.0.1. */
export async function startModelServer(options: ModelServerOptions): Promise<ModelServer> {
  const requests: RecordedRequest[] = [];
  const failures = new Map<number, number>();
  const server = createServer((incoming, response) => {
    answer(incoming, response).catch((error: unknown) => response.destroy(error as Error));
  });
  async function answer(incoming: IncomingMessage, response: ServerResponse): Promise<void> {
    const path = new URL(incoming.url ?? '/', 'http://127.0.0.1').pathname;
    const list = incoming.method === 'GET' ? options.lists?.[path] : undefined;
    if (list !== undefined) {
      response.writeHead(200, { 'content-type': 'application/json' }).end(JSON.stringify(list));
      return;
    }
    const text = (await buffer(incoming)).toString('utf8');
    const fault = options.faultOf?.(requests.length, incoming.headers) ?? {};
    const recorded = { path, headers: incoming.headers, text, body: parseBody(text) };
    requests.push(recorded);
    const { basePath = '', formats } = options;
    const format = formats.find((candidate) => `${basePath}${candidate.path}` === path);
    const counting = formats.find(({ count }) => count !== undefined && `${basePath}${count.path}` === path);
    if (incoming.method === 'POST' && counting !== undefined) count(counting, recorded, fault, response);
    else if (format === undefined || incoming.method !== 'POST') response.writeHead(404).end();
    else await play(options.script, format, recorded, fault, failures, response);
  }
  const idle = watchAnswers(server);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    requests,
    idle,
    async close() {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

/** Connections that are kept for the next request are nobody's leak; an answer that nobody reads to its end is. */
function watchAnswers(server: Server): () => Promise<void> {
  const open = new Set<ServerResponse>();
  const waiting: (() => void)[] = [];
  server.on('request', (_, response) => {
    open.add(response);
    response.on('close', () => {
      open.delete(response);
      if (open.size === 0) for (const resolve of waiting.splice(0)) resolve();
    });
  });
  return () => (open.size === 0 ? Promise.resolve() : new Promise((resolve) => waiting.push(resolve)));
}

function count(format: WireFormat, { body }: RecordedRequest, fault: Fault, response: ServerResponse): void {
  if (fault.resetAtOnce) {
    response.socket?.destroy();
    return;
  }
  if (fault.silentAfterBytes === -1) return;
  response.writeHead(fault.status ?? 200, { 'content-type': 'application/json', ...fault.headers });
  response.end(fault.body ?? fault.raw ?? (fault.status === undefined ? format.count?.answer(body) : ''));
}

async function play(
  script: Script,
  format: WireFormat,
  recorded: RecordedRequest,
  given: Fault,
  failures: Map<number, number>,
  response: ServerResponse,
): Promise<void> {
  const read = readRequest(format, recorded);
  if ('why' in read) {
    response.writeHead(400, { 'content-type': 'application/json' });
    response.end(format.writeError('invalid_request_error', read.why));
    return;
  }
  const planned = planTurn(script, read);
  const fault = { ...scriptedFault(planned, format, failures), ...given };
  if (fault.resetAtOnce) {
    response.socket?.destroy();
    return;
  }
  if (fault.status !== undefined) {
    response.writeHead(fault.status, { 'content-type': 'application/json', ...fault.headers }).end(fault.body ?? '');
    return;
  }
  if (fault.silentAfterBytes === -1) return;
  response.writeHead(200, { 'content-type': 'text/event-stream; charset=utf-8', ...fault.headers });
  // Silence begins after the headers, so they must not wait for the first byte of the body.
  response.flushHeaders();
  await sendStream(response, streamBytes(planned, format, read.model, recorded.body, fault), fault);
}

function readRequest(format: WireFormat, { body, headers }: RecordedRequest): CompletionRequest | { why: string } {
  try {
    return format.readRequest(body, headers);
  } catch (error) {
    return { why: String(error) };
  }
}

function scriptedFault(planned: PlannedTurn, format: WireFormat, failures: Map<number, number>): Fault {
  const entry = planned.entry ?? -1;
  const before = failures.get(entry) ?? 0;
  if (planned.error === undefined || before >= planned.error.times) return {};
  failures.set(entry, before + 1);
  return faultOfError(planned.error.kind, format.writeError);
}

function streamBytes(planned: PlannedTurn, format: WireFormat, model: string, body: unknown, fault: Fault): Uint8Array {
  if (fault.raw !== undefined) return Buffer.from(fault.raw);
  const frames = format.writeAnswer(planned, model, body);
  if (fault.errorEvent === undefined) return Buffer.from(frames.join(''));
  const { afterFrames, type, message } = fault.errorEvent;
  return Buffer.from([...frames.slice(0, afterFrames), format.writeErrorFrame(type, message)].join(''));
}

function parseBody(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
