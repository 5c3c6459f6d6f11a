/** How a tool call looks in a line: icons for the tool and for its state, and what it is about. */
import type { ToolCallView } from '../../protocol/focus.ts';
import type { JsonObject, JsonValue } from '../../protocol/json.ts';
import type { IconName } from '../shared/icon-names.ts';
import { isObject } from '../shared/outline.ts';
import { cutText, visibleLine } from '../shared/visible-text.ts';
import { ENTRY_ICONS, ENTRY_TYPES, type Sign } from '../shared/vocabulary.ts';
import { isAsking } from './approvals.ts';

const TOOL_ICONS: [prefix: string, icon: IconName][] = [
  ['mcp__', 'mcp'],
  ['read_', 'file'],
  ['list_', 'search'],
  ['search_', 'search'],
  ['edit_', 'edit'],
  ['write_', 'edit'],
  ['run_', 'terminal'],
  ['execute_', 'code'],
  ['spawn_', 'type-hierarchy-sub'],
  ['await_', 'type-hierarchy-sub'],
  ['ledger_', 'book'],
  ['memory_', 'database'],
  ['skill', 'mortar-board'],
  ['report_', 'target'],
];

export function toolIcon({ name, input }: Pick<ToolCallView, 'name' | 'input'>): IconName {
  const type = name === 'ledger_append' && isObject(input) ? input.entry_type : undefined;
  const entryType = ENTRY_TYPES.find((known) => known === type);
  if (entryType) return ENTRY_ICONS[entryType];
  return TOOL_ICONS.find(([prefix]) => name.startsWith(prefix))?.[1] ?? 'extensions';
}

const CALL_SIGNS: Record<string, Sign> = {
  requested: { icon: 'circle-large-outline', hue: 'idle', word: 'not started' },
  waiting: { icon: 'bell-dot', hue: 'you', word: 'waiting for you' },
  started: { icon: 'loading', hue: 'running', word: 'running' },
  done: { icon: 'pass', hue: 'completed', word: 'done' },
  error: { icon: 'error', hue: 'dead', word: 'failed' },
  blocked: { icon: 'circle-slash', hue: 'dead', word: 'blocked' },
  denied: { icon: 'circle-slash', hue: 'dead', word: 'denied' },
  interrupted: { icon: 'warning', hue: 'you', word: 'interrupted' },
  cancelled: { icon: 'circle-slash', hue: 'idle', word: 'cancelled' },
};
const UNKNOWN_SIGN: Sign = { icon: 'question', hue: 'idle', word: 'in a state that this version does not know' };

const ASKS: Sign = { icon: 'bell-dot', hue: 'you', word: 'waiting for your approval' };
/** One that waits for other work asks nobody. */
const AWAITS: Sign = { icon: 'debug-pause', hue: 'idle', word: 'waiting for its children' };

type Standing = Pick<ToolCallView, 'state' | 'result'> & Partial<Pick<ToolCallView, 'name' | 'approval'>>;

export function callSign(call: Standing): Sign {
  const { state, result } = call;
  if (isAsking(call)) return ASKS;
  if (state === 'waiting' && call.name?.startsWith('await_')) return AWAITS;
  const shown = state === 'done' && result?.is_error ? 'error' : state;
  return (Object.hasOwn(CALL_SIGNS, shown) ? CALL_SIGNS[shown] : undefined) ?? UNKNOWN_SIGN;
}

/** Whether something went wrong with it. */
export function isFailed(call: Standing): boolean {
  return ['dead', 'you'].includes(callSign(call).hue) && call.state !== 'waiting' && !isAsking(call);
}

/** The arguments that say most, in the order in which they are looked for. */
const TELLING = ['command', 'path', 'pattern', 'query', 'glob', 'description', 'name', 'url', 'id', 'summary'];
const LONGEST = 200;

export function argumentSummary(input: JsonValue): string {
  if (!isObject(input)) return input === null || input === undefined ? '' : short(JSON.stringify(input));
  const { entry_type, content, path, offset, line } = input;
  if (typeof entry_type === 'string' && typeof content === 'string') return short(`${entry_type}: ${content}`);
  const at = typeof line === 'number' ? line : offset;
  if (typeof path === 'string' && typeof at === 'number') return short(`${path}:${at}`);
  const telling = TELLING.flatMap((name) => (typeof input[name] === 'string' ? [input[name]] : []));
  const values = telling.length > 0 ? telling.slice(0, 2) : Object.values(input).filter(isScalar).slice(0, 2);
  return short(values.map(String).join(' '));
}

/** In one line: `read_file src/date.ts`. */
export function nameOfCall({ name, input }: Pick<ToolCallView, 'name' | 'input'>): string {
  return visibleLine(`${name} ${argumentSummary(input)}`).trim();
}

export type Argument = { name: string; value: string; isLong: boolean };

const INLINE = 100;

/** The arguments one by one; long ones are shown in a box of their own. */
export function argumentsOf(input: JsonValue): Argument[] {
  if (!isObject(input)) return [{ name: '', value: JSON.stringify(input, null, 2) ?? '', isLong: true }];
  return Object.entries(input as Record<string, JsonValue>).map(([name, value]) => {
    const isText = typeof value === 'string';
    const isLong = isText ? value.length > INLINE || value.includes('\n') : JSON.stringify(value).length > INLINE;
    const text = isText && isLong ? value : JSON.stringify(value, null, isLong ? 2 : undefined);
    return { name: visibleLine(name), value: text, isLong };
  });
}

/** The arguments that are no texts. */
export function withoutStrings(input: JsonValue): JsonValue {
  if (!isObject(input)) return input;
  return Object.fromEntries(Object.entries(input as JsonObject).filter(([, value]) => typeof value !== 'string'));
}

function isScalar(value: unknown): value is string | number | boolean {
  return typeof value === 'string' || typeof value === 'number' || typeof value === 'boolean';
}

function short(text: string): string {
  return cutText(visibleLine(text.slice(0, LONGEST * 2)), LONGEST);
}
