/** One small question to a model, once and without a second try, to see whether and how it answers. */
import type { ModelTest } from '../../protocol/models.ts';
import type { CompletionRequest, CompletionResponse, LlmClient, LlmError, LlmEvent } from '../llm/types.ts';
import type { ApiContext } from './context.ts';

type Context = Pick<ApiContext, 'costOf' | 'models' | 'providers' | 'redactor'>;

const LONGEST_TEXT = 2000;
const WITHIN_MS = 90_000;

const QUESTION: Omit<CompletionRequest, 'model'> = {
  system: [],
  messages: [
    { role: 'user', content: [{ type: 'text', text: 'This tests the connection. Answer: I am ready to work.' }] },
  ],
  tools: [],
  // Models that think spend tokens on that, too.
  maxTokens: 1024,
};

const NOTHING = { text: '', pieces: 0, first_piece_ms: null, total_ms: 0, usage: null, cost_usd: null };

export async function testModel(context: Context, model: string): Promise<ModelTest> {
  const opened = context.models.open(model);
  switch (opened.kind) {
    case 'ready':
      return ask(context, model, opened.client, opened.modelName);
    case 'unknown':
      throw new Error(`${model} was known a moment ago: ${opened.message}`);
    case 'needs_credentials': {
      const provider = context.providers.find(({ name }) => name === opened.provider);
      const next = `Set ${provider?.key?.variable ?? 'it'}, or choose another model: animus model list.`;
      const message = `There is no key for ${provider?.title ?? opened.provider}.`;
      return { model, ...NOTHING, error: waiting('auth', message, next) };
    }
    case 'unavailable':
      return { model, ...NOTHING, error: noWindow(model) };
  }
}

async function ask({ costOf, redactor }: Context, model: string, client: LlmClient, name: string): Promise<ModelTest> {
  const began = performance.now();
  const since = () => Math.round(performance.now() - began);
  const seen = { text: '', pieces: 0, first_piece_ms: null as number | null };
  const end = await firstTry(client, { ...QUESTION, model: name }, (text) => {
    seen.text = (seen.text + text).slice(0, LONGEST_TEXT);
    seen.pieces += 1;
    seen.first_piece_ms ??= since();
  });
  const tried = { model, ...seen, text: redactor.text(seen.text), total_ms: since() };
  if (end.kind === 'failed') {
    return { ...tried, usage: null, cost_usd: null, error: describe(model, end.error, (text) => redactor.text(text)) };
  }
  const { input, output, estimated = false } = end.response.usage;
  const micros = costOf(model, end.response.usage);
  return {
    ...tried,
    usage: { input, output, estimated },
    cost_usd: micros === null ? null : micros / 1_000_000,
    error: null,
  };
}

type End = { kind: 'done'; response: CompletionResponse } | { kind: 'failed'; error: LlmError };

async function firstTry(client: LlmClient, request: CompletionRequest, onText: (text: string) => void): Promise<End> {
  for await (const event of client.stream(request, AbortSignal.timeout(WITHIN_MS)) as AsyncIterable<LlmEvent>) {
    if (event.type === 'text_delta') onText(event.text);
    if (event.type === 'done') return { kind: 'done', response: event.response };
    // A second try would hide what is wrong with the first.
    if (event.type === 'failed' || event.type === 'retry') return { kind: 'failed', error: event.error };
  }
  return { kind: 'failed', error: { kind: 'malformed', message: 'The stream ended without an end.' } };
}

type TestError = NonNullable<ModelTest['error']>;

function describe(model: string, error: LlmError, redact: (text: string) => string): TestError {
  const message = redact(error.message);
  const failed = (next: string): TestError => ({ kind: error.kind, message, next, waits: false });
  switch (error.kind) {
    case 'auth':
      return waiting(error.kind, message, 'Set another key.');
    case 'insufficient_quota':
      return waiting(error.kind, message, 'Look at the plan and the payment of the account.');
    case 'unavailable':
      return { ...noWindow(model), message };
    case 'rate_limited':
    case 'overloaded':
      return failed('Try again later; work waits and goes on by itself.');
    case 'cancelled':
      return { ...failed('Try again later.'), message: `There was no whole answer in ${WITHIN_MS / 1000} s.` };
    case 'http':
    case 'stream_cut':
    case 'command_failed':
      return failed('Look at the address (animus model list) and the network.');
    case 'api':
      return failed(
        error.status === 404 ? 'animus model list shows the models there are.' : "The provider's own words say more.",
      );
    case 'context_exceeded':
    case 'refused':
    case 'malformed':
      return failed('Choose another model: animus model list.');
  }
}

function waiting(kind: string, message: string, next: string): TestError {
  return { kind, message, next, waits: true };
}

function noWindow(model: string): TestError {
  const next = 'Open this folder in VS Code and choose the model there: Animus: Choose Model.';
  return waiting('unavailable', `No open VS Code window that Animus may ask has ${model}.`, next);
}
