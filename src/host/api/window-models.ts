/** Which window offers which models, and who of them is asked. */
import type { JsonObject } from '../../protocol/json.ts';
import type { AskedBlock, ModelFailure, ModelQuestion, OfferedModel } from '../../protocol/window-models.ts';
import { isJsonObject } from '../llm/tool-arguments.ts';
import type { CompletionRequest, ContentBlock, LlmError } from '../llm/types.ts';
import type { AskWindow, WindowEnd } from '../llm/vscode/ask.ts';
import type { AskedEnd, WindowLink } from './window-link.ts';

type Window = {
  link: WindowLink;
  models: readonly OfferedModel[];
  /** Counts up over all windows; 0 for one that was never asked. */
  lastAsked: number;
};

export class WindowModels {
  #windows = new Map<WindowLink, Window>();
  #asked = 0;

  /** Takes the place of what the window offered before, and ends with the window. */
  offer(link: WindowLink, models: readonly OfferedModel[]): void {
    const known = this.#windows.get(link);
    if (!known) void link.closed.then(() => this.#windows.delete(link));
    this.#windows.set(link, { link, models, lastAsked: known?.lastAsked ?? 0 });
  }

  /** What the windows have, each model once: allowed where any window may be asked for it. */
  list(): OfferedModel[] {
    const byName = new Map<string, OfferedModel>();
    for (const model of [...this.#windows.values()].flatMap(({ models }) => models)) {
      const name = `${model.vendor}/${model.id}`;
      if (model.allowed || !byName.has(name)) byName.set(name, model);
    }
    return [...byName.values()];
  }

  get windowCount(): number {
    return this.#windows.size;
  }

  /** Whether somebody may be asked; `name` is vendor/family or vendor/id. */
  has(name: string): boolean {
    return this.#pick(name) !== undefined;
  }

  readonly ask: AskWindow = async (request, onPart, signal): Promise<WindowEnd> => {
    const picked = this.#pick(request.model);
    if (!picked) return failed({ kind: 'unavailable', message: `No window offers vscode/${request.model} now.` });
    const { window, model } = picked;
    this.#asked += 1;
    window.lastAsked = this.#asked;
    let hasBegun = false;
    const end = await window.link.ask(
      questionOf(model, request),
      (part) => {
        hasBegun = true;
        onPart(part);
      },
      signal,
    );
    // It says so itself: nothing is asked of it again before it offers anew.
    if (end.kind === 'failed' && WITHDRAWN.includes(end.reason)) this.#withdraw(window.link, model);
    return endOf(end, hasBegun);
  };

  /** The window that was not asked for the longest: the next try after a silent one goes to another. */
  #pick(name: string): { window: Window; model: OfferedModel } | undefined {
    const able = [...this.#windows.values()].flatMap((window) => {
      const model = findModel(window.models, name);
      return model ? [{ window, model }] : [];
    });
    return able.sort((a, b) => a.window.lastAsked - b.window.lastAsked)[0];
  }

  #withdraw(link: WindowLink, { vendor, id }: OfferedModel): void {
    const window = this.#windows.get(link);
    if (!window) return;
    window.models = window.models.filter((model) => model.vendor !== vendor || model.id !== id);
  }
}

const WITHDRAWN: readonly ModelFailure[] = ['not_allowed', 'not_found'];

/** By id before family, of which there may be several. */
function findModel(models: readonly OfferedModel[], name: string): OfferedModel | undefined {
  const usable = models.filter(({ allowed }) => allowed);
  return (
    usable.find(({ vendor, id }) => `${vendor}/${id}` === name) ??
    usable.find(({ vendor, family }) => `${vendor}/${family}` === name)
  );
}

function questionOf({ vendor, id }: OfferedModel, request: CompletionRequest): Omit<ModelQuestion, 'id'> {
  const { system, messages, tools, toolChoice } = request;
  const mayCall = toolChoice?.type !== 'none';
  const wanted = toolChoice?.type === 'tool' ? tools.filter(({ name }) => name === toolChoice.name) : tools;
  const instructions = system.map(({ text }) => text).filter((text) => text.trim() !== '');
  const first: ModelQuestion['messages'] =
    instructions.length === 0 ? [] : [{ role: 'user', content: instructions.map((text) => ({ type: 'text', text })) }];
  return {
    vendor,
    model_id: id,
    messages: [
      ...first,
      ...messages.map(({ role, content }) => ({ role, content: content.flatMap(askedBlocks) })),
    ].filter(({ content }) => content.length > 0),
    tools: mayCall
      ? wanted.map(({ name, description, inputSchema }) => ({ name, description, input_schema: inputSchema }))
      : [],
    must_call: toolChoice?.type === 'any' || toolChoice?.type === 'tool',
  };
}

/** None for what is not sent. */
function askedBlocks(block: ContentBlock): AskedBlock[] {
  switch (block.type) {
    case 'text':
      return block.text.trim() === '' ? [] : [{ type: 'text', text: block.text }];
    case 'image':
      return [{ type: 'image', media_type: block.mediaType, data: block.data }];
    case 'thinking':
      return [];
    case 'tool_use': {
      const input: JsonObject = isJsonObject(block.input) ? block.input : {};
      return [{ type: 'tool_call', id: block.id, name: block.name, input }];
    }
    case 'tool_result':
      return [{ type: 'tool_result', id: block.toolUseId, text: block.content, is_error: block.isError }];
  }
}

function endOf(end: AskedEnd, hasBegun: boolean): WindowEnd {
  switch (end.kind) {
    case 'done':
      return { kind: 'done' };
    case 'cancelled':
      return failed({ kind: 'cancelled', message: 'The request was cancelled.' });
    case 'gone':
      return failed({ kind: 'stream_cut', message: 'The window went away before the answer was complete.' });
    case 'malformed':
      return failed({ kind: 'malformed', message: 'What the window sent is no answer.' });
    case 'too_long':
      return failed({ kind: 'context_exceeded', message: 'The conversation is too long to be handed to a window.' });
    case 'failed':
      return failed(errorOf(end.reason, end.message, hasBegun));
  }
}

function errorOf(reason: ModelFailure, message: string, hasBegun: boolean): LlmError {
  switch (reason) {
    case 'not_allowed':
    case 'not_found':
      return { kind: 'unavailable', message };
    case 'blocked':
      return { kind: 'rate_limited', message };
    case 'failed':
      return { kind: hasBegun ? 'stream_cut' : 'http', message };
  }
}

function failed(error: LlmError): WindowEnd {
  return { kind: 'failed', error };
}
