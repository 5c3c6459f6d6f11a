/** Which models there are, what is missing for the others, and what came of trying one. */
import * as z from 'zod';

export const listedModelView = z.object({
  /** provider/name, as work and settings name it. */
  name: z.string(),
  /** For people; null where the name says it all. */
  label: z.string().nullable(),
  /** Tokens that a request may hold; null where nobody says it. */
  context_tokens: z.number().nullable(),
  /** Dollars for a million tokens; null where the price is unknown. */
  price: z.object({ input: z.number(), output: z.number() }).nullable(),
  is_default: z.boolean(),
  /** Whether work that names it could begin now. */
  usable: z.boolean(),
});
export type ListedModelView = z.infer<typeof listedModelView>;

export const missingView = z.object({
  /** A key, a server that answers, a window of VS Code with models, a person's leave to use them, or something else. */
  kind: z.enum(['key', 'server', 'window', 'permission', 'other']),
  message: z.string(),
  next: z.string(),
  /** What a person can run to mend it, where one line does. */
  command: z.string().nullable(),
});
export type MissingView = z.infer<typeof missingView>;

export const providerView = z.object({
  name: z.string(),
  title: z.string(),
  kind: z.enum(['cloud', 'local', 'vscode', 'script']),
  /** The name that its key is kept and offered under; null where it needs none. */
  credential: z.string().nullable(),
  /** The address that it is asked at; null where none is. */
  address: z.string().nullable(),
  /** Null where its models can be asked. */
  missing: missingView.nullable(),
  /** Those that it lists; where it cannot be asked, those that are known of it. */
  models: z.array(listedModelView),
  /** True where it has more than these. */
  more: z.boolean(),
});
export type ProviderView = z.infer<typeof providerView>;

export const modelListParams = z.strictObject({
  /** Only this one. */
  provider: z.string().max(60).optional(),
});
export const modelListResult = z.object({
  /** What answers where neither the work nor its faculty names one. */
  default_model: z.string(),
  providers: z.array(providerView),
});
export type ModelList = z.infer<typeof modelListResult>;

export const modelTestParams = z.strictObject({
  /** provider/name; without it the default. */
  model: z.string().min(3).max(200).optional(),
});
export const modelTestResult = z.object({
  model: z.string(),
  /** Null where it answered. `waits`: a person can change that, and work with this model would wait for it. */
  error: z.object({ kind: z.string(), message: z.string(), next: z.string(), waits: z.boolean() }).nullable(),
  /** What it said, cut. */
  text: z.string(),
  /** In how many pieces it came: one means that it does not stream. */
  pieces: z.number(),
  first_piece_ms: z.number().nullable(),
  total_ms: z.number(),
  usage: z.object({ input: z.number(), output: z.number(), estimated: z.boolean() }).nullable(),
  /** Null where the price is unknown, or nothing was answered. */
  cost_usd: z.number().nullable(),
});
export type ModelTest = z.infer<typeof modelTestResult>;
