/**
 * The models of VS Code. A window offers what it has; the host asks it for an answer over the same connection. That is one of
 * two requests from host to client, and what comes back before its end are the notifications that go from client to host.
 */
import * as z from 'zod';
import { jsonObject } from './json.ts';

/** Nothing that steers a terminal or a page, no line of its own, and no blank around it. */
export const nameText = (longest: number) =>
  z
    .string()
    .min(1)
    .max(longest)
    .regex(/^[^\p{Cc}\p{Bidi_Control}]+$/u)
    .refine((text) => text.trim() === text, 'expected no blanks around it');

/** The middle part of `vscode/vendor/model`, so it has no slash. */
const vendor = nameText(64).regex(/^[^\s/]+$/);

export const MOST_OFFERED_MODELS = 200;

export const offeredModel = z.strictObject({
  vendor,
  id: nameText(120),
  family: nameText(120),
  /** For people. */
  label: nameText(200),
  version: z.string().max(100),
  /** Tokens; null where the window does not say. */
  max_input_tokens: z.int().min(1).max(1_000_000_000).nullable(),
  /** Whether a person has let Animus use it. What they have not is shown and never asked. */
  allowed: z.boolean(),
});
export type OfferedModel = z.infer<typeof offeredModel>;

/** All that the window has now; what it offered before and is not in it is withdrawn. */
export const modelOfferParams = z.strictObject({
  /** As in trust/grant: what an agent started is no window. */
  pid: z.int().min(2),
  models: z.array(offeredModel).max(MOST_OFFERED_MODELS),
});

const askedBlock = z.discriminatedUnion('type', [
  z.object({ type: z.literal('text'), text: z.string() }),
  z.object({ type: z.literal('image'), media_type: z.string(), data: z.base64() }),
  z.object({ type: z.literal('tool_call'), id: z.string(), name: z.string(), input: jsonObject }),
  z.object({ type: z.literal('tool_result'), id: z.string(), text: z.string(), is_error: z.boolean() }),
]);
export type AskedBlock = z.infer<typeof askedBlock>;

/** A question to one model. VS Code has no system role: what stands there is in the first message of the user. */
export const modelQuestion = z.object({
  id: z.uuid(),
  vendor: z.string(),
  model_id: z.string(),
  messages: z.array(z.object({ role: z.enum(['user', 'assistant']), content: z.array(askedBlock) })),
  tools: z.array(z.object({ name: z.string(), description: z.string(), input_schema: jsonObject })),
  /** Whether the answer has to call a tool. */
  must_call: z.boolean(),
});
export type ModelQuestion = z.infer<typeof modelQuestion>;

/** Longest text of one part, in characters. */
export const PART_TEXT_MAX = 256 * 1024;

export const modelPart = z.strictObject({
  /** Of the question. */
  id: z.uuid(),
  part: z.discriminatedUnion('type', [
    z.strictObject({ type: z.literal('text'), text: z.string().max(PART_TEXT_MAX) }),
    z.strictObject({
      type: z.literal('tool_call'),
      id: z.string().min(1).max(200),
      name: z.string().min(1).max(200),
      input: jsonObject,
    }),
  ]),
});
export type ModelPart = z.infer<typeof modelPart>['part'];

/** Why a window gave no whole answer. `not_allowed` and `not_found` hold until it offers the model again. */
export const modelFailure = z.enum(['not_allowed', 'not_found', 'blocked', 'failed']);
export type ModelFailure = z.infer<typeof modelFailure>;

export const modelEnd = z.discriminatedUnion('kind', [
  z.strictObject({ kind: z.literal('done') }),
  z.strictObject({ kind: z.literal('failed'), reason: modelFailure, message: z.string().max(2000) }),
]);
export type ModelEnd = z.infer<typeof modelEnd>;

/** What a host asks a client, and what a client tells a host on the way to the answer. */
export const ASK_MODEL = 'model/ask';
export const MODEL_PART = 'model/part';
