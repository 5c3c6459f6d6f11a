/** Asks a provider which models it has: once, bounded in time and size, and never with an exception. */
import * as z from 'zod';
import { cleanText, hideKey } from './clean-text.ts';
import { createDeadline } from './deadline.ts';
import { type ExchangeSettings, exchange, readAddress, readBody } from './exchange.ts';
import type { ListedModel, LlmError, ModelListing } from './types.ts';

const MAX_BYTES = 8 * 1024 * 1024;
const MOST_MODELS = 5000;
const LONGEST_NAME = 200;
const TOTAL_TIMEOUT_MS = 30_000;
const LONGEST_EXCERPT = 300;

export type ListingRequest = ExchangeSettings & {
  provider: string;
  title: string;
  baseUrl: string;
  path: string;
  headers: Record<string, string>;
  /** Hidden in whatever comes back. */
  key: string | undefined;
};

export async function listModels(request: ListingRequest, signal: AbortSignal): Promise<ModelListing> {
  const listing = await ask(request, signal);
  if (listing.kind === 'listed' || request.key === undefined) return listing;
  const { key, provider } = request;
  return { kind: 'failed', error: { ...listing.error, message: hideKey(listing.error.message, key, provider) } };
}

async function ask(request: ListingRequest, signal: AbortSignal): Promise<ModelListing> {
  const url = readAddress(request.baseUrl, request.path);
  if (url === undefined) {
    const message = `The base URL for ${request.title} is not an http(s) address, or holds a user name or password.`;
    return failed({ kind: 'api', status: 400, type: 'invalid_base_url', message });
  }
  const deadline = createDeadline(signal, request.clock, TOTAL_TIMEOUT_MS);
  const connection = new AbortController();
  try {
    const headers = { accept: 'application/json', ...request.headers };
    const exchanged = await exchange(request, { url, headers }, deadline, connection.signal);
    if (exchanged.kind === 'failed') return failed(exchanged.error);
    const { text, isWhole } = await readBody(request, exchanged.response, deadline, MAX_BYTES);
    if (signal.aborted) return failed({ kind: 'cancelled', message: 'The request was cancelled.' });
    if (exchanged.response.status !== 200) return failed(refusal(exchanged.response.status, text));
    if (!isWhole) return failed({ kind: 'stream_cut', message: 'The list of models was cut, or is too long.' });
    return readList(text, request.title);
  } finally {
    connection.abort();
  }
}

function refusal(status: number, body: string): LlmError {
  const excerpt = body.replace(/\s+/g, ' ').trim().slice(0, LONGEST_EXCERPT);
  const message = excerpt === '' ? `The provider answered with status ${status} and no reason.` : cleanText(excerpt);
  if (status === 401 || status === 403)
    return { kind: 'auth', message: `The provider refused the key (${status}): ${message}` };
  return { kind: 'api', status, type: 'unknown', message };
}

const tokens = z.int().min(1).nullish().catch(null);

/** How many tokens a model takes has a name of its own with every server that says it. */
const listedModel = z.looseObject({
  id: z.string().min(1).max(LONGEST_NAME),
  display_name: z.string().max(LONGEST_NAME).nullish().catch(null),
  name: z.string().max(LONGEST_NAME).nullish().catch(null),
  max_input_tokens: tokens,
  context_length: tokens,
  context_window: tokens,
  max_model_len: tokens,
});

const list = z.looseObject({ data: z.array(z.unknown()).nullable(), has_more: z.boolean().nullish() });

/** Reads a list as OpenAI and Anthropic write it. Entries without a usable name are left out. */
export function readList(text: string, title: string): ModelListing {
  const parsed = list.safeParse(parseJson(text));
  if (!parsed.success) return failed({ kind: 'malformed', message: `What ${title} sent is no list of models.` });
  const entries = parsed.data.data ?? [];
  const models = entries.slice(0, MOST_MODELS).flatMap((entry): ListedModel[] => {
    const model = listedModel.safeParse(entry);
    return model.success && !/\s/.test(model.data.id) ? [toListed(model.data)] : [];
  });
  return { kind: 'listed', models, isComplete: entries.length <= MOST_MODELS && parsed.data.has_more !== true };
}

function toListed(model: z.output<typeof listedModel>): ListedModel {
  const title = model.display_name ?? model.name;
  const contextTokens = model.context_length ?? model.context_window ?? model.max_model_len ?? model.max_input_tokens;
  return {
    name: cleanText(model.id),
    ...(title ? { title: cleanText(title) } : {}),
    ...(contextTokens ? { contextTokens } : {}),
  };
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

function failed(error: LlmError): ModelListing {
  return { kind: 'failed', error };
}
