/** What a hook says on its standard output, for each event, checked. */
import * as z from 'zod';
import { type JsonObject, type JsonValue, jsonObject, jsonValue } from '../../../protocol/json.ts';
import type { HookEvent } from '../engage/hooks.ts';

export type Answer = { kind: 'allow' } | { kind: 'block'; reason: string } | { kind: 'modify'; patch: JsonObject };

export type ReadAnswer = { kind: 'answer'; answer: Answer } | { kind: 'garbage'; reason: string };

const text = z.string().max(1_000_000);

/** It joins the conversation, and stays. */
const messageText = z.string().min(1).max(16_000);

const message = z.union([
  messageText,
  z
    .strictObject({
      role: z.literal('user').default('user'),
      content: z.union([
        messageText,
        z
          .array(z.strictObject({ type: z.literal('text'), text: messageText }))
          .transform((blocks) => blocks.map((block) => block.text).join('\n'))
          .pipe(messageText),
      ]),
    })
    .transform(({ content }) => content),
]);

/** As `ModelPatch` has it. */
const modelPatch = z
  .strictObject({
    system: text.optional(),
    system_prompt: text.optional(),
    messages: z.array(message).max(20).optional(),
    tools_removed: z.array(z.string().min(1).max(128)).max(500).optional(),
    model: z
      .string()
      .max(200)
      .regex(/^[^/\s]+\/\S+$/, 'expected provider/name')
      .optional(),
    temperature: z.number().min(0).max(2).optional(),
    max_tokens: z.int().min(1).max(1_000_000).optional(),
  })
  .transform(({ system_prompt: alias, ...patch }) => ({ ...patch, system: patch.system ?? alias }));

const PATCHES = {
  BeforeLLMCall: modelPatch,
  BeforeToolCall: z.strictObject({ tool_input: jsonObject }),
  AfterToolCall: z.strictObject({ content: text.optional(), is_error: z.boolean().optional() }),
  AfterTurn: z.record(z.string(), jsonValue),
} as const;

const envelope = z.strictObject({
  /** Of the question that this answers. */
  id: z.string().optional(),
  action: z.enum(['allow', 'block', 'modify']),
  reason: z.string().max(10_000).optional(),
  patch: z.unknown().optional(),
});

/** Nothing at all allows. What names a question has to name the one that was asked. */
export function readAnswer({ event, id }: { event: HookEvent; id: string }, output: string): ReadAnswer {
  if (output.trim() === '') return { kind: 'answer', answer: { kind: 'allow' } };
  let value: unknown;
  try {
    value = JSON.parse(output);
  } catch (error) {
    return garbage(`no JSON (${(error as Error).message})`);
  }
  const said = envelope.safeParse(value);
  if (!said.success) return garbage(z.prettifyError(said.error));
  const { action, reason, patch } = said.data;
  if (said.data.id !== undefined && said.data.id !== id) return garbage('the id of another question');
  if (action === 'block') {
    if (event === 'AfterToolCall') return garbage('the tool has run, and its result cannot be blocked any more');
    return { kind: 'answer', answer: { kind: 'block', reason: reason?.trim() || 'no reason given' } };
  }
  if (patch === undefined) {
    return action === 'allow' ? { kind: 'answer', answer: { kind: 'allow' } } : garbage('a modify without a patch');
  }
  const parsed = PATCHES[event].safeParse(patch);
  if (!parsed.success) return garbage(`its patch: ${z.prettifyError(parsed.error)}`);
  return { kind: 'answer', answer: { kind: 'modify', patch: withoutAbsent(parsed.data) } };
}

const garbage = (reason: string): ReadAnswer => ({ kind: 'garbage', reason });

function withoutAbsent(patch: object): JsonObject {
  const given = Object.entries(patch).filter((entry): entry is [string, JsonValue] => entry[1] !== undefined);
  return Object.fromEntries(given);
}
