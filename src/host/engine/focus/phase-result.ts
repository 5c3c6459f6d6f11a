/** How a phase ends. */
import type { FocusError, Phase } from '../../store/foci/foci.ts';
import type { Outcome, WaitKind } from '../../store/work/types.ts';
import type { ParkReason } from './ending.ts';

export type PhaseResult = { kind: 'next'; phase: Phase } | PhaseEnd;

export type PhaseEnd =
  | { kind: 'completed'; outcome: Outcome }
  | { kind: 'parked'; reason: ParkReason }
  /** Calls wait: the transaction that evaluated them has parked the focus. */
  | { kind: 'calls_wait'; waitsFor: WaitKind }
  /** Asked to stop: the rest is for the next host. */
  | { kind: 'stopped' }
  /** Another focus is to begin from the ledger; this one counts as no attempt. */
  | { kind: 'begin_anew'; error: FocusError }
  | { kind: 'failed'; error: FocusError };
