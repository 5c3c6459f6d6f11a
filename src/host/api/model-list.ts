/** The providers there are, with the models that each of them lists, or with what is missing. */
import type { ListedModelView, MissingView, ProviderView } from '../../protocol/models.ts';
import { contextTokens, knownModels } from '../llm/context-sizes.ts';
import type { LlmError, ModelListing } from '../llm/types.ts';
import type { Provider } from '../providers/types.ts';
import type { ApiContext } from './context.ts';

/** A server on this machine answers at once or is not there; one elsewhere gets a little longer. */
const LOCAL_WITHIN_MS = 1500;
const CLOUD_WITHIN_MS = 8000;
const MOST_MODELS = 1000;

type Context = Pick<ApiContext, 'providers' | 'models' | 'hasCredential' | 'windowModels' | 'redactor'>;

/** All are asked at the same time. A server is looked for on this machine only; nothing is used because it was found. */
export async function listProviders(context: Context, only: string | undefined): Promise<ProviderView[]> {
  const wanted = context.providers.filter(({ name }) => only === undefined || name === only);
  const views = await Promise.all(wanted.map((provider) => viewProvider(context, provider)));
  return only === undefined || only === 'vscode' ? [...views, viewWindows(context)] : views;
}

async function viewProvider(context: Context, provider: Provider): Promise<ProviderView> {
  const { name, title, key } = provider;
  const view = { name, title, address: addressOf(provider), kind: kindOf(provider), more: false };
  if (provider.format === 'scripted') return { ...view, missing: null, models: [demo(context)] };
  const known = knownModels(name).map((model) => viewModel(context, `${name}/${model}`));
  if (key !== null && !context.hasCredential(name)) {
    const missing: MissingView = {
      kind: 'key',
      message: `There is no key for ${title}.`,
      next: `Set ${key.variable}.`,
    };
    return { ...view, missing, models: known.map((model) => ({ ...model, usable: false })) };
  }
  const listing = await ask(context, provider);
  if (listing === undefined) return { ...view, missing: null, models: known };
  if (listing.kind === 'failed') {
    const missing = describeFailure(provider, listing.error, context);
    return { ...view, missing, models: known.map((model) => ({ ...model, usable: false })) };
  }
  const models = listing.models.slice(0, MOST_MODELS).map((model): ListedModelView => {
    const listed = viewModel(context, `${name}/${model.name}`);
    const label = model.title === undefined || model.title === model.name ? null : model.title;
    return { ...listed, label, context_tokens: model.contextTokens ?? listed.context_tokens };
  });
  return { ...view, missing: null, models, more: !listing.isComplete || listing.models.length > MOST_MODELS };
}

/** Undefined where the provider has no list that could be asked for. */
function ask({ models }: Context, provider: Provider): Promise<ModelListing> | undefined {
  const within = provider.local ? LOCAL_WITHIN_MS : CLOUD_WITHIN_MS;
  return models.list(provider.name, AbortSignal.timeout(within));
}

/** How a server on this machine is started, by the provider's name. */
const STARTS: Readonly<Record<string, string>> = {
  ollama: 'ollama serve',
  llamacpp: 'llama-server -m model.gguf',
  lmstudio: 'lms server start',
  vllm: 'vllm serve MODEL',
};

function describeFailure(provider: Provider, error: LlmError, { redactor }: Context): MissingView {
  const address = addressOf(provider);
  if (error.kind === 'auth') {
    const next =
      provider.key === null ? 'Its configuration may name a key: key_env.' : `Set another ${provider.key.variable}.`;
    return { kind: 'key', message: `${provider.title} refused the key.`, next };
  }
  const isSilent = error.kind === 'http' || error.kind === 'cancelled' || error.kind === 'stream_cut';
  if (provider.local && isSilent) {
    const start = Object.hasOwn(STARTS, provider.name) ? ` (${STARTS[provider.name]})` : '';
    const next = `Start it${start}, or set base_url in [providers.${provider.name}] of config.toml.`;
    return { kind: 'server', message: `Nothing answers at ${address}.`, next };
  }
  if (error.kind === 'cancelled') {
    return {
      kind: 'server',
      message: `${address} did not answer in time.`,
      next: 'Look at the network, then try again.',
    };
  }
  return {
    kind: 'other',
    message: redactor.text(error.message),
    next: `Ask a model of it: animus model test ${provider.name}/…`,
  };
}

function viewWindows(context: Context): ProviderView {
  const { windowModels } = context;
  const offered = windowModels.list();
  const models = offered.map(({ vendor, id, label, max_input_tokens, allowed }): ListedModelView => {
    const model = viewModel(context, `vscode/${vendor}/${id}`);
    return { ...model, label, context_tokens: max_input_tokens, usable: allowed };
  });
  const missing = missingOfWindows(windowModels.windowCount, models);
  return { name: 'vscode', title: 'VS Code', kind: 'vscode', address: null, missing, models, more: false };
}

function missingOfWindows(windows: number, models: readonly ListedModelView[]): MissingView | null {
  if (windows === 0) {
    const next = 'Open this folder in VS Code, and the Animus view in it.';
    return { kind: 'window', message: 'No window of VS Code is open here.', next };
  }
  if (models.length === 0) {
    const next = 'Sign in to GitHub Copilot there, or install an extension that brings models.';
    return { kind: 'window', message: 'The windows that are open have no models.', next };
  }
  if (models.some(({ usable }) => usable)) return null;
  const next = 'Choose one in VS Code: Animus: Choose Model.';
  return { kind: 'permission', message: 'Nobody has let Animus use one of these.', next };
}

function demo(context: Context): ListedModelView {
  return { ...viewModel(context, 'scripted/demo'), label: 'A script, not a model' };
}

function viewModel({ models }: Context, name: string): ListedModelView {
  const price = models.priceOf(name);
  return {
    name,
    label: null,
    context_tokens: contextTokens(name),
    price: price === undefined ? null : { input: price.input, output: price.output },
    is_default: name === models.defaultModel,
    usable: true,
  };
}

function kindOf({ format, local }: Provider): ProviderView['kind'] {
  if (format === 'scripted') return 'script';
  return local ? 'local' : 'cloud';
}

function addressOf(provider: Provider): string | null {
  return provider.format === 'scripted' ? null : provider.baseUrl;
}
