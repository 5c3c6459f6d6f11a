/**
 * The tools of one run of a program, over HTTP on this machine alone. Whoever has the run's token may call; the token is good
 * for this run and for nothing else. Nothing is decided here: calls are handed on, and every one of them goes the way that
 * a model's calls go.
 */
import { createHash, randomBytes, timingSafeEqual } from 'node:crypto';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import * as z from 'zod';
import type { ToolDefinition } from '../../llm/types.ts';
import {
  type AskedCall,
  type CallAnswers,
  callRequest,
  MOST_BODY_BYTES,
  MOST_LEVELS,
  type Refusal,
  type ReportedUsage,
  usageRequest,
} from './tool-wire.ts';

export type ToolService = {
  tools: readonly ToolDefinition[];
  /** Resolves when every call has its result. */
  call(calls: readonly AskedCall[]): Promise<CallAnswers | Refusal>;
  noteUsage(usage: ReportedUsage): void;
};

/** Within which a request has to be whole; its answer may take as long as a person takes. */
const RECEIVE_WITHIN_MS = 30_000;
const MOST_CONNECTIONS = 256;

type Reply = { status: number; body: unknown };

export class ToolServer {
  #server: Server;
  #service: ToolService;
  #tokenHash: Buffer;
  /** Once for its program, which is told it over a pipe: it is neither stored nor in any environment. */
  readonly token: string;

  private constructor(service: ToolService) {
    this.token = randomBytes(32).toString('hex');
    this.#tokenHash = hashOf(this.token);
    this.#service = service;
    this.#server = createServer({ requestTimeout: RECEIVE_WITHIN_MS }, (request, response) => {
      request.socket.setTimeout(0);
      void this.#answer(request, response);
    });
    // Anybody on this machine can connect; who says nothing does not stay.
    this.#server.maxConnections = MOST_CONNECTIONS;
    this.#server.on('connection', (socket) => socket.setTimeout(RECEIVE_WITHIN_MS, () => socket.destroy()));
  }

  static async start(service: ToolService): Promise<ToolServer> {
    const made = new ToolServer(service);
    await new Promise<void>((resolve, reject) => {
      made.#server.once('error', reject);
      made.#server.listen(0, '127.0.0.1', resolve);
    });
    return made;
  }

  get url(): string {
    return `http://${this.#host}`;
  }

  /** Requests that are under way get no answer any more. */
  async close(): Promise<void> {
    const closed = new Promise<void>((resolve) => this.#server.close(() => resolve()));
    this.#server.closeAllConnections();
    await closed;
  }

  get #host(): string {
    return `127.0.0.1:${(this.#server.address() as AddressInfo).port}`;
  }

  async #answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const reply = await this.#replyTo(request).catch((error: unknown): Reply => {
      return refusal(500, `An error of the host's own: ${(error as Error).message}`);
    });
    const body = JSON.stringify(reply.body);
    // A body that was not read to its end would be taken for the next request.
    const close = request.complete ? {} : { connection: 'close' };
    response.writeHead(reply.status, { 'content-type': 'application/json', 'cache-control': 'no-store', ...close });
    response.end(body);
  }

  async #replyTo(request: IncomingMessage): Promise<Reply> {
    const refused = this.#refusalOf(request);
    if (refused) return refused;
    switch (`${request.method} ${request.url}`) {
      case 'GET /v1/tools':
        return { status: 200, body: { tools: this.#service.tools.map(viewTool) } };
      case 'POST /v1/tools/call':
        return withBody(request, callRequest, async (asked) => {
          const answers = await this.#service.call(asked.calls.map(({ id, ...call }) => ({ ...call, id })));
          if ('status' in answers) return refusal(answers.status, answers.message);
          const [first] = answers.results;
          return { status: 200, body: asked.isSingle ? { ...first, remarks: answers.remarks } : answers };
        });
      case 'POST /v1/usage':
        return withBody(
          request,
          () => usageRequest,
          async (usage) => {
            this.#service.noteUsage(usage);
            return { status: 200, body: {} };
          },
        );
      default:
        return refusal(404, 'There are GET /v1/tools, POST /v1/tools/call and POST /v1/usage.');
    }
  }

  /** A page in a browser knows no token, and is kept from guessing: no other name for this machine, no foreign origin. */
  #refusalOf({ headers }: IncomingMessage): Reply | undefined {
    if (headers.host !== this.#host || headers.origin !== undefined) {
      return refusal(403, `Ask ${this.url} from a program on this machine.`);
    }
    const [scheme, token = ''] = (headers.authorization ?? '').split(' ');
    if (scheme?.toLowerCase() === 'bearer' && timingSafeEqual(hashOf(token), this.#tokenHash)) return undefined;
    return refusal(401, 'Send the token that came on standard input: authorization: Bearer …');
  }
}

/** As programs are told of it. */
export function viewTool({ name, description, inputSchema }: ToolDefinition) {
  return { name, description, input_schema: inputSchema };
}

const refusal = (status: number, message: string): Reply => ({ status, body: { error: { message } } });

const hashOf = (token: string): Buffer => createHash('sha256').update(token).digest();

async function withBody<Schema extends z.ZodType>(
  request: IncomingMessage,
  schemaOf: (body: unknown) => Schema,
  reply: (body: z.output<Schema>) => Promise<Reply>,
): Promise<Reply> {
  const text = await readBody(request);
  if (text === undefined) return refusal(413, `A request may hold ${MOST_BODY_BYTES} bytes.`);
  if (levelsOf(text) > MOST_LEVELS) return refusal(400, `A body may hold ${MOST_LEVELS} levels of arrays and objects.`);
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (error) {
    return refusal(400, `The body is not JSON: ${(error as Error).message}`);
  }
  const parsed = schemaOf(value).safeParse(value);
  return parsed.success ? reply(parsed.data) : refusal(400, z.prettifyError(parsed.error));
}

/** How deep a text of JSON goes at most. What is in its strings does not count; one that is not closed makes it no JSON. */
function levelsOf(text: string): number {
  let [level, deepest, isString] = [0, 0, false];
  for (let at = 0; at < text.length; at += 1) {
    const letter = text[at];
    if (letter === '"') isString = !isString;
    else if (isString) at += letter === '\\' ? 1 : 0;
    else if (letter === '[' || letter === '{') level += 1;
    else if (letter === ']' || letter === '}') level -= 1;
    deepest = Math.max(deepest, level);
  }
  return deepest;
}

/** Undefined where it is too long. */
async function readBody(request: IncomingMessage): Promise<string | undefined> {
  const chunks: Buffer[] = [];
  let bytes = 0;
  for await (const chunk of request as AsyncIterable<Buffer>) {
    bytes += chunk.length;
    if (bytes > MOST_BODY_BYTES) return undefined;
    chunks.push(chunk);
  }
  return Buffer.concat(chunks).toString('utf8');
}
