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
  const facts = { address: addressOf(provider), credential: key?.credential ?? null, kind: kindOf(provider) };
  const view = { name, title, ...facts, more: false };
  if (provider.format === 'scripted') return { ...view, missing: null, models: [demo(context)] };
  const known = knownModels(name).map((model) => viewModel(context, `${name}/${model}`));
  if (key !== null && !context.hasCredential(name)) {
    const missing = lacks('key', `There is no key for ${title}.`, `Set ${key.variable}.`);
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
  const { name, title, local, key } = provider;
  const address = addressOf(provider);
  const isSilent = error.kind === 'http' || error.kind === 'cancelled' || error.kind === 'stream_cut';
  if (error.kind === 'auth') {
    const next = key === null ? 'Its configuration may name a key: key_env.' : `Set another ${key.variable}.`;
    return lacks('key', `${title} refused the key.`, next);
  }
  if (local && isSilent) {
    const command = Object.hasOwn(STARTS, name) ? (STARTS[name] ?? null) : null;
    const start = command === null ? 'Start it' : `Start it (${command})`;
    return lacks('server', `Nothing answers at ${address}.`, `${start}, or say in config.toml where it is.`, command);
  }
  if (local) {
    return lacks('server', `What answers at ${address} is not ${title}.`, 'Say in config.toml where that is.');
  }
  const message = error.kind === 'cancelled' ? `${address} did not answer in time.` : redactor.text(error.message);
  return lacks(
    'other',
    message,
    isSilent ? 'Look at the network, then try again.' : 'Look at its address in config.toml.',
  );
}

function lacks(kind: MissingView['kind'], message: string, next: string, command: string | null = null): MissingView {
  return { kind, message, next, command };
}

function viewWindows(context: Context): ProviderView {
  const { windowModels } = context;
  const offered = windowModels.list();
  const models = offered.map(({ vendor, id, label, max_input_tokens, allowed }): ListedModelView => {
    const model = viewModel(context, `vscode/${vendor}/${id}`);
    return { ...model, label, context_tokens: max_input_tokens, usable: allowed };
  });
  const missing = missingOfWindows(windowModels.windowCount, models);
  const facts = { name: 'vscode', title: 'VS Code', kind: 'vscode' as const, address: null, credential: null };
  return { ...facts, missing, models, more: false };
}

function missingOfWindows(windows: number, models: readonly ListedModelView[]): MissingView | null {
  if (windows === 0) {
    const next = 'Open this folder in VS Code, and the Animus view in it.';
    return lacks('window', 'No window of VS Code is open here.', next);
  }
  if (models.length === 0) {
    const next = 'Sign in to GitHub Copilot there, or install an extension that brings models.';
    return lacks('window', 'The windows that are open have no models.', next);
  }
  if (models.some(({ usable }) => usable)) return null;
  return lacks('permission', 'Nobody has let Animus use one of these.', 'Choose one in VS Code: Animus: Choose Model.');
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
