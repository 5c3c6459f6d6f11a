/** What a script is, and the reading of one from JSON or YAML text. */
import { JSON_SCHEMA, load } from 'js-yaml';
import * as z from 'zod';

const pattern = z.string().refine(isRegex, 'expected a regular expression');

const captureSchema = z.strictObject({
  /**
   * Where to look: `result` is the latest result of `tool` (of any tool without one); `conversation` is every text of the
   * request, calls' arguments included, of which the last match counts. Default `result`.
   */
  from: z.enum(['result', 'conversation']).default('result'),
  tool: z.string().optional(),
  /** Members that the call's input must have had, to tell apart several calls of one tool. */
  where: z.record(z.string(), z.json()).optional(),
  /** Unicode, with `^` and `$` at every line. */
  pattern,
  group: z.number().int().min(0).default(1),
  /** All matches, each once, joined. */
  all: z.boolean().default(false),
  join: z.string().default(', '),
  /** The most matches that `all` joins; the rest is counted, as in "and 5 more". */
  max: z.number().int().min(1).default(10),
  /** The number of matches in place of their text. */
  count: z.boolean().default(false),
  /** What the variable holds then: a template that knows `match` alone. */
  as: z.string().default('{{match}}'),
  /** What it holds when nothing matched; without it that shows as "(not found)". */
  otherwise: z.string().optional(),
});
export type Capture = z.output<typeof captureSchema>;

/** The kinds of LlmError that a turn can fail with. */
const errorKinds = [
  'http',
  'api',
  'rate_limited',
  'overloaded',
  'auth',
  'insufficient_quota',
  'context_exceeded',
  'refused',
  'stream_cut',
  'malformed',
] as const;
export type ScriptedErrorKind = (typeof errorKinds)[number];

const stopReasons = [
  'end_turn',
  'tool_use',
  'max_tokens',
  'stop_sequence',
  'pause_turn',
  'refusal',
  'context_exceeded',
] as const;

/** How fast an answer comes. */
const paceMembers = {
  delay_ms: z.number().min(0).optional(),
  /** Characters per delta; without it each block is one delta. */
  chunk: z.number().int().min(1).optional(),
  chunk_delay_ms: z.number().min(0).optional(),
};

const turnSchema = z
  .strictObject({
    /** All that is given must hold; without it a turn is the answer at its place in the list. */
    when: z
      .strictObject({ turn: z.number().int().min(1).optional(), last_contains: z.string().min(1).optional() })
      .refine((when) => Object.keys(when).length > 0, 'expected `turn`, `last_contains` or both')
      .optional(),
    capture: z.record(z.string().regex(/^\w+$/, 'expected a name of letters, digits and _'), captureSchema).default({}),
    /** What is thought before the text. */
    thinking: z.string().optional(),
    text: z.string().optional(),
    tool_calls: z
      .array(
        z.strictObject({
          name: z.string().min(1),
          input: z.record(z.string(), z.json()).default({}),
          id: z.string().min(1).optional(),
        }),
      )
      .default([]),
    stop: z.enum(stopReasons).optional(),
    error: z.enum(errorKinds).optional(),
    /** How many attempts fail with `error`, in this process; without it all do. */
    times: z.number().int().min(1).optional(),
    ...paceMembers,
  })
  .refine((turn) => turn.times === undefined || turn.error !== undefined, {
    path: ['times'],
    message: 'expected only beside `error`',
  });
export type ScriptTurn = z.output<typeof turnSchema>;

const scriptSchema = z.strictObject({
  name: z.string().min(1),
  description: z.string().optional(),
  /** What people are told wherever the script's answers show. */
  notice: z.string().default('A script is answering, not a model.'),
  /** For the turns that do not say. */
  pace: z.strictObject(paceMembers).default({}),
  turns: z.array(turnSchema).min(1),
});
export type Script = z.output<typeof scriptSchema>;

export type ScriptReading = { kind: 'script'; script: Script } | { kind: 'invalid'; message: string };

/** Nodes a script may have, aliases counted as often as they are used: YAML can say a great deal in few bytes. */
const MOST_NODES = 100_000;

/** Reads a script's text. `source` names it in errors, as a path or a title. */
export function parseScript(text: string, format: 'json' | 'yaml', source: string): ScriptReading {
  const invalid = (why: string): ScriptReading => ({ kind: 'invalid', message: `${source}: ${why}` });
  try {
    const document = format === 'json' ? JSON.parse(text) : load(text, { schema: JSON_SCHEMA, filename: source });
    if (!isWithinNodes(document)) return invalid(`it has over ${MOST_NODES} values`);
    const checked = scriptSchema.safeParse(document);
    if (checked.success) return { kind: 'script', script: checked.data };
    return invalid(checked.error.issues.map((issue) => `${pathText(issue.path)}: ${issue.message}`).join('; '));
  } catch (error) {
    return invalid(`not valid ${format.toUpperCase()}: ${error instanceof Error ? error.message : 'unreadable'}`);
  }
}

function pathText(path: PropertyKey[]): string {
  const text = path.map((part) => (typeof part === 'number' ? `[${part}]` : `.${String(part)}`)).join('');
  return text === '' ? 'the script' : text.replace(/^\./, '');
}

function isWithinNodes(document: unknown): boolean {
  const left: unknown[] = [document];
  let seen = 0;
  for (let node = left.pop(); node !== undefined; node = left.pop()) {
    seen += 1;
    if (seen > MOST_NODES) return false;
    if (typeof node === 'object' && node !== null) for (const member of Object.values(node)) left.push(member);
  }
  return true;
}

function isRegex(text: string): boolean {
  try {
    new RegExp(text, 'mu');
    return true;
  } catch {
    return false;
  }
}
