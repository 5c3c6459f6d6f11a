/**
 * What a script answers to a request. A pure function of the two, so that a run that goes on after a crash gets the
 * answers it would have had.
 */
import { mapStrings } from '../clean-text.ts';
import { estimateTokens } from '../estimate-tokens.ts';
import type { CompletionRequest, Message, StopReason, ToolUseBlock, Usage } from '../types.ts';
import { captureVariables, fillTemplate, type Variables } from './capture.ts';
import type { Script, ScriptedErrorKind, ScriptTurn } from './script.ts';

export type PlannedTurn = {
  /** From 1. */
  turn: number;
  /** Which entry of the script answers; undefined when it has none left. */
  entry: number | undefined;
  /** '' where nothing is thought. */
  thinking: string;
  text: string;
  toolCalls: ToolUseBlock[];
  stopReason: StopReason;
  usage: Usage;
  /** To fail with in place of answering; the first `times` attempts, or all. */
  error?: { kind: ScriptedErrorKind; times: number };
  delayMs: number;
  /** Characters per delta. */
  chunk: number;
  chunkDelayMs: number;
};

export function planTurn(script: Script, request: CompletionRequest): PlannedTurn {
  const turn = turnNumber(request);
  const entry = chooseEntry(script, request, turn);
  const step = entry === undefined ? undefined : script.turns[entry];
  if (step === undefined) return outOfTurns(script, request, turn);
  const variables = {
    description: script.description ?? '',
    task: firstUserText(request.messages),
    turn: String(turn),
    ...captureVariables(step.capture, request),
  };
  const pace = { ...script.pace, ...step };
  const text = step.text === undefined ? '' : fillTemplate(step.text, variables);
  const thinking = step.thinking === undefined ? '' : fillTemplate(step.thinking, variables);
  const toolCalls = step.tool_calls.map((call, index) => fillCall(call, index + 1, turn, variables));
  return {
    turn,
    entry,
    thinking,
    text,
    toolCalls,
    stopReason: { kind: step.stop ?? (toolCalls.length > 0 ? 'tool_use' : 'end_turn') },
    usage: estimateUsage(request, thinking + text, toolCalls),
    ...(step.error === undefined ? {} : { error: { kind: step.error, times: step.times ?? Number.POSITIVE_INFINITY } }),
    delayMs: pace.delay_ms ?? 0,
    chunk: pace.chunk ?? Number.POSITIVE_INFINITY,
    chunkDelayMs: pace.chunk_delay_ms ?? 0,
  };
}

function outOfTurns(script: Script, request: CompletionRequest, turn: number): PlannedTurn {
  const text = `The script "${script.name}" has no turn ${turn}.`;
  return {
    turn,
    entry: undefined,
    thinking: '',
    text,
    toolCalls: [],
    stopReason: { kind: 'end_turn' },
    usage: estimateUsage(request, text, []),
    delayMs: 0,
    chunk: Number.POSITIVE_INFINITY,
    chunkDelayMs: 0,
  };
}

/**
 * The answer's place in the conversation, from 1. Where the engine folded earlier answers away it says so in `turn`;
 * failing that, our own call ids remember how far the script was.
 */
function turnNumber(request: CompletionRequest): number {
  if (request.turn !== undefined) return request.turn;
  const answers = request.messages.filter((message) => message.role === 'assistant');
  const called = answers.flatMap(({ content }) =>
    content.map((block) => Number(block.type === 'tool_use' ? (/^call_(\d+)_\d+$/.exec(block.id)?.[1] ?? 0) : 0)),
  );
  return Math.max(answers.length, ...called) + 1;
}

/** The first entry whose conditions hold, else the one at the turn's place if it has none. */
function chooseEntry(script: Script, request: CompletionRequest, turn: number): number | undefined {
  const last = request.messages.at(-1);
  const matching = script.turns.findIndex(
    ({ when }) =>
      when !== undefined &&
      (when.turn === undefined || when.turn === turn) &&
      (when.last_contains === undefined || holds(last, when.last_contains)),
  );
  if (matching !== -1) return matching;
  const atPlace = script.turns[turn - 1];
  return atPlace !== undefined && atPlace.when === undefined ? turn - 1 : undefined;
}

function holds(message: Message | undefined, text: string): boolean {
  const texts = (message?.content ?? []).map((block) => {
    if (block.type === 'text') return block.text;
    return block.type === 'tool_result' ? block.content : '';
  });
  return texts.some((candidate) => candidate.includes(text));
}

function fillCall(
  call: ScriptTurn['tool_calls'][number],
  place: number,
  turn: number,
  variables: Variables,
): ToolUseBlock {
  return {
    type: 'tool_use',
    id: call.id ?? `call_${turn}_${place}`,
    name: call.name,
    input: mapStrings(call.input, (template) => fillTemplate(template, variables)),
  };
}

function firstUserText(messages: Message[]): string {
  const content = messages.find((message) => message.role === 'user')?.content ?? [];
  return content.flatMap((block) => (block.type === 'text' ? [block.text] : [])).join('\n');
}

/** An estimate, as nobody counts them here. */
function estimateUsage(request: CompletionRequest, text: string, toolCalls: ToolUseBlock[]): Usage {
  const tokens = (value: unknown) => estimateTokens(JSON.stringify(value));
  return {
    input: tokens([request.system, request.tools, request.messages]),
    cacheRead: 0,
    cacheWrite: 0,
    output: tokens(text) + tokens(toolCalls),
    reasoning: 0,
    estimated: true,
  };
}
