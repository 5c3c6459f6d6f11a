/** The models a host can ask, built from its configuration. */
import type { Assets } from './config/assets.ts';
import type { Config } from './config/config.ts';
import { listProviders } from './config/providers.ts';
import { createAnthropicClient } from './llm/anthropic/client.ts';
import { Credentials } from './llm/credentials.ts';
import { createModelOpener, type KeyPlaces } from './llm/open-model.ts';
import { createChatClient } from './llm/openai/chat-client.ts';
import { createResponsesClient } from './llm/openai/responses-client.ts';
import { createCostOf, type Price, priceOf } from './llm/prices.ts';
import { createModelCatalogue, DEFAULT_MODEL } from './llm/resolve.ts';
import { createScriptedClient } from './llm/scripted/client.ts';
import { createScriptLoader } from './llm/scripted/load-script.ts';
import type { LlmClient, ModelListing } from './llm/types.ts';
import type { AskWindow } from './llm/vscode/ask.ts';
import { createVscodeClient } from './llm/vscode/client.ts';
import type { WireClientOptions } from './llm/wire-client.ts';
import { originOf } from './providers/keys.ts';
import type { Provider } from './providers/types.ts';

export type HostModels = ReturnType<typeof createModels>;

/** The windows of VS Code, as far as their models go. `has` is asked by the name without the provider. */
export type Windows = { ask: AskWindow; has(name: string): boolean };

export function createModels(config: Config, { scripts }: Assets, windows: Windows) {
  const credentials = new Credentials();
  const providers = listProviders(config);
  const prices = ownPrices(config);
  const clients: LlmClient[] = [
    ...providers.map((provider) => createClient(provider, credentials, scripts)),
    createVscodeClient({ ask: windows.ask }),
  ];
  const catalogue = createModelCatalogue(clients);
  const isThere = (provider: string, model: string) => provider !== 'vscode' || windows.has(model);
  return {
    ...createModelOpener(catalogue, credentials, keyPlaces(providers), isThere),
    providers,
    credentials,
    defaultModel: DEFAULT_MODEL,
    costOf: createCostOf(prices),
    /** What its tokens cost; undefined where that is unknown. */
    priceOf: (modelName: string): Price | undefined => prices.get(modelName) ?? priceOf(modelName),
    /** The models that a provider lists; undefined where it has no list. */
    list: (provider: string, signal: AbortSignal): Promise<ModelListing> | undefined =>
      clients.find((client) => client.provider === provider)?.listModels?.(signal),
    /** Whether it is one of VS Code's and some window may be asked for it. */
    isOffered: (modelName: string) => modelName.startsWith('vscode/') && windows.has(modelName.slice('vscode/'.length)),
    /** True, or what is wrong with the name. */
    isKnown: (name: string): string | true => {
      const found = catalogue.find(name);
      return found.kind === 'found' ? true : found.message;
    },
  };
}

function ownPrices({ prices }: Config): Map<string, Price> {
  const own = Object.entries(prices).map(([model, { input, output, cache_read, cache_write }]) => {
    const price: Price = { input, output, cacheRead: cache_read ?? input, cacheWrite: cache_write ?? input };
    return [model, price] as const;
  });
  return new Map(own);
}

function createClient(provider: Provider, credentials: Credentials, scripts: string): LlmClient {
  const credential = () => keyOf(provider, credentials);
  switch (provider.format) {
    case 'anthropic': {
      const { name, baseUrl, apiVersion, authScheme } = provider;
      return createAnthropicClient({ provider: name, baseUrl, apiVersion, authScheme, credential });
    }
    case 'openai-chat':
      return createChatClient({ ...toWireOptions(provider, credential), quirks: provider.quirks });
    case 'openai-responses':
      return createResponsesClient(toWireOptions(provider, credential));
    case 'scripted':
      return createScriptedClient({ loadScript: createScriptLoader(scripts) });
  }
}

function toWireOptions(
  { name, title, baseUrl, key }: Extract<Provider, { baseUrl: string }>,
  credential: () => { value: string } | undefined,
): WireClientOptions {
  return { provider: name, title, baseUrl, credential: key === null ? null : credential };
}

function keyOf(provider: Provider, credentials: Credentials): { value: string } | undefined {
  const origin = originOf(provider);
  return provider.key === null || origin === null ? undefined : credentials.usable(provider.key.credential, origin);
}

function keyPlaces(providers: readonly Provider[]): KeyPlaces {
  const places = new Map<string, { credential: string; origin: string }>();
  for (const provider of providers) {
    const origin = originOf(provider);
    if (provider.key !== null && origin !== null) {
      places.set(provider.name, { credential: provider.key.credential, origin });
    }
  }
  return places;
}
