/** The tables [providers.<name>] of config.toml: built-in providers moved elsewhere, and anybody else's servers. */
import * as z from 'zod';
import { BUILT_IN } from '../providers/built-in.ts';

/** Without a user or password in it: addresses are shown, keys are not. */
export const baseUrl = z
  .url({ protocol: /^https?$/, error: 'expected a URL that begins with http:// or https://', abort: true })
  .refine((url) => {
    const { username, password, search, hash } = new URL(url);
    return [username, password, search, hash].every((part) => part === '');
  }, 'expected a URL without a user, a password or anything behind its path');

const quirks = z.strictObject({
  max_tokens: z.enum(['max_completion_tokens', 'max_tokens']).optional(),
  stream_usage: z.boolean().optional(),
  thinking: z.enum(['reasoning_effort', 'reasoning', 'deepseek', 'none']).optional(),
  thoughts: z.enum(['reasoning_content', 'reasoning', 'none']).optional(),
});

const entry = z.strictObject({
  /** A provider of one's own needs one; a built-in one is asked there instead. */
  base_url: baseUrl.optional(),
  format: z.enum(['openai-chat', 'openai-responses', 'anthropic']).optional(),
  title: z.string().min(1).max(60).optional(),
  /** The variable that its key is read from; without one requests carry none. */
  key_env: z
    .string()
    .regex(/^[A-Za-z_][A-Za-z0-9_]{0,99}$/, 'expected the name of a variable')
    .optional(),
  quirks: quirks.optional(),
});
export type ProviderEntry = z.output<typeof entry>;

const MOST_PROVIDERS = 50;

/** Those with a table of their own, or with nothing to configure. */
const ELSEWHERE: { readonly [name: string]: string } = {
  anthropic: 'anthropic is configured in [anthropic]',
  openai: 'openai is configured in [openai]',
  'openai-responses': 'openai-responses is configured in [openai]',
  scripted: 'scripted has nothing to configure',
  vscode: 'vscode has nothing to configure',
};

export const providersSchema = z
  .record(
    z
      .string()
      .regex(/^[a-z][a-z0-9-]{0,39}$/, 'expected lower-case letters, digits and hyphens, beginning with a letter'),
    entry,
  )
  .default({})
  .superRefine((providers, context) => {
    const refuse = (path: string[], message: string) => context.addIssue({ code: 'custom', path, message });
    for (const [name, given] of Object.entries(providers)) {
      const elsewhere = Object.hasOwn(ELSEWHERE, name) ? ELSEWHERE[name] : undefined;
      const builtIn = BUILT_IN.find((provider) => provider.name === name);
      if (elsewhere !== undefined) refuse([name], elsewhere);
      else if (builtIn === undefined && given.base_url === undefined)
        refuse([name, 'base_url'], 'missing; expected a URL');
      if (given.quirks !== undefined && (given.format ?? builtIn?.format ?? 'openai-chat') !== 'openai-chat') {
        refuse([name, 'quirks'], 'only a provider of format "openai-chat" has quirks');
      }
    }
    if (Object.keys(providers).length > MOST_PROVIDERS) refuse([], `there are over ${MOST_PROVIDERS}`);
  });
