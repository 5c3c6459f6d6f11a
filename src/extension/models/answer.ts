/** Answers the host's questions with the models of VS Code. Everything of VS Code itself is handed in. */
import type { AnswerModel } from '../../client/host-client.ts';
import {
  type AskedBlock,
  type ModelEnd,
  type ModelFailure,
  type ModelPart,
  type ModelQuestion,
  PART_TEXT_MAX,
} from '../../protocol/window-models.ts';

/** What is seen of a model of VS Code. */
export type ChatModel = {
  readonly vendor: string;
  readonly id: string;
  readonly family: string;
  readonly name: string;
  readonly version: string;
  readonly maxInputTokens: number;
  /** The stream's pieces, each read by `partOf`. Rejects as VS Code's own does. */
  ask(question: ModelQuestion, signal: AbortSignal): Promise<AsyncIterable<unknown>>;
};

export type AnswerOptions = {
  /** The model at this moment; undefined where it is gone. */
  find(vendor: string, id: string): Promise<ChatModel | undefined>;
  isAllowed(vendor: string): boolean;
  /** Undefined for a piece that is neither text nor a call: newer VS Codes have others. */
  partOf(piece: unknown): ModelPart | undefined;
  log(level: 'info' | 'warn', message: string): void;
};

const LONGEST_MESSAGE = 500;

export function answerWith({ find, isAllowed, partOf, log }: AnswerOptions): AnswerModel {
  return async (question, tell, signal) => {
    const { vendor, model_id: id } = question;
    if (!isAllowed(vendor)) return failed('not_allowed', `Nobody has let Animus use the models of ${vendor}.`);
    try {
      const model = await find(vendor, id);
      if (!model) return failed('not_found', `VS Code has no model ${vendor}/${id} any more.`);
      for await (const piece of await model.ask(question, signal)) {
        if (signal.aborted) break;
        const part = partOf(piece);
        if (part) for (const whole of inParts(part)) tell(whole);
      }
      return { kind: 'done' };
    } catch (error) {
      if (!signal.aborted) log('warn', `${vendor}/${id} did not answer: ${messageOf(error)}`);
      return failureOf(error);
    }
  };
}

/** Text in pieces that the protocol takes. */
function inParts(part: ModelPart): ModelPart[] {
  if (part.type !== 'text' || part.text.length <= PART_TEXT_MAX) return [part];
  const pieces = Math.ceil(part.text.length / PART_TEXT_MAX);
  return Array.from({ length: pieces }, (_, at) => {
    return { type: 'text', text: part.text.slice(at * PART_TEXT_MAX, (at + 1) * PART_TEXT_MAX) };
  });
}

/** VS Code's own error says by its code what kind it is. */
const REASONS: Readonly<Record<string, ModelFailure>> = {
  NoPermissions: 'not_allowed',
  NotFound: 'not_found',
  Blocked: 'blocked',
};

function failureOf(error: unknown): ModelEnd {
  const code = typeof error === 'object' && error !== null && 'code' in error ? String(error.code) : '';
  return failed(Object.hasOwn(REASONS, code) ? (REASONS[code] ?? 'failed') : 'failed', messageOf(error));
}

function failed(reason: ModelFailure, message: string): ModelEnd {
  return { kind: 'failed', reason, message };
}

function messageOf(error: unknown): string {
  const text = error instanceof Error ? error.message : String(error);
  return text.slice(0, LONGEST_MESSAGE) || 'It gave no reason.';
}

/** How a block of ours goes into a message of VS Code's: which of its classes take it is the caller's. */
export type MadeOf<Part> = {
  text(text: string): Part;
  image(data: Uint8Array, mediaType: string): Part;
  call(id: string, name: string, input: object): Part;
  result(id: string, text: string): Part;
};

/** An error has no flag there, so that it is said in words. */
const FAILED = 'The call failed.';

export function partsOf<Part>(blocks: readonly AskedBlock[], make: MadeOf<Part>): Part[] {
  return blocks.map((block) => partFor(block, make));
}

function partFor<Part>(block: AskedBlock, make: MadeOf<Part>): Part {
  switch (block.type) {
    case 'text':
      return make.text(block.text);
    case 'image':
      return make.image(Buffer.from(block.data, 'base64'), block.media_type);
    case 'tool_call':
      return make.call(block.id, block.name, block.input);
    case 'tool_result':
      return make.result(block.id, block.is_error ? `${FAILED}\n${block.text}` : block.text);
  }
}
