/** What decides whether a call may run. The loop is handed one; it imports none. */
import type { Tx } from '../../db/types.ts';
import type { JsonValue } from '../../llm/types.ts';
import type { FileRules } from './file-rules.ts';
import type { RecordedCall } from './recorded.ts';
import type { Evaluation, StoredCallWait, Tool } from './tool.ts';

/** `arguments` are the effective ones as stored, `input` the same as the tool's schema gives them. */
export type AskedCall = { call: RecordedCall; tool: Tool; arguments: JsonValue; input: unknown };

export type Allowed = {
  kind: 'allowed';
  /** Where the path that the call is about leads, from the workspace or absolute. A tool that goes elsewhere is not allowed. */
  path?: string;
  /** For a tool that goes over files: what it may give of them. */
  files?: FileRules;
};

export type Permission =
  | Allowed
  /** `byPerson`: somebody refused this very call, which holds over whatever they allow later. */
  | { kind: 'denied'; reason: string; byPerson?: true }
  /** A person decides. Evaluated at the end of the turn and at each wake, as a tool that waits is. */
  | {
      kind: 'ask';
      evaluate(stored: StoredCallWait | null, tx: Tx): Promise<Exclude<Evaluation, { kind: 'result' }>>;
    };

export interface Permissions {
  /** As they are now; called once a call's hooks have had their say, and again after each wait. */
  decide(asked: AskedCall): Promise<Permission>;
}
