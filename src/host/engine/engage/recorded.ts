/** Calls as the journal has them. */
import type { JsonValue } from '../../llm/types.ts';
import type { Caller, ToolResult } from './tool.ts';

export type RecordedCall = {
  id: string;
  turn: number;
  caller: Caller;
  position: number;
  /** The provider's id, which pairs call and result. */
  providerCallId: string;
  name: string;
  input: unknown;
  /** What hooks made of the input. Undefined while none was asked. */
  effectiveInput?: JsonValue;
  /** Set where the arguments did not parse; such a call is answered and never run. */
  invalid?: { raw: string; reason: string };
  /** Started, and no result recorded: the process that ran it is gone. */
  started: boolean;
  /** It was evaluated before, and the focus parked for it. */
  waiting: boolean;
  /** The tool gave this, and hooks are still to see it. */
  raw?: ToolResult;
  result: ToolResult | null;
};
