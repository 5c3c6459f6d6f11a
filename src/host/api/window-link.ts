/** One client's end of what a host asks of windows: a question goes out, its parts come in, and its end. */
import { randomUUID } from 'node:crypto';
import { CancellationTokenSource, type MessageConnection } from 'vscode-jsonrpc/node';
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

export type AskedEnd =
  | ModelEnd
  | { kind: 'cancelled' }
  /** The window went away. */
  | { kind: 'gone' }
  /** What it said is no answer. */
  | { kind: 'malformed' }
  /** The question does not fit into one message; nothing was sent. */
  | { kind: 'too_long' };

/** What the rest of the host sees of a window. */
export type WindowLink = {
  /** Resolves when the window is gone. */
  readonly closed: Promise<void>;
  /** Parts come before the end resolves. An aborted signal ends it as `cancelled`, whatever the window does. Never rejects. */
  ask(question: Omit<ModelQuestion, 'id'>, onPart: (part: ModelPart) => void, signal: AbortSignal): Promise<AskedEnd>;
};

/** The rest of the message takes some bytes too. */
const QUESTION_MAX_BYTES = MAX_FRAME_BYTES - 64 * 1024;

const CANCELLED: AskedEnd = { kind: 'cancelled' };

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
      if (Buffer.byteLength(JSON.stringify(question)) > QUESTION_MAX_BYTES) return { kind: 'too_long' };
      if (signal.aborted) return CANCELLED;
      const source = new CancellationTokenSource();
      try {
        return await new Promise<AskedEnd>((resolve) => {
          open.set(question.id, { onPart, onMalformed: () => resolve({ kind: 'malformed' }) });
          signal.addEventListener('abort', () => resolve(CANCELLED), { once: true });
          // On a connection that is closed it throws at once.
          const send = async (): Promise<unknown> => connection.sendRequest(ASK_MODEL, question, source.token);
          send().then(
            (answer) => resolve(modelEnd.safeParse(answer).data ?? { kind: 'malformed' }),
            // It was closed, or it does not answer such requests: either way it gives no answer.
            () => resolve({ kind: 'gone' }),
          );
        });
      } finally {
        open.delete(question.id);
        // Means nothing to a question that was answered.
        source.cancel();
        source.dispose();
      }
    },
  };
}

function idOf(params: unknown): string {
  const id = typeof params === 'object' && params !== null && 'id' in params ? params.id : undefined;
  return typeof id === 'string' ? id : '';
}
