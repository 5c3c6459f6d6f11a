/**
 * The tools that extensions registered in VS Code. A window says what there is; the host has it call one over the same
 * connection. That is the other request from host to client, and its answer is the whole result.
 */
import { createHash } from 'node:crypto';
import * as z from 'zod';
import { isDeeperThan, jsonObject } from './json.ts';
import { nameText } from './window-models.ts';

/** What a faculty's `tools` name them by, and the model calls them. */
export const WINDOW_TOOL_PREFIX = 'vscode__';
/** Providers take no longer names. */
const LONGEST_NAME = 64;
const HASH_DIGITS = 8;

/**
 * The name of a tool of VS Code as a tool of a focus. It says the same in every window; one that had to be changed ends in a
 * hash of what it was, so that no two tools share a name, nor what a person allowed for it.
 */
export function windowToolName(name: string): string {
  const plain = WINDOW_TOOL_PREFIX + name;
  if (plain.length <= LONGEST_NAME && /^[A-Za-z0-9_-]+$/.test(plain)) return plain;
  const hash = createHash('sha256').update(name).digest('hex').slice(0, HASH_DIGITS);
  return `${plain.replaceAll(/[^A-Za-z0-9_-]/g, '_').slice(0, LONGEST_NAME - HASH_DIGITS - 1)}_${hash}`;
}

export const MOST_OFFERED_TOOLS = 300;
export const TOOL_DESCRIPTION_MAX = 10_000;
/** Of one schema as JSON, in characters. */
export const TOOL_SCHEMA_MAX = 100_000;
/** Of one schema, in levels of lists and objects: code that walks it calls itself for each. */
export const TOOL_SCHEMA_DEPTH_MAX = 64;
/** Of all that a window offers, as JSON: it has to fit into one message. */
export const TOOL_OFFER_MAX = 2 * 1024 * 1024;

const sizeOf = (value: unknown) => JSON.stringify(value).length;

export const offeredTool = z.strictObject({
  /** VS Code's own. */
  name: nameText(200),
  description: z.string().max(TOOL_DESCRIPTION_MAX),
  input_schema: z
    .unknown()
    .refine((schema) => !isDeeperThan(schema, TOOL_SCHEMA_DEPTH_MAX), {
      message: `expected at most ${TOOL_SCHEMA_DEPTH_MAX} levels`,
      abort: true,
    })
    .pipe(jsonObject)
    .refine(({ type }) => type === 'object', 'expected a schema of type object')
    .refine((schema) => sizeOf(schema) <= TOOL_SCHEMA_MAX, `expected at most ${TOOL_SCHEMA_MAX} characters of JSON`),
  /** What its extension says it is about. */
  tags: z.array(nameText(100)).max(20),
});
export type OfferedTool = z.infer<typeof offeredTool>;

/** All that the window has now; what it offered before and is not in it is withdrawn. */
export const toolOfferParams = z.strictObject({
  /** As in trust/grant: what an agent started is no window. */
  pid: z.int().min(2),
  tools: z
    .array(offeredTool)
    .max(MOST_OFFERED_TOOLS)
    .refine((tools) => sizeOf(tools) <= TOOL_OFFER_MAX, `expected at most ${TOOL_OFFER_MAX} characters of JSON`),
});

export const toolListResult = z.object({
  /** How many windows offer tools, be it none. */
  windows: z.number(),
  /** Of all windows, each once. */
  tools: z.array(
    z.object({
      /** As faculties and models name it. */
      name: z.string(),
      vscode_name: z.string(),
      description: z.string(),
      tags: z.array(z.string()),
    }),
  ),
});

export const toolCall = z.object({
  id: z.uuid(),
  /** VS Code's own. */
  name: z.string(),
  input: jsonObject,
});
export type ToolCall = z.infer<typeof toolCall>;

/** Longest text of a result, in characters. */
export const TOOL_TEXT_MAX = 200_000;

/** `not_offered`: it was not run. `declined`: somebody said no to VS Code's own question, or its extension gave up. */
export const toolFailure = z.enum(['not_offered', 'declined', 'failed']);
export type ToolFailure = z.infer<typeof toolFailure>;

export const toolCallEnd = z.discriminatedUnion('kind', [
  z.strictObject({ kind: z.literal('done'), text: z.string().max(TOOL_TEXT_MAX) }),
  z.strictObject({ kind: z.literal('failed'), reason: toolFailure, message: z.string().max(2000) }),
]);
export type ToolCallEnd = z.infer<typeof toolCallEnd>;

/** What a host asks of a client. */
export const CALL_TOOL = 'tool/call';
