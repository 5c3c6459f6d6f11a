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

/** Whether a later version of Animus wrote one of a focus's messages in a form that this one cannot read. */
export async function hasUnreadable(db: Queryable, focusId: string): Promise<boolean> {
  const rows = await db.query(
    'select 1 from animus.focus_messages where focus_id = $1 and format_version > $2 limit 1',
    [focusId, MESSAGE_FORMAT],
  );
  return rows.length > 0;
}

/** Whether one of a focus's messages has this among the facts beside its blocks. */
export async function hasMessageWith(db: Queryable, focusId: string, fact: string): Promise<boolean> {
  const rows = await db.query('select 1 from animus.focus_messages where focus_id = $1 and content ? $2 limit 1', [
    focusId,
    fact,
  ]);
  return rows.length > 0;
}

export async function readLastMessage(db: Queryable, focusId: string) {
  const [last] = await db.query<Pick<StoredMessage, 'n' | 'turn' | 'block'>>(
    'select n, turn, block from animus.focus_messages where focus_id = $1 order by n desc limit 1',
    [focusId],
  );
  return last;
}

/** In order; `afterN` leaves out what the caller has. */
export async function readMessages(db: Queryable, focusId: string, afterN = 0): Promise<StoredMessage[]> {
  return db.query<StoredMessage>(
    `select n, turn, block, role, kind, content, format_version as "formatVersion", created_at as "createdAt"
     from animus.focus_messages where focus_id = $1 and n > $2 order by n`,
    [focusId, afterN],
  );
}

export type ContextFilter = {
  afterN: number;
  /** Of these kinds also the earlier ones. */
  always: readonly MessageKind[];
  /** Only what was recorded before this message. */
  beforeN?: number;
};

const newest = (condition: string) =>
  `(select n from animus.focus_messages
    where focus_id = $1 and ($4::integer is null or n < $4) and ${condition} order by n desc limit 1)`;

/** What a request may show, and in any case the newest message, answer, and mark of the ledger. In order. */
export async function readContextMessages(
  db: Queryable,
  focusId: string,
  { afterN, always, beforeN }: ContextFilter,
): Promise<StoredMessage[]> {
  return db.query<StoredMessage>(
    `select n, turn, block, role, kind, content, format_version as "formatVersion", created_at as "createdAt"
     from animus.focus_messages m where focus_id = $1 and ($4::integer is null or n < $4) and (
       n > $2 or kind = any($3::text[])
       or n = ${newest('true')} or n = ${newest("role = 'assistant'")} or n = ${newest("content->'ledger' is not null")}
     ) order by n`,
    [focusId, afterN, always, beforeN ?? null],
  );
}

/** Some in a row, in order; `lastN` null goes to the newest. */
export async function readMessageRange(
  db: Queryable,
  focusId: string,
  { firstN, lastN }: { firstN: number; lastN: number | null },
): Promise<StoredMessage[]> {
  return db.query<StoredMessage>(
    `select n, turn, block, role, kind, content, format_version as "formatVersion", created_at as "createdAt"
     from animus.focus_messages where focus_id = $1 and n >= $2 and ($3::integer is null or n <= $3) order by n`,
    [focusId, firstN, lastN],
  );
}

/** The places of the model's answers, in order. */
export async function readAnswers(db: Queryable, focusId: string): Promise<{ turn: number; n: number }[]> {
  return db.query<{ turn: number; n: number }>(
    "select turn, n from animus.focus_messages where focus_id = $1 and kind = 'assistant' order by n",
    [focusId],
  );
}
