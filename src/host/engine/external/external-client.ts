/**
 * A loop of one's own, in the place of a model: what it calls is an answer that asks for calls, its end is the end of the turn.
 * So everything else is as with a model: the calls are recorded and go through the one enforcement point, what waits parks
 * the focus, limits are looked at between its turns. While the focus is parked the program does not run; it is started
 * anew with the conversation so far.
 */
import { isDeepStrictEqual } from 'node:util';
import type { JsonObject } from '../../../protocol/json.ts';
import { uuidv7 } from '../../../rendezvous/ids.ts';
import type { CompletionRequest, ContentBlock, LlmClient, LlmError, LlmEvent, Usage } from '../../llm/types.ts';
import { ExternalCommand, type ExternalOrder } from './external-command.ts';
import { ToolServer, viewTool } from './tool-server.ts';
import { type AskedCall, type CallAnswers, MOST_CALLS, type Refusal, type ReportedUsage } from './tool-wire.ts';

/** A call that was made before in this focus. */
export type EarlierCall = { name: string; arguments: unknown; result: { content: string; isError: boolean } | null };

/** What joined the conversation since a message: results by the call's id, and what was said besides. */
export type Since = {
  n: number;
  results: ReadonlyMap<string, { content: string; isError: boolean }>;
  remarks: string[];
};

export type ExternalParts = {
  /** Makes ready what one run of the program finds. */
  prepare(): Promise<ExternalOrder>;
  /** What the program is told besides the conversation. */
  facts: JsonObject;
  /** Longest silence, in milliseconds, while nothing that it called is under way. */
  idleMs: number;
  /** A call of the focus by the name that the program gave it. */
  earlierCall(id: string): Promise<EarlierCall | undefined>;
  /** `n` of 0: only where the conversation stands. */
  since(n: number): Promise<Since>;
  /** As arguments are stored. */
  redact(input: JsonObject): JsonObject;
};

type Asked = { calls: (AskedCall & { id: string })[]; answer(answers: CallAnswers | Refusal): void };

type Run = { server: ToolServer; command: ExternalCommand };

/** Calls that are made at once, each in a request of its own, become one turn. */
const GATHER_MS = 5;

const NOTHING_USED: Usage = { input: 0, cacheRead: 0, cacheWrite: 0, output: 0, reasoning: 0 };

const OVER: Refusal = {
  status: 410,
  message: 'This run is over. End: the program is started anew when the work goes on.',
};

export class ExternalClient implements LlmClient {
  readonly provider = 'external';
  #parts: ExternalParts;
  #run: Run | undefined;
  /** Asked for and not yet in a turn; then in the turn that is under way. */
  #queued: Asked[] = [];
  #open: Asked[] = [];
  /** The newest message that the program knows of. */
  #seenN = 0;
  #used: Usage = NOTHING_USED;
  /** From then on a turn of which nothing was reported cost nothing; before that nobody knows. */
  #hasReported = false;
  #silence: Silence | undefined;
  #changed = Promise.withResolvers<void>();

  constructor(parts: ExternalParts) {
    this.#parts = parts;
  }

  async *stream(request: CompletionRequest, signal: AbortSignal): AsyncIterable<LlmEvent> {
    if (signal.aborted) {
      yield failed({ kind: 'cancelled', message: 'The work was stopped.' });
      return;
    }
    if (this.#run) await this.#answerOpen();
    else {
      const error = await this.#start(request);
      if (error) {
        yield failed(error);
        return;
      }
    }
    yield* this.#nextTurn(request.model, signal);
  }

  /** Ends the program, whatever it does. Calls that wait are told so. */
  async close(): Promise<void> {
    const run = this.#run;
    this.#run = undefined;
    for (const { answer } of [...this.#open, ...this.#queued]) answer(OVER);
    this.#open = [];
    this.#queued = [];
    if (!run) return;
    await run.command.stop();
    await run.server.close();
  }

  async #start(request: CompletionRequest): Promise<LlmError | undefined> {
    const { prepare, facts, since } = this.#parts;
    this.#seenN = (await since(0)).n;
    const order = await prepare();
    this.#used = NOTHING_USED;
    this.#hasReported = false;
    const server = await ToolServer.start({
      tools: request.tools,
      call: (calls) => this.#call(calls),
      noteUsage: (usage) => this.#noteUsage(usage),
    });
    const input = { ...facts, url: server.url, token: server.token, ...conversationOf(request) };
    const command = await ExternalCommand.start(order, JSON.stringify(input), () => this.#wake());
    if (command instanceof ExternalCommand) {
      this.#run = { server, command };
      return undefined;
    }
    await server.close();
    return { kind: 'command_failed', message: `The command did not start: ${command.reason}` };
  }

  /** Waits for what the program does next: calls, or its end. */
  async *#nextTurn(model: string, signal: AbortSignal): AsyncIterable<LlmEvent> {
    const run = this.#run;
    if (!run) throw new Error('The program does not run.');
    const { command } = run;
    command.beginTurn();
    const silence = new Silence(this.#parts.idleMs, () => this.#wake());
    this.#silence = silence;
    const wake = () => this.#wake();
    signal.addEventListener('abort', wake);
    let said = '';
    try {
      for (;;) {
        const more = command.takeSaid();
        if (more !== '') {
          said += more;
          silence.extend();
          yield { type: 'text_delta', index: 0, text: more };
        }
        if (signal.aborted) return yield await this.#give({ kind: 'cancelled', message: 'The work was stopped.' });
        if (this.#queued.length > 0) {
          await new Promise((resolve) => setTimeout(resolve, GATHER_MS));
          return yield* this.#askForCalls(model, said + command.takeSaid());
        }
        if (command.end) return yield await this.#atEnd(command, model, said);
        if (silence.isOver) return yield await this.#give(silent(this.#parts.idleMs));
        await this.#changed.promise;
        this.#changed = Promise.withResolvers();
      }
    } finally {
      silence.stop();
      this.#silence = undefined;
      signal.removeEventListener('abort', wake);
    }
  }

  async #give(error: LlmError): Promise<LlmEvent> {
    await this.close();
    return failed(error);
  }

  async #atEnd({ end }: ExternalCommand, model: string, said: string): Promise<LlmEvent> {
    if (end?.kind !== 'exited') throw new Error('The program has not ended.');
    const usage = this.#takeUsage();
    await this.close();
    const { exitCode, signal, stderrTail } = end;
    if (exitCode === 0)
      return {
        type: 'done',
        response: { model, content: textOf(said.trim()), stopReason: { kind: 'end_turn' }, usage },
      };
    const tail = stderrTail === '' ? '.' : `: ${stderrTail}`;
    return failed({
      kind: 'command_failed',
      message: `The command ended with ${signal ?? `exit code ${exitCode}`}${tail}`,
    });
  }

  *#askForCalls(model: string, said: string): Iterable<LlmEvent> {
    this.#open = this.#queued;
    this.#queued = [];
    const text = textOf(said);
    const calls = this.#open.flatMap((asked) => asked.calls);
    for (const [at, { id, name }] of calls.entries()) {
      yield { type: 'tool_call_start', index: text.length + at, id, name };
    }
    const uses = calls.map(({ id, name, arguments: input }): ContentBlock => ({ type: 'tool_use', id, name, input }));
    const usage = this.#takeUsage();
    yield { type: 'done', response: { model, content: [...text, ...uses], stopReason: { kind: 'tool_use' }, usage } };
  }

  /** The turn that was under way is closed: its results are in rows. */
  async #answerOpen(): Promise<void> {
    const open = this.#open;
    this.#open = [];
    const { n, results, remarks } = await this.#parts.since(this.#seenN);
    this.#seenN = n;
    for (const [at, { calls, answer }] of open.entries()) {
      answer({ results: calls.map(({ id }) => resultOf(id, results)), remarks: at === 0 ? remarks : [] });
    }
  }

  async #call(calls: readonly AskedCall[]): Promise<CallAnswers | Refusal> {
    if (!this.#run) return OVER;
    const underWay = [...this.#open, ...this.#queued].flatMap((asked) => asked.calls);
    if (underWay.length + calls.length > MOST_CALLS) {
      return { status: 429, message: `At most ${MOST_CALLS} calls may wait for their results at once.` };
    }
    const earlier = await this.#earlierOf(calls);
    if ('status' in earlier) return earlier;
    const named = calls.map((call) => ({ ...call, id: call.id ?? `call-${uuidv7()}` }));
    const fresh = named.filter(({ id }) => !earlier.results.has(id));
    if (fresh.length === 0) return { results: named.map(({ id }) => resultOf(id, earlier.results)), remarks: [] };
    const answers = await new Promise<CallAnswers | Refusal>((answer) => {
      this.#queued.push({ calls: fresh, answer });
      this.#wake();
    });
    if ('status' in answers) return answers;
    const byId = new Map(answers.results.map((result) => [result.id, result]));
    return { ...answers, results: named.map(({ id }) => byId.get(id) ?? resultOf(id, earlier.results)) };
  }

  /** The results that there are of calls that were named before. */
  async #earlierOf(calls: readonly AskedCall[]): Promise<Pick<Since, 'results'> | Refusal> {
    const results = new Map<string, { content: string; isError: boolean }>();
    const taken = new Set([...this.#open, ...this.#queued].flatMap((asked) => asked.calls.map(({ id }) => id)));
    for (const { id, name, arguments: input } of calls) {
      if (id === undefined) continue;
      if (taken.has(id)) return { status: 409, message: `The call ${id} is under way.` };
      taken.add(id);
      const before = await this.#parts.earlierCall(id);
      if (!before) continue;
      if (before.name !== name || !isDeepStrictEqual(before.arguments, this.#parts.redact(input))) {
        return {
          status: 409,
          message: `The call ${id} was made before, of ${before.name} with other arguments. Give each call an id of its own.`,
        };
      }
      if (before.result) results.set(id, before.result);
    }
    return { results };
  }

  #noteUsage(usage: ReportedUsage): void {
    const { input_tokens, cache_read_tokens, cache_write_tokens, output_tokens, cost_usd } = usage;
    const before = this.#used;
    const costMicros =
      cost_usd === undefined ? before.costMicros : (before.costMicros ?? 0) + Math.round(cost_usd * 1e6);
    this.#hasReported = true;
    this.#silence?.extend();
    this.#used = {
      input: before.input + input_tokens,
      cacheRead: before.cacheRead + cache_read_tokens,
      cacheWrite: before.cacheWrite + cache_write_tokens,
      output: before.output + output_tokens,
      reasoning: 0,
      ...(costMicros === undefined ? {} : { costMicros }),
    };
  }

  #takeUsage(): Usage {
    const used = this.#used;
    this.#used = this.#hasReported ? { ...NOTHING_USED, costMicros: 0 } : NOTHING_USED;
    return used;
  }

  #wake(): void {
    this.#changed.resolve();
  }
}

/** Where it was started before, it finds here what it did. */
function conversationOf({ system, messages, tools, turn = 1 }: CompletionRequest) {
  return {
    is_resumed: turn > 1,
    system: system.map(({ text }) => text).join('\n\n'),
    messages: messages.map(({ role, content }) => ({ role, content: content.map(viewBlock) })),
    tools: tools.map(viewTool),
  };
}

function viewBlock(block: ContentBlock): JsonObject {
  switch (block.type) {
    case 'text':
      return { type: 'text', text: block.text };
    case 'tool_use':
      return { type: 'tool_use', id: block.id, name: block.name, input: block.input };
    case 'tool_result':
      return { type: 'tool_result', tool_use_id: block.toolUseId, content: block.content, is_error: block.isError };
    case 'thinking':
    case 'image':
      throw new Error(`A program has no ${block.type} in its conversation.`);
  }
}

function resultOf(id: string, results: Since['results']) {
  const result = results.get(id);
  if (!result) throw new Error(`The call ${id} was left without a result.`);
  return { id, content: result.content, is_error: result.isError };
}

const textOf = (text: string): ContentBlock[] => (text === '' ? [] : [{ type: 'text', text }]);

const failed = (error: LlmError): LlmEvent => ({ type: 'failed', error });

function silent(ms: number): LlmError {
  return {
    kind: 'command_failed',
    message: `The command called nothing and said nothing for ${Math.round(ms / 1000)} s.`,
  };
}

/** Runs out when nothing is heard of the program for so long. */
class Silence {
  #ms: number;
  #onOver: () => void;
  #timer: NodeJS.Timeout;
  isOver = false;

  constructor(ms: number, onOver: () => void) {
    this.#ms = ms;
    this.#onOver = onOver;
    this.#timer = this.#begin();
  }

  extend(): void {
    clearTimeout(this.#timer);
    if (!this.isOver) this.#timer = this.#begin();
  }

  stop(): void {
    clearTimeout(this.#timer);
  }

  #begin(): NodeJS.Timeout {
    return setTimeout(() => {
      this.isOver = true;
      this.#onOver();
    }, this.#ms);
  }
}
