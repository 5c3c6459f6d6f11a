/** One client's end of what a host asks of windows: a question to a model, whose parts come before its end, and a call of a tool. */
import { randomUUID } from 'node:crypto';
import { CancellationTokenSource, type MessageConnection } from 'vscode-jsonrpc/node';
import type * as z from 'zod';
import { MAX_FRAME_BYTES } from '../../protocol/versions.ts';
import {
  ASK_MODEL,
  MODEL_PART,
  type ModelEnd,
  type ModelPart,
  type ModelQuestion,
  modelEnd,
  modelPart,
} from '../../protocol/window-models.ts';
import { CALL_TOOL, type ToolCall, type ToolCallEnd, toolCallEnd } from '../../protocol/window-tools.ts';

/** How any request to a window may end besides its answer. */
export type Unanswered =
  | { kind: 'cancelled' }
  /** The window went away. */
  | { kind: 'gone' }
  /** What it said is no answer. */
  | { kind: 'malformed' }
  /** The request does not fit into one message; nothing was sent. */
  | { kind: 'too_long' };

export type AskedEnd = ModelEnd | Unanswered;
export type CalledEnd = ToolCallEnd | Unanswered;

/** What the rest of the host sees of a window. */
export type WindowLink = {
  /** Resolves when the window is gone. */
  readonly closed: Promise<void>;
  /** Parts come before the end resolves. An aborted signal ends it as `cancelled`, whatever the window does. Never rejects. */
  ask(question: Omit<ModelQuestion, 'id'>, onPart: (part: ModelPart) => void, signal: AbortSignal): Promise<AskedEnd>;
  /** As `ask`; the window is told where the signal ends it. */
  call(call: Omit<ToolCall, 'id'>, signal: AbortSignal): Promise<CalledEnd>;
};

/** The rest of the message takes some bytes too. */
const REQUEST_MAX_BYTES = MAX_FRAME_BYTES - 64 * 1024;

const CANCELLED = { kind: 'cancelled' } as const;
const MALFORMED = { kind: 'malformed' } as const;

type Open = { onPart: (part: ModelPart) => void; onMalformed: () => void };

export function createWindowLink(
  connection: MessageConnection,
  closed: Promise<void>,
  onRefused: (reason: string) => void,
): WindowLink {
  const open = new Map<string, Open>();
  connection.onNotification(MODEL_PART, (params: unknown) => {
    const parsed = modelPart.safeParse(params);
    if (parsed.success) {
      // A part may cross a cancellation on its way: nobody hears it any more.
      open.get(parsed.data.id)?.onPart(parsed.data.part);
      return;
    }
    onRefused('a part of an answer that is none');
    open.get(idOf(params))?.onMalformed();
  });
  return {
    closed,
    async ask(asked, onPart, signal) {
      const question: ModelQuestion = { id: randomUUID(), ...asked };
      const { promise: malformed, resolve } = Promise.withResolvers<Unanswered>();
      open.set(question.id, { onPart, onMalformed: () => resolve(MALFORMED) });
      try {
        return await send(connection, ASK_MODEL, question, modelEnd, signal, malformed);
      } finally {
        open.delete(question.id);
      }
    },
    call: (called, signal) => send(connection, CALL_TOOL, { id: randomUUID(), ...called }, toolCallEnd, signal),
  };
}

/** `ended` ends it before its answer. */
async function send<End>(
  connection: MessageConnection,
  method: string,
  params: object,
  schema: z.ZodType<End>,
  signal: AbortSignal,
  ended?: Promise<Unanswered>,
): Promise<End | Unanswered> {
  if (Buffer.byteLength(JSON.stringify(params)) > REQUEST_MAX_BYTES) return { kind: 'too_long' };
  if (signal.aborted) return CANCELLED;
  const source = new CancellationTokenSource();
  const { promise: end, resolve } = Promise.withResolvers<End | Unanswered>();
  const cancel = () => resolve(CANCELLED);
  signal.addEventListener('abort', cancel);
  void ended?.then(resolve);
  // On a connection that is closed it throws at once.
  const request = async (): Promise<unknown> => connection.sendRequest(method, params, source.token);
  request().then(
    (answer) => resolve(schema.safeParse(answer).data ?? MALFORMED),
    // It was closed, or it does not answer such requests: either way it gives no answer.
    () => resolve({ kind: 'gone' }),
  );
  try {
    return await end;
  } finally {
    signal.removeEventListener('abort', cancel);
    // Means nothing to a request that was answered.
    source.cancel();
    source.dispose();
  }
}

function idOf(params: unknown): string {
  const id = typeof params === 'object' && params !== null && 'id' in params ? params.id : undefined;
  return typeof id === 'string' ? id : '';
}
