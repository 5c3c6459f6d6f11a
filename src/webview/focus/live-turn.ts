/** The turn that is being written. Nothing of it is recorded yet: a retry, or the record itself, takes its place. */
import type { MessageView } from '../../protocol/focus.ts';
import type { ToFocusView } from '../../protocol/webview.ts';

export type LiveTurn = {
  turn: number;
  text: string;
  /** Names of the tools that it has begun to call. */
  calls: string[];
  /** Why it begins anew, where it does. */
  retryReason: string | null;
};

type Delta = Extract<ToFocusView, { type: 'delta' }>;

export function applyDelta(
  live: LiveTurn | null,
  { turn, kind, text }: Delta,
  recorded: readonly MessageView[],
): LiveTurn | null {
  if (isRecorded(turn, recorded)) return live && !isRecorded(live.turn, recorded) ? live : null;
  const fresh: LiveTurn = { turn, text: '', calls: [], retryReason: null };
  const isHeard = live?.turn === turn;
  const current = isHeard ? live : fresh;
  switch (kind) {
    case 'turn_start':
      return fresh;
    case 'retry':
      return { ...fresh, retryReason: text };
    case 'text':
      // Who begins to look in the middle of a turn sees that something stood before.
      return { ...current, text: isHeard ? current.text + text : `… ${text}` };
    case 'tool_call':
      return { ...current, calls: [...current.calls, text] };
  }
}

/** Null once the answer is there as a message. */
export function keepUnrecorded(live: LiveTurn | null, recorded: readonly MessageView[]): LiveTurn | null {
  return live && isRecorded(live.turn, recorded) ? null : live;
}

function isRecorded(turn: number, recorded: readonly MessageView[]): boolean {
  return recorded.some((message) => message.turn >= turn && message.role === 'assistant');
}
