/** A window of VS Code as the host sees it, whose answers the test decides. */
import type { AskedEnd, CalledEnd, WindowLink } from '../../src/host/api/window-link.ts';
import type { JsonObject } from '../../src/protocol/json.ts';
import type { ModelPart, ModelQuestion, OfferedModel } from '../../src/protocol/window-models.ts';
import type { OfferedTool, ToolCall } from '../../src/protocol/window-tools.ts';

export function offered(vendor: string, id: string, more: Partial<OfferedModel> = {}): OfferedModel {
  return { vendor, id, family: id, label: id, version: '1', max_input_tokens: 32_000, allowed: true, ...more };
}

/** A tool that takes a text. */
export function offeredTool(name: string, more: Partial<OfferedTool> = {}): OfferedTool {
  const input_schema: JsonObject = { type: 'object', properties: { text: { type: 'string' } }, required: ['text'] };
  return { name, description: `Does ${name}.`, input_schema, tags: [], ...more };
}

type Run = (call: Omit<ToolCall, 'id'>, signal: AbortSignal) => CalledEnd | Promise<CalledEnd>;

type Answer = (tell: (part: ModelPart) => void, signal: AbortSignal) => AskedEnd | Promise<AskedEnd>;

export class FakeWindow implements WindowLink {
  readonly asked: Omit<ModelQuestion, 'id'>[] = [];
  readonly closed: Promise<void>;
  answer: Answer;
  readonly called: Omit<ToolCall, 'id'>[] = [];
  run: Run = ({ name }) => ({ kind: 'done', text: `${name} ran.` });
  #close: () => void = () => undefined;

  constructor(answer: Answer = says('Done.')) {
    this.answer = answer;
    this.closed = new Promise((resolve) => {
      this.#close = resolve;
    });
  }

  async ask(question: Omit<ModelQuestion, 'id'>, onPart: (part: ModelPart) => void, signal: AbortSignal) {
    this.asked.push(question);
    return this.answer(onPart, signal);
  }

  async call(call: Omit<ToolCall, 'id'>, signal: AbortSignal) {
    this.called.push(call);
    return this.run(call, signal);
  }

  async close(): Promise<void> {
    this.#close();
    await this.closed;
  }
}

export function says(...texts: string[]): Answer {
  return (tell) => {
    for (const text of texts) tell({ type: 'text', text });
    return { kind: 'done' };
  };
}
