/** The API keys: in VS Code's secret storage, offered to the host over the proven connection, nowhere else. */
import { type OfferedKey, offersOf, originOf } from '../../host/providers/keys.ts';
import type { Provider, ProviderKey } from '../../host/providers/types.ts';

/** What secret storage is to us. */
export type Secrets = {
  get(name: string): PromiseLike<string | undefined>;
  store(name: string, value: string): PromiseLike<void>;
  delete(name: string): PromiseLike<void>;
};

const PREFIX = 'animus.key ';

/** A key is for one origin: where a provider is asked elsewhere one day, the key does not follow it there. */
export const secretName = (credential: string, origin: string) => `${PREFIX}${credential} ${origin}`;

export const isKeyName = (name: string) => name.startsWith(PREFIX);

/** One key that there could be, and whose. */
export type KeyPlace = ProviderKey & { origin: string; providers: string[]; titles: string[] };

/** Each key once: providers that share a credential and an origin share it. */
export function keyPlaces(providers: readonly Provider[]): KeyPlace[] {
  const places = new Map<string, KeyPlace>();
  for (const provider of providers) {
    const origin = originOf(provider);
    if (provider.key === null || origin === null) continue;
    const name = secretName(provider.key.credential, origin);
    const place = places.get(name) ?? { ...provider.key, origin, providers: [], titles: [] };
    place.providers.push(provider.name);
    place.titles.push(provider.title);
    places.set(name, place);
  }
  return [...places.values()];
}

/** The stored keys, else those of the environment; each bound to the one origin it may be sent to. */
export async function keyOffers(
  secrets: Secrets,
  env: NodeJS.ProcessEnv,
  providers: readonly Provider[],
): Promise<OfferedKey[]> {
  const stored = new Map<string, string>();
  for (const { credential, origin } of keyPlaces(providers)) {
    const name = secretName(credential, origin);
    const value = await secrets.get(name);
    if (value) stored.set(name, value);
  }
  return offersOf(
    providers,
    ({ credential, variable }, origin) => stored.get(secretName(credential, origin)) ?? env[variable],
  );
}

/** Undefined, or what is wrong with it. */
export function keyComplaint(value: string): string | undefined {
  const text = value.trim();
  if (text === '') return undefined;
  if (/\s/.test(text)) return 'A key has no spaces in it.';
  return text.length >= 8 && text.length <= 1000 ? undefined : 'A key has between 8 and 1000 characters.';
}
