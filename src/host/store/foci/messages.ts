/** The conversation of a focus, message by message, in a form of our own that no provider's format leaks into. */
import type { JsonObject, JsonValue } from '../../../protocol/json.ts';
import type { Queryable, Tx } from '../../db/types.ts';

/** Raised when the content's form changes in a way that an older host could not read. */
export const MESSAGE_FORMAT = 1;

export type MessageKind = 'task' | 'assistant' | 'tool_results' | 'stub' | 'skill' | 'hook' | 'remark' | 'person';

export type StoredMessage = {
  /** 1, 2, 3 … within the focus. */
  n: number;
  /** The turn it belongs to; 0 for the task. */
  turn: number;
  block: number;
  role: 'user' | 'assistant';
  kind: MessageKind;
  content: { blocks: JsonValue[] } & JsonObject;
  formatVersion: number;
  createdAt: Date;
};

export async function insertMessage(
  tx: Tx,
  focusId: string,
  message: Omit<StoredMessage, 'formatVersion' | 'createdAt'>,
) {
  await tx.query(
    `with message as (
       insert into animus.focus_messages (focus_id, n, turn, block, role, kind, content, format_version)
       values ($1, $2, $3, $4, $5, $6, $7::jsonb, $8) returning focus_id, n
     )
     select pg_notify('animus.focus', json_build_object('id', focus_id, 'n', n)::text)::text from message`,
    [
      focusId,
      message.n,
      message.turn,
      message.block,
      message.role,
      message.kind,
      JSON.stringify(message.content),
      MESSAGE_FORMAT,
    ],
  );
}

/** In order; `afterN` leaves out what the caller has. */
export async function readMessages(db: Queryable, focusId: string, afterN = 0): Promise<StoredMessage[]> {
  return db.query<StoredMessage>(
    `select n, turn, block, role, kind, content, format_version as "formatVersion", created_at as "createdAt"
     from animus.focus_messages where focus_id = $1 and n > $2 order by n`,
    [focusId, afterN],
  );
}
