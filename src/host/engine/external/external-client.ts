/**
 * A loop of one's own, in the place of a model: what it calls is an answer that asks for calls, its end is the end of the turn.
 * So everything else is as with a model: the calls are recorded and go through the one enforcement point, what waits parks
 * the focus, limits are looked at between its turns. While the focus is parked the program does not run; it is started
 * anew with the conversation so far.
 */
import type { JsonObject } from '../../../protocol/json.ts';
import type { CompletionRequest, ContentBlock, LlmClient, LlmError, LlmEvent, Usage } from '../../llm/types.ts';
import { ExternalCommand, type ExternalOrder, type Redaction } from './external-command.ts';
import { type CallResult, type CallRows, ProgramCalls } from './program-calls.ts';
import { Silence } from './silence.ts';
import { ToolServer, viewTool } from './tool-server.ts';
import type { ReportedUsage } from './tool-wire.ts';

/** What joined the conversation since a message: results by the call's id, and what was said besides. */
export type Since = { n: number; results: ReadonlyMap<string, CallResult>; remarks: string[] };

export type ExternalParts = CallRows & {
  /** Makes ready what one run of the program finds. Undefined where it may not run, which the text says. */
  prepare(): Promise<ExternalOrder | { refused: string }>;
  /** What the program is told besides the conversation. */
  facts: JsonObject;
  /** Longest silence, in milliseconds, while nothing that it called is under way. */
  idleMs: number;
  /** `n` of 0: only where the conversation stands. */
  since(n: number): Promise<Since>;
  redaction: Redaction;
};

type Run = { server: ToolServer; command: ExternalCommand; calls: ProgramCalls };

/** Calls that are made at once, each in a request of its own, become one turn. */
const GATHER_MS = 5;

const NOTHING_USED: Usage = { input: 0, cacheRead: 0, cacheWrite: 0, output: 0, reasoning: 0 };

const STOPPED: LlmError = { kind: 'cancelled', message: 'The work was stopped.' };

export class ExternalClient implements LlmClient {
  readonly provider = 'external';
  #parts: ExternalParts;
  #run: Run | undefined;
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
    const error = signal.aborted ? STOPPED : this.#run ? await this.#answerOpen(this.#run) : await this.#start(request);
    if (error) yield failed(error);
    else if (this.#run) yield* this.#nextTurn(this.#run, request.model, signal);
  }

  /** Ends the program, whatever it does. Calls that wait are told so. */
  async close(): Promise<void> {
    const run = this.#run;
    this.#run = undefined;
    if (!run) return;
    run.calls.end();
    try {
      await run.command.stop();
    } finally {
      await run.server.close();
    }
  }

  /** What was reported and belongs to no turn: the program ended badly, or was ended. Undefined where that is nothing. */
  takeRest(): Usage | undefined {
    const used = this.#used;
    this.#used = NOTHING_USED;
    const isNothing = used.input + used.output === 0 && (used.costMicros ?? 0) === 0;
    return isNothing ? undefined : used;
  }

  async #start(request: CompletionRequest): Promise<LlmError | undefined> {
    const { prepare, facts, since, redaction } = this.#parts;
    this.#seenN = (await since(0)).n;
    const order = await prepare();
    if ('refused' in order) return { kind: 'command_failed', message: order.refused };
    this.#hasReported = false;
    const conversation = conversationOf(request);
    const calls = new ProgramCalls(this.#parts, () => this.#hear());
    const server = await ToolServer.start({
      tools: request.tools,
      call: (asked) => calls.ask(asked),
      noteUsage: (usage) => this.#noteUsage(usage),
    });
    try {
      const input = JSON.stringify({ ...facts, url: server.url, token: server.token, ...conversation });
      const command = await ExternalCommand.start(order, input, redaction, () => this.#wake());
      if (command instanceof ExternalCommand) this.#run = { server, command, calls };
      else return { kind: 'command_failed', message: `The command did not start: ${command.reason}` };
    } finally {
      if (!this.#run) await server.close();
    }
    return undefined;
  }

  /** Waits for what the program does next: calls, or its end. */
  async *#nextTurn({ command, calls }: Run, model: string, signal: AbortSignal): AsyncIterable<LlmEvent> {
    command.beginTurn();
    const silence = new Silence(this.#parts.idleMs, () => this.#wake());
    this.#silence = silence;
    const wake = () => this.#wake();
    signal.addEventListener('abort', wake);
    let said = '';
    try {
      for (;;) {
        const isCalling = calls.isWaited && !signal.aborted;
        if (isCalling) await new Promise((resolve) => setTimeout(resolve, GATHER_MS));
        if (command.takeHasSpoken()) silence.extend();
        const more = command.takeSaid();
        said += more;
        if (more !== '') yield { type: 'text_delta', index: 0, text: more };
        if (signal.aborted) return yield await this.#give(STOPPED);
        if (isCalling) return yield* this.#askFor(calls, model, said);
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
    const { exitCode, signal, stderrTail } = end;
    if (exitCode === 0) {
      await this.close();
      return done(model, textOf(said.trim()), { kind: 'end_turn' }, this.#takeUsage());
    }
    const tail = stderrTail === '' ? '.' : `: ${stderrTail}`;
    const message = `The command ended with ${signal ?? `exit code ${exitCode}`}${tail}`;
    return this.#give({ kind: 'command_failed', message });
  }

  *#askFor(calls: ProgramCalls, model: string, said: string): Iterable<LlmEvent> {
    const text = textOf(said);
    const asked = calls.take();
    for (const [at, { id, name }] of asked.entries()) {
      yield { type: 'tool_call_start', index: text.length + at, id, name };
    }
    const uses = asked.map(({ id, name, arguments: input }): ContentBlock => ({ type: 'tool_use', id, name, input }));
    yield done(model, [...text, ...uses], { kind: 'tool_use' }, this.#takeUsage());
  }

  /** The turn that was under way is closed: its results are in rows. */
  async #answerOpen({ calls }: Run): Promise<undefined> {
    const { n, results, remarks } = await this.#parts.since(this.#seenN);
    this.#seenN = n;
    calls.answer(results, remarks);
  }

  #noteUsage(usage: ReportedUsage): void {
    const { input_tokens, cache_read_tokens, cache_write_tokens, output_tokens, cost_usd } = usage;
    this.#hasReported = true;
    this.#hear();
    const before = this.#used;
    const costMicros =
      cost_usd === undefined ? before.costMicros : (before.costMicros ?? 0) + Math.round(cost_usd * 1e6);
    this.#used = {
      input: before.input + input_tokens + cache_read_tokens + cache_write_tokens,
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

  /** Whoever calls is not silent. */
  #hear(): void {
    this.#silence?.extend();
    this.#wake();
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

const textOf = (text: string): ContentBlock[] => (text === '' ? [] : [{ type: 'text', text }]);

const failed = (error: LlmError): LlmEvent => ({ type: 'failed', error });

function done(
  model: string,
  content: ContentBlock[],
  stopReason: { kind: 'end_turn' | 'tool_use' },
  usage: Usage,
): LlmEvent {
  return { type: 'done', response: { model, content, stopReason, usage } };
}

function silent(ms: number): LlmError {
  const seconds = Math.round(ms / 1000);
  return { kind: 'command_failed', message: `The command called nothing and said nothing for ${seconds} s.` };
}
