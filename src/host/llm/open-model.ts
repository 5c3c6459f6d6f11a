/** From a model's full name to a client that can answer now, or to what is missing. */
import type { Credentials } from './credentials.ts';
import type { ModelCatalogue } from './resolve.ts';
import type { LlmClient } from './types.ts';

export type OpenedModel =
  | { kind: 'ready'; client: LlmClient; modelName: string }
  | { kind: 'needs_credentials'; provider: string }
  /** Nobody who could ask it is there now. `modelName` is the full name. */
  | { kind: 'unavailable'; modelName: string }
  | { kind: 'unknown'; message: string };

/** Of each provider that needs a key: which one, and the origin that it is asked at. */
export type KeyPlaces = ReadonlyMap<string, { credential: string; origin: string }>;

/** Whether somebody could ask the model now, where that depends on who is there. */
export type IsThere = (provider: string, model: string) => boolean;

export function createModelOpener(
  catalogue: ModelCatalogue,
  credentials: Credentials,
  keys: KeyPlaces,
  isThere: IsThere,
) {
  const hasCredential = (provider: string) => {
    const place = keys.get(provider);
    return place === undefined || credentials.usable(place.credential, place.origin) !== undefined;
  };
  return {
    open(modelName: string): OpenedModel {
      const found = catalogue.find(modelName);
      if (found.kind !== 'found') return { kind: 'unknown', message: found.message };
      const { provider } = found.client;
      if (!hasCredential(provider)) return { kind: 'needs_credentials', provider };
      if (!isThere(provider, found.model)) return { kind: 'unavailable', modelName };
      return { kind: 'ready', client: found.client, modelName: found.model };
    },
    rejectCredential: (provider: string, key: string) =>
      credentials.reject(keys.get(provider)?.credential ?? provider, key),
    hasCredential,
  };
}
