/** The API keys: in VS Code's secret storage, offered to the host over the proven connection, nowhere else. */
import { type OfferedKey, offersOf } from '../../host/providers/keys.ts';
import type { Provider } from '../../host/providers/types.ts';

/** What secret storage is to us. */
export type Secrets = {
  get(name: string): PromiseLike<string | undefined>;
  store(name: string, value: string): PromiseLike<void>;
  delete(name: string): PromiseLike<void>;
};

/** The name in secret storage of the key for a credential. */
export const secretName = (credential: string) => `animus.${credential}`;

/** The stored keys, else those of the environment; each bound to the one origin it may be sent to. */
export async function keyOffers(
  secrets: Secrets,
  env: NodeJS.ProcessEnv,
  providers: readonly Provider[],
): Promise<OfferedKey[]> {
  const credentials = new Set(providers.flatMap(({ key }) => key?.credential ?? []));
  const stored = new Map<string, string | undefined>();
  for (const credential of credentials) stored.set(credential, await secrets.get(secretName(credential)));
  return offersOf(providers, ({ credential, variable }) => stored.get(credential) || env[variable]);
}

/** Undefined, or what is wrong with it. */
export function keyComplaint(value: string): string | undefined {
  const text = value.trim();
  if (text === '') return undefined;
  if (/\s/.test(text)) return 'A key has no spaces in it.';
  return text.length >= 8 && text.length <= 1000 ? undefined : 'A key has between 8 and 1000 characters.';
}
