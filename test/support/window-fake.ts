/** A window of VS Code as the host sees it, whose answers the test decides. */
import type { AskedEnd, WindowLink } from '../../src/host/api/window-link.ts';
import type { ModelPart, ModelQuestion, OfferedModel } from '../../src/protocol/window-models.ts';

export function offered(vendor: string, id: string, more: Partial<OfferedModel> = {}): OfferedModel {
  return { vendor, id, family: id, label: id, version: '1', max_input_tokens: 32_000, allowed: true, ...more };
}

type Answer = (tell: (part: ModelPart) => void, signal: AbortSignal) => AskedEnd | Promise<AskedEnd>;

export class FakeWindow implements WindowLink {
  readonly asked: Omit<ModelQuestion, 'id'>[] = [];
  readonly closed: Promise<void>;
  answer: Answer;
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
