/**
 * How many tokens a request may hold, prompt and answer together, as Anthropic's model pages and public catalogues of models
 * had it in November 2026, for requests without a beta header. It is shown, and a focus makes room in its context by
 * it. A model that is not listed has a size that is unknown, never a guessed one.
 */

const MILLION = 1_000_000;

const CONTEXT_TOKENS: { readonly [model: string]: number } = {
  'claude-opus-5-5': MILLION,
  'claude-opus-5': MILLION,
  'claude-opus-4-8': MILLION,
  'claude-opus-4-7': MILLION,
  'claude-opus-4-6': MILLION,
  'claude-opus-4-5': 200_000,
  'claude-sonnet-5-5': MILLION,
  'claude-sonnet-5': MILLION,
  'claude-sonnet-4-6': MILLION,
  'claude-sonnet-4-5': 200_000,
  'claude-haiku-5-5': MILLION,
  'claude-haiku-4-5': 200_000,
};

/** Of others' models, by their full names. */
const CONTEXT_TOKENS_OF_OTHERS: { readonly [model: string]: number } = {
  'openai/gpt-6.2-sol': 1_050_000,
  'openai/gpt-6.1-sol': 1_050_000,
  'openai/gpt-6-sol': 1_050_000,
  'openai/gpt-6-luna': 1_050_000,
  'openai/gpt-6-astra': 1_050_000,
  'deepseek/deepseek-flash': MILLION,
  'deepseek/deepseek-v4-pro': MILLION,
};

/** Null where it is unknown. `model` may have its provider's prefix and a date at its end. */
export function contextTokens(model: string): number | null {
  const id = listedName(model);
  if (Object.hasOwn(CONTEXT_TOKENS_OF_OTHERS, id)) return CONTEXT_TOKENS_OF_OTHERS[id] ?? null;
  return Object.hasOwn(CONTEXT_TOKENS, id) ? (CONTEXT_TOKENS[id] ?? null) : null;
}

/** The models of a provider that are known without asking it, by their own names. */
export function knownModels(provider: string): string[] {
  if (provider === 'anthropic') return Object.keys(CONTEXT_TOKENS);
  const prefix = listedName(`${provider}/`);
  return Object.keys(CONTEXT_TOKENS_OF_OTHERS).flatMap((name) =>
    name.startsWith(prefix) ? [name.slice(prefix.length)] : [],
  );
}

/** The name under which tables have a model: the full one, but for Anthropic's, and the same whichever way OpenAI is asked. */
export function listedName(model: string): string {
  return model
    .replace(/^anthropic\//, '')
    .replace(/^openai-responses\//, 'openai/')
    .replace(/-\d{8}$/, '');
}
