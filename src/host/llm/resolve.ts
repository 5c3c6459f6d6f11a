/** From a model's full name, `provider/model`, to the client that answers for it. */
import type { LlmClient } from './types.ts';

/** The model that answers where nobody chose one. The only place that says so. */
export const DEFAULT_MODEL = 'anthropic/claude-sonnet-5-5';

export type ModelName = { kind: 'name'; provider: string; model: string } | { kind: 'invalid'; message: string };

/** Splits at the first slash; what follows is the provider's own, and may hold more of them. */
export function parseModelName(text: string): ModelName {
  const match = /^([a-z][a-z0-9-]*)\/(\S.*)$/.exec(text.trim());
  const [, provider, model] = match ?? [];
  if (provider !== undefined && model !== undefined) return { kind: 'name', provider, model };
  return { kind: 'invalid', message: `"${text}" is no model: write provider/model, as in ${DEFAULT_MODEL}.` };
}

export type ResolvedModel =
  | { kind: 'found'; client: LlmClient; model: string }
  | { kind: 'invalid'; message: string }
  | { kind: 'unknown_provider'; provider: string; message: string };

export type ModelCatalogue = {
  /** The providers there are, in the order given. */
  readonly providers: readonly string[];
  find(name: string): ResolvedModel;
};

export function createModelCatalogue(clients: readonly LlmClient[]): ModelCatalogue {
  const providers = clients.map((client) => client.provider);
  return {
    providers,
    find(name) {
      const parsed = parseModelName(name);
      if (parsed.kind === 'invalid') return parsed;
      const { provider, model } = parsed;
      const client = clients.find((candidate) => candidate.provider === provider);
      if (client !== undefined) return { kind: 'found', client, model };
      const message = `No provider is named "${provider}"; there are ${providers.join(', ')}.`;
      return { kind: 'unknown_provider', provider, message };
    },
  };
}
