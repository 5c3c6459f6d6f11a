/** The providers of a configuration: those that are built in, moved where it says so, and its own. */
import { BUILT_IN, COMPATIBLE } from '../providers/built-in.ts';
import type { ChatQuirks, Provider } from '../providers/types.ts';
import type { Config } from './config.ts';
import type { ProviderEntry } from './providers-schema.ts';

/** Every provider there is, the built-in ones first. */
export function listProviders({ anthropic, openai, providers }: Config): Provider[] {
  const builtIn = BUILT_IN.map((provider): Provider => {
    if (provider.format === 'anthropic') {
      const { base_url: baseUrl, api_version: apiVersion, auth_scheme: authScheme } = anthropic;
      return { ...provider, baseUrl, apiVersion, authScheme };
    }
    if (provider.name === 'openai' || provider.name === 'openai-responses') {
      return { ...provider, baseUrl: withPath(openai.base_url) } as Provider;
    }
    const given = providers[provider.name];
    return given === undefined ? provider : configured(provider.name, given, provider);
  });
  const own = Object.entries(providers).filter(([name]) => !BUILT_IN.some((provider) => provider.name === name));
  return [...builtIn, ...own.map(([name, given]) => configured(name, given, undefined))];
}

function configured(name: string, given: ProviderEntry, builtIn: Provider | undefined): Provider {
  const variable = given.key_env;
  const preset = builtIn?.format === 'openai-chat' ? builtIn : undefined;
  const address = given.base_url ?? preset?.baseUrl ?? '';
  const facts = {
    name,
    title: given.title ?? builtIn?.title ?? name,
    key: variable === undefined ? (builtIn?.key ?? null) : { credential: name, variable },
    local: isLoopback(address),
  };
  switch (given.format ?? 'openai-chat') {
    case 'anthropic':
      return { ...facts, format: 'anthropic', baseUrl: address, apiVersion: '2023-06-01', authScheme: 'x-api-key' };
    case 'openai-responses':
      return { ...facts, format: 'openai-responses', baseUrl: withPath(address) };
    case 'openai-chat':
      return {
        ...facts,
        format: 'openai-chat',
        baseUrl: withPath(address),
        quirks: withQuirks(preset?.quirks ?? COMPATIBLE, given.quirks ?? {}),
      };
  }
}

function withQuirks(base: ChatQuirks, given: NonNullable<ProviderEntry['quirks']>): ChatQuirks {
  return {
    maxTokens: given.max_tokens ?? base.maxTokens,
    streamUsage: given.stream_usage ?? base.streamUsage,
    thinking: given.thinking ?? base.thinking,
    thoughts: given.thoughts ?? base.thoughts,
  };
}

/** OpenAI's way of addresses has the version in it; one that is no more than a host gets the version that all have. */
function withPath(address: string): string {
  return new URL(address).pathname === '/' ? new URL('/v1', address).href : address;
}

function isLoopback(address: string): boolean {
  return /^(localhost|127(\.\d+){3}|\[::1\])$/.test(new URL(address).hostname);
}
