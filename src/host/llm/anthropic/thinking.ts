/**
 * How much to think, as each generation of Anthropic's models wants to be told, and thinking on its way back to them. As their
 * pages on thinking and effort had it in November 2026.
 */
import * as z from 'zod';
import { THINKING_TOKENS } from '../thinking.ts';
import type { CompletionRequest, ContentBlock, JsonValue, Message, Thinking, ThinkingBlock } from '../types.ts';

type JsonObject = { [key: string]: JsonValue };

/** Models of version 4.6 and above decide themselves how much to think, and are told an effort. */
const FIRST_ADAPTIVE = versionOf(4, 6);

/** What thinks only of itself, or by default, and how it is told not to. What is not listed cannot be told. */
const TURNED_OFF: { readonly [model: string]: string } = {
  'opus-4.6': 'disabled',
  'opus-4.7': 'disabled',
  'opus-4.8': 'disabled',
  'opus-5': 'disabled',
  'sonnet-4.6': 'disabled',
  'sonnet-5': 'disabled',
  'sonnet-5.5': 'between_tools',
  'haiku-5.5': 'disabled',
};

/** Which members of a request's body say how much to think and how long the answer may be. */
export function thinkingMembers(request: CompletionRequest, provider: string): JsonObject {
  const { model, thinking, maxTokens, messages } = request;
  if (thinking === undefined) return { max_tokens: maxTokens };
  const { name, version } = parseModel(model);
  if (thinking === 'off') return { max_tokens: maxTokens, ...turnedOff(name, version) };
  // They count as part of the answer, so they come on top of it.
  const tokens = THINKING_TOKENS[thinking];
  const max_tokens = maxTokens + tokens;
  if (version >= FIRST_ADAPTIVE) {
    return { max_tokens, thinking: { type: 'adaptive' }, output_config: { effort: thinking } };
  }
  if (!mayBegin(`${provider}/${model}`, messages)) return { max_tokens: maxTokens };
  return { max_tokens, thinking: { type: 'enabled', budget_tokens: tokens } };
}

/** Whether the request makes the model think: it takes no temperature then. */
export function isThinking(thinking: Thinking | undefined): boolean {
  return thinking !== undefined && thinking !== 'off';
}

function turnedOff(name: string, version: number): JsonObject {
  // The older ones do not think unless they are told to.
  if (version < FIRST_ADAPTIVE) return {};
  const type = TURNED_OFF[name];
  return type === undefined ? { output_config: { effort: 'low' } } : { thinking: { type } };
}

/**
 * A whole loop of calls and results is one turn, and one that did not begin with thinking these models refuse to think in: so
 * where the beginning was another model's, or was changed since, the turn goes on without.
 */
function mayBegin(asked: string, messages: readonly Message[]): boolean {
  const begun = messages.findLastIndex(({ role, content }) => role === 'user' && !content.some(isResult)) + 1;
  const answer = messages.slice(begun).find(({ role }) => role === 'assistant');
  if (answer === undefined) return true;
  const [first] = answer.content;
  return first?.type === 'thinking' && thinkingToSend(first, asked) !== undefined;
}

function isResult({ type }: ContentBlock): boolean {
  return type === 'tool_result';
}

function versionOf(major: number, minor: number): number {
  return major * 100 + minor;
}

/** The family and version of a model, wherever its name has them; of what is none of theirs the version is 0. */
function parseModel(model: string): { name: string; version: number } {
  const id = model.toLowerCase().replace(/[-@]\d{8}.*$/, '');
  const [, family, major, minor] =
    /claude-(opus|sonnet|haiku|fable|mythos)-(\d{1,2})(?:[-.](\d{1,2}))?\b/.exec(id) ?? [];
  if (family === undefined || major === undefined) {
    return { name: id, version: /claude-(fable|mythos)/.test(id) ? FIRST_ADAPTIVE : 0 };
  }
  const name = minor === undefined ? `${family}-${major}` : `${family}-${major}.${minor}`;
  return { name, version: versionOf(Number(major), Number(minor ?? 0)) };
}

const opaqueSchema = z.union([z.object({ signature: z.string().min(1) }), z.object({ redacted: z.string().min(1) })]);
type Opaque = z.output<typeof opaqueSchema>;

export function signed(signature: string): Opaque {
  return { signature };
}

export function redacted(data: string): Opaque {
  return { redacted: data };
}

/** The block as it came; undefined where it is another model's than `asked` (provider/name), or was changed since. */
export function thinkingToSend(block: ThinkingBlock, asked: string): JsonObject | undefined {
  const opaque = opaqueSchema.safeParse(block.opaque).data;
  if (opaque === undefined || block.model !== asked) return undefined;
  return 'redacted' in opaque
    ? { type: 'redacted_thinking', data: opaque.redacted }
    : { type: 'thinking', thinking: block.text, signature: opaque.signature };
}
