/**
 * What can go wrong on the way to an answer, and what must come of it, for every wire format: the answer survives, or the
 * stream ends with a typed error in words for people. Plain data; `fault-run.ts` runs it.
 */
import type { LlmError } from '../../src/host/llm/types.ts';
import type { Fault } from '../support/model-server-faults.ts';

/** What every provider has a status and a body for. */
export type ProviderFault = 'rate_limited' | 'overloaded' | 'broken' | 'invalid' | 'auth' | 'no_money' | 'too_long';

/** One request, as a row sees it. */
export type FaultSetting = {
  /** From 0. */
  request: number;
  /** The frames of a whole answer: its text holds MARK_TEXT, the arguments of its one call MARK_ARGUMENT, each in one piece. */
  frames: readonly string[];
  /** The same as bytes. */
  bytes: Buffer;
  /** The provider's own way to say no. */
  answer(kind: ProviderFault, headers?: Record<string, string>): Fault;
  /** Its way to say so where the rest of an answer should have come. */
  frame(kind: ProviderFault): string;
};

export type ClientBounds = {
  retries?: number;
  idleTimeoutMs?: number;
  headersTimeoutMs?: number;
  totalTimeoutMs?: number;
};

export type FaultRow = {
  name: string;
  fault(setting: FaultSetting): Fault | undefined;
  client?: ClientBounds;
  /** Requests that reach the server. */
  requests: number;
  /** The waits between them, in milliseconds; without jitter. */
  slept: readonly number[];
  /**
   * `survives`: an answer comes, and says and calls what it should, or what is given here. `error`: its kind, its words, and
   * members it must have.
   */
  outcome:
    | { survives: true; text?: string; argument?: string }
    | { error: LlmError['kind']; says: RegExp; has?: { [member: string]: unknown } };
};

export const MARK_TEXT = '<text>';
export const MARK_ARGUMENT = '<argument>';
/** What each fault says. */
export const SAID: { readonly [kind in ProviderFault]: string } = {
  rate_limited: 'Slow down.',
  overloaded: 'Too much to do.',
  broken: 'It broke.',
  invalid: 'tools.0: bad',
  auth: 'That key is not known.',
  no_money: 'Your credit balance is too low.',
  too_long: 'prompt is too long: 210000 tokens > 200000 maximum',
};
export const WALL_MS = Date.parse('Thu, 01 Jan 2026 00:00:00 GMT');
const TEN_SECONDS_ON = 'Thu, 01 Jan 2026 00:00:10 GMT';
const AN_HOUR_ON = 'Thu, 01 Jan 2026 01:00:00 GMT';

const WAITS = [500, 1000, 2000, 4000];
const EVERY_RETRY = { requests: 5, slept: WAITS };
const AT_ONCE = { requests: 1, slept: [] };
const SECOND_TRY = { requests: 2, slept: [500], outcome: { survives: true } } as const;

type Make = FaultRow['fault'];
const first =
  (count: number, make: Make): Make =>
  (setting) =>
    setting.request < count ? make(setting) : undefined;

const STORMS: FaultRow[] = [
  {
    name: '[llm-8] [F14] a storm of 429',
    fault: ({ answer }) => answer('rate_limited'),
    ...EVERY_RETRY,
    outcome: { error: 'rate_limited', says: /^Slow down\.$/ },
  },
  {
    name: '[F14] a storm of 500',
    fault: ({ answer }) => answer('broken'),
    ...EVERY_RETRY,
    outcome: { error: 'api', says: /^It broke\.$/, has: { status: 500 } },
  },
  {
    name: '[F14] a storm of overload',
    fault: ({ answer }) => answer('overloaded'),
    ...EVERY_RETRY,
    outcome: { error: 'overloaded', says: /^Too much to do\.$/ },
  },
  {
    name: '[F14] a storm that ends after four',
    fault: ({ request, answer }) => {
      const kind = (['rate_limited', 'broken', 'overloaded', 'broken'] as const)[request];
      return kind && answer(kind);
    },
    ...EVERY_RETRY,
    outcome: { survives: true },
  },
  {
    name: 'a 408 and a 409, then an answer',
    fault: ({ request }) => [{ status: 408 }, { status: 409 }][request],
    requests: 3,
    slept: [500, 1000],
    outcome: { survives: true },
  },
  {
    name: '[llm-8] [F14] a 429 with seconds to wait',
    fault: first(1, ({ answer }) => answer('rate_limited', { 'retry-after': '7' })),
    ...SECOND_TRY,
    slept: [7000],
  },
  {
    name: '[llm-8] [F14] a 429 with a date to wait for',
    fault: first(1, ({ answer }) => answer('rate_limited', { 'retry-after': TEN_SECONDS_ON })),
    ...SECOND_TRY,
    slept: [10_000],
  },
  {
    name: '[llm-8] a 429 with milliseconds to wait, which count before seconds',
    fault: first(1, ({ answer }) => answer('rate_limited', { 'retry-after-ms': '250', 'retry-after': '9' })),
    ...SECOND_TRY,
    slept: [250],
  },
  {
    name: '[llm-8] a 429 whose wait cannot be read',
    fault: first(1, ({ answer }) => answer('rate_limited', { 'retry-after': 'soon' })),
    ...SECOND_TRY,
  },
  ...(['3600', AN_HOUR_ON] as const).flatMap((hour): FaultRow[] => [
    {
      name: `[llm-8] [F14] a 429 that asks for an hour (${hour}) is not waited for`,
      fault: ({ answer }) => answer('rate_limited', { 'retry-after': hour }),
      ...AT_ONCE,
      outcome: { error: 'rate_limited', says: /^Slow down\.$/, has: { retryAfterMs: 3_600_000 } },
    },
    {
      name: `[llm-8] [F14] an overload that asks for an hour (${hour}) says when to come back`,
      fault: ({ answer }) => answer('overloaded', { 'retry-after': hour }),
      ...AT_ONCE,
      outcome: { error: 'overloaded', says: /^Too much to do\.$/, has: { retryAfterMs: 3_600_000 } },
    },
  ]),
  {
    name: 'a 500 that says not to try again',
    fault: ({ answer }) => answer('broken', { 'x-should-retry': 'false' }),
    ...AT_ONCE,
    outcome: { error: 'api', says: /^It broke\.$/ },
  },
  {
    name: 'an invalid request that says to try again',
    fault: first(1, ({ answer }) => answer('invalid', { 'x-should-retry': 'true' })),
    ...SECOND_TRY,
  },
];

/** What no second try helps. */
const REFUSALS: FaultRow[] = [
  {
    name: '[llm-9] an invalid request keeps its status and message',
    fault: ({ answer }) => answer('invalid'),
    ...AT_ONCE,
    outcome: { error: 'api', says: /^tools\.0: bad$/, has: { status: 400 } },
  },
  {
    name: '[llm-9] a prompt that is too long',
    fault: ({ answer }) => answer('too_long'),
    ...AT_ONCE,
    outcome: { error: 'context_exceeded', says: /too long/ },
  },
  {
    name: '[llm-9] a refused key is not tried again, whatever the server says',
    fault: ({ answer }) => answer('auth', { 'x-should-retry': 'true' }),
    ...AT_ONCE,
    outcome: { error: 'auth', says: /key.*That key is not known/ },
  },
  {
    name: '[llm-9] an account without money is not asked again, whatever the server says',
    fault: ({ answer }) => answer('no_money', { 'x-should-retry': 'true', 'retry-after': '1' }),
    ...AT_ONCE,
    outcome: { error: 'insufficient_quota', says: /^Your credit balance is too low\.$/ },
  },
  {
    name: '[llm-9] a redirect, which the key must not follow',
    fault: () => ({ status: 307, headers: { location: 'http://127.0.0.1:1/elsewhere' } }),
    ...AT_ONCE,
    outcome: { error: 'api', says: /status 307/, has: { status: 307 } },
  },
  {
    name: '[llm-9] a page of a proxy in place of an error',
    fault: () => ({ status: 502, headers: { 'content-type': 'text/html' }, body: '<h1>\n  Bad gateway</h1>' }),
    ...EVERY_RETRY,
    outcome: { error: 'api', says: /^<h1> Bad gateway<\/h1>$/, has: { status: 502 } },
  },
];

const positionOf = (bytes: Buffer, mark: string) => bytes.indexOf(mark);

const CUTS: FaultRow[] = [
  {
    name: '[F14] a reset before the answer, then an answer',
    fault: first(1, () => ({ resetAtOnce: true })),
    ...SECOND_TRY,
  },
  {
    name: 'a reset before every answer',
    fault: () => ({ resetAtOnce: true }),
    ...EVERY_RETRY,
    outcome: { error: 'http', says: /^The connection to http:\/\/127\.0\.0\.1:\d+ failed: / },
  },
  {
    name: '[F15] a reset within the text, then an answer',
    fault: first(1, ({ bytes }) => ({ resetAfterBytes: positionOf(bytes, MARK_TEXT) + 2 })),
    ...SECOND_TRY,
  },
  {
    name: 'resets within every text',
    fault: ({ bytes }) => ({ resetAfterBytes: positionOf(bytes, MARK_TEXT) + 2 }),
    ...EVERY_RETRY,
    outcome: { error: 'stream_cut', says: /^The answer was cut: / },
  },
  {
    name: "[F15] a reset within a call's JSON, then an answer",
    fault: first(1, ({ bytes }) => ({ resetAfterBytes: positionOf(bytes, MARK_ARGUMENT) + 2 })),
    ...SECOND_TRY,
  },
  {
    name: "[F15] an answer that ends inside a call's JSON",
    fault: ({ bytes }) => ({ endAfterBytes: positionOf(bytes, MARK_ARGUMENT) + 2 }),
    ...EVERY_RETRY,
    outcome: { error: 'stream_cut', says: /^The answer ended before it was complete\.$/ },
  },
  {
    name: "[F15] an answer that ends between a call's JSON and its end",
    fault: ({ frames }) => ({
      raw: frames.slice(0, frames.findIndex((frame) => frame.includes(MARK_ARGUMENT)) + 1).join(''),
    }),
    ...EVERY_RETRY,
    outcome: { error: 'stream_cut', says: /^The answer ended before it was complete\.$/ },
  },
  {
    name: 'an empty answer',
    fault: () => ({ raw: '' }),
    ...EVERY_RETRY,
    outcome: { error: 'stream_cut', says: /^The answer ended before it was complete\.$/ },
  },
  {
    name: '[llm-9] an overload within the answer',
    fault: ({ frames, frame }) => ({ raw: frames.slice(0, 3).join('') + frame('overloaded') }),
    ...EVERY_RETRY,
    outcome: { error: 'overloaded', says: /^Too much to do\.$/ },
  },
  {
    name: '[llm-9] an invalid request found within the answer',
    fault: ({ frames, frame }) => ({ raw: frames.slice(0, 1).join('') + frame('invalid') }),
    ...AT_ONCE,
    outcome: { error: 'api', says: /^tools\.0: bad$/, has: { status: 400 } },
  },
];

/** Puts bytes wherever the mark stands in an answer: some formats say all of it again at the end. */
function replaceMark(bytes: Buffer, mark: string, put: Uint8Array | string): Buffer {
  const at = positionOf(bytes, mark);
  if (at === -1) return bytes;
  const rest = replaceMark(bytes.subarray(at + mark.length), mark, put);
  return Buffer.concat([bytes.subarray(0, at), Buffer.from(put), rest]);
}

const MALFORMED: FaultRow[] = [
  {
    name: '[F16] events that are not JSON',
    fault: () => ({ raw: 'data: {"type": garbage\n\n' }),
    ...EVERY_RETRY,
    outcome: { error: 'malformed', says: /^The answer is malformed: / },
  },
  {
    name: '[F16] JSON in place of a stream',
    fault: () => ({ headers: { 'content-type': 'application/json' }, raw: '{}' }),
    ...EVERY_RETRY,
    outcome: { error: 'malformed', says: /not a stream of events \(application\/json\)/ },
  },
  {
    name: '[F16] bytes of no text at all',
    fault: () => ({ raw: Uint8Array.from({ length: 4096 }, (_, index) => (index * 7) % 256) }),
    ...EVERY_RETRY,
    outcome: { error: 'stream_cut', says: /^The answer ended before it was complete\.$/ },
  },
  {
    name: '[F16] bytes that are not UTF-8, which show in the text',
    fault: ({ bytes }) => ({ raw: replaceMark(bytes, MARK_TEXT, Uint8Array.of(0xff, 0xc3)) }),
    ...AT_ONCE,
    outcome: { survives: true, text: 'Größe \uFFFD\uFFFD 🙂' },
  },
  {
    name: '[F16] NUL and half a character, which no store takes',
    fault: ({ bytes }) => ({ raw: replaceMark(bytes, MARK_TEXT, '\\u0000b\\ud83d') }),
    ...AT_ONCE,
    outcome: { survives: true, text: 'Größe \uFFFDb\uFFFD 🙂' },
  },
  {
    name: "[F16] bytes that are not UTF-8 in a call's arguments",
    fault: ({ bytes }) => ({ raw: replaceMark(bytes, MARK_ARGUMENT, Uint8Array.of(0xff, 0xc3)) }),
    ...AT_ONCE,
    outcome: { survives: true, argument: '\uFFFD\uFFFD' },
  },
  {
    name: "[F16] NUL and half a character in a call's arguments",
    fault: ({ bytes }) => ({ raw: replaceMark(bytes, MARK_ARGUMENT, '\\\\u0000b\\\\ud83d') }),
    ...AT_ONCE,
    outcome: { survives: true, argument: '\uFFFDb\uFFFD' },
  },
  {
    name: '[F16] unknown fields and comments between the frames',
    fault: ({ frames }) => ({ raw: frames.join(': still here\n\nid: 7\nretry: 1\nodd: line\n\n') }),
    ...AT_ONCE,
    outcome: { survives: true },
  },
];

const frameWith = (frames: readonly string[], mark: string) => frames.find((frame) => frame.includes(mark)) ?? '';

const ENDLESS: FaultRow[] = [
  {
    name: '[F17] no answer at all',
    fault: () => ({ silentAfterBytes: -1 }),
    client: { headersTimeoutMs: 40, retries: 1 },
    requests: 2,
    slept: [500],
    outcome: { error: 'stream_cut', says: /^No answer: the beginning of the answer did not come in 0 s\.$/ },
  },
  {
    name: '[F17] silence after the headers',
    fault: () => ({ silentAfterBytes: 0 }),
    client: { idleTimeoutMs: 140, retries: 1 },
    requests: 2,
    slept: [500],
    outcome: { error: 'stream_cut', says: /^The answer was cut: more of the answer did not come in 0\.1 s\.$/ },
  },
  {
    name: '[F17] silence within a call, then an answer',
    fault: first(1, ({ bytes }) => ({ silentAfterBytes: positionOf(bytes, MARK_ARGUMENT) + 2 })),
    client: { idleTimeoutMs: 140 },
    ...SECOND_TRY,
  },
  {
    name: '[F17] an endless answer of comments',
    fault: ({ frames }) => ({ raw: frames[0] ?? '', endless: ': still here\n\n' }),
    client: { totalTimeoutMs: 220, retries: 0 },
    ...AT_ONCE,
    outcome: { error: 'stream_cut', says: /^The answer was cut: the answer took over 0\.2 s\.$/ },
  },
  {
    name: '[F17] an endless event',
    fault: ({ frames }) => ({ raw: `${frames[0]}data: `, endless: 'x'.repeat(65_536) }),
    client: { retries: 0 },
    ...AT_ONCE,
    outcome: { error: 'malformed', says: /one event has over \d+ bytes/ },
  },
  {
    name: '[F17] an endless line that is no event',
    fault: ({ frames }) => ({ raw: frames[0] ?? '', endless: 'x'.repeat(65_536) }),
    client: { retries: 0 },
    ...AT_ONCE,
    outcome: { error: 'malformed', says: /one event has over \d+ bytes/ },
  },
  {
    name: '[F17] an endless answer of text',
    fault: ({ frames }) => {
      const wide = frameWith(frames, MARK_TEXT).replace(MARK_TEXT, 'x'.repeat(65_536));
      const before = frames.slice(
        0,
        frames.findIndex((frame) => frame.includes(MARK_TEXT)),
      );
      return { raw: before.join(''), endless: wide };
    },
    client: { retries: 0 },
    ...AT_ONCE,
    outcome: { error: 'malformed', says: /it has over \d+ bytes/ },
  },
];

export const FAULT_TABLE: readonly FaultRow[] = [...STORMS, ...REFUSALS, ...CUTS, ...MALFORMED, ...ENDLESS];
