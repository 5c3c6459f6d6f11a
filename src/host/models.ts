/** The models a host can ask, built from its configuration. */
import type { Assets } from './config/assets.ts';
import type { Config } from './config/config.ts';
import { createAnthropicClient } from './llm/anthropic/client.ts';
import { Credentials } from './llm/credentials.ts';
import { createModelOpener } from './llm/open-model.ts';
import { createModelCatalogue, DEFAULT_MODEL } from './llm/resolve.ts';
import { createScriptedClient } from './llm/scripted/client.ts';
import { createScriptLoader } from './llm/scripted/load-script.ts';

export type HostModels = ReturnType<typeof createModels>;

export function createModels({ anthropic }: Config, { scripts }: Assets) {
  const credentials = new Credentials();
  const catalogue = createModelCatalogue([
    createAnthropicClient({
      baseUrl: anthropic.base_url,
      apiVersion: anthropic.api_version,
      authScheme: anthropic.auth_scheme,
      credential: () => credentials.usable('anthropic', anthropic.base_url),
    }),
    createScriptedClient({ loadScript: createScriptLoader(scripts) }),
  ]);
  const opener = createModelOpener(catalogue, credentials, { anthropic: anthropic.base_url });
  return {
    ...opener,
    credentials,
    defaultModel: DEFAULT_MODEL,
    /** True, or what is wrong with the name. */
    isKnown: (name: string): string | true => {
      const found = catalogue.find(name);
      return found.kind === 'found' ? true : found.message;
    },
  };
}
