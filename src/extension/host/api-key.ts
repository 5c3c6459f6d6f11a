/** The API key: in VS Code's secret storage, offered to the host over the proven connection, nowhere else. */
import type { Params } from '../../protocol/requests.ts';

/** What secret storage is to us. */
export type Secrets = {
  get(name: string): PromiseLike<string | undefined>;
  store(name: string, value: string): PromiseLike<void>;
  delete(name: string): PromiseLike<void>;
};

export const ANTHROPIC_KEY = 'animus.anthropic';

type Offer = Params<'credentials/offer'>['credentials'][number];

/** The stored key, or the one of the environment; each bound to the one origin it may be sent to. */
export async function keyOffers(secrets: Secrets, env: NodeJS.ProcessEnv, baseUrl: string): Promise<Offer[]> {
  const value = (await secrets.get(ANTHROPIC_KEY)) || env.ANTHROPIC_API_KEY;
  return value ? [{ name: 'anthropic', value, origin: new URL(baseUrl).origin }] : [];
}

/** Undefined, or what is wrong with it. */
export function keyComplaint(value: string): string | undefined {
  const text = value.trim();
  if (text === '') return undefined;
  if (/\s/.test(text)) return 'A key has no spaces in it.';
  return text.length >= 8 && text.length <= 1000 ? undefined : 'A key has between 8 and 1000 characters.';
}
