/** The keys of providers in an environment: which variables hold one, and what may be offered of them. */
import type { Provider } from './types.ts';

/** Shorter ones are placeholders, such as servers without keys are given. */
const SHORTEST_KEY = 8;
const LONGEST_KEY = 1000;

export type OfferedKey = { name: string; value: string; origin: string };

/** Every variable that may hold a key, those of no use here included: none of them enters the host's environment. */
export function keyVariables(providers: readonly Provider[]): string[] {
  return [...new Set(['ANTHROPIC_AUTH_TOKEN', ...providers.flatMap(({ key }) => key?.variable ?? [])])];
}

/** An environment without them: what a host is given. */
export function withoutKeys(env: NodeJS.ProcessEnv, providers: readonly Provider[]): NodeJS.ProcessEnv {
  const dropped = new Set(keyVariables(providers));
  return Object.fromEntries(Object.entries(env).filter(([name]) => !dropped.has(name)));
}

/** The origin that requests to a provider go to, and the only one that its key may be sent to. */
export function originOf(provider: Provider): string | null {
  return provider.format === 'scripted' ? null : new URL(provider.baseUrl).origin;
}

/** A key for each credential of the providers that there is one for, bound to where the provider is asked. */
export function offersOf(
  providers: readonly Provider[],
  keyOf: (key: NonNullable<Provider['key']>, origin: string) => string | undefined,
): OfferedKey[] {
  const offers = new Map<string, OfferedKey>();
  for (const provider of providers) {
    const origin = originOf(provider);
    if (provider.key === null || origin === null) continue;
    const value = keyOf(provider.key, origin)?.trim();
    if (!value || !isKey(value)) continue;
    const name = provider.key.credential;
    offers.set(`${name} ${origin}`, { name, value, origin });
  }
  return [...offers.values()];
}

function isKey(value: string): boolean {
  return value.length >= SHORTEST_KEY && value.length <= LONGEST_KEY;
}
