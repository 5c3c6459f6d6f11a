/** Closed blocks of a focus's context: decided once, with what stands in their place. */
import type { Queryable, Tx } from '../../db/types.ts';

export type BlockRow = {
  block: number;
  firstMessage: number;
  lastMessage: number;
  stub: string;
  measuredTokens: number;
  folds: boolean;
  steps: number[];
  throughSeq: number;
};

const BLOCK_COLUMNS = `block, first_message as "firstMessage", last_message as "lastMessage", stub,
  measured_tokens as "measuredTokens", folds, steps, through_seq as "throughSeq"`;

export async function insertBlock(tx: Tx, focusId: string, row: BlockRow): Promise<void> {
  await tx.query(
    `insert into animus.context_blocks
       (focus_id, block, first_message, last_message, stub, measured_tokens, folds, steps, through_seq)
     values ($1, $2, $3, $4, $5, $6, $7, $8::integer[], $9)`,
    [
      focusId,
      row.block,
      row.firstMessage,
      row.lastMessage,
      row.stub,
      row.measuredTokens,
      row.folds,
      row.steps,
      row.throughSeq,
    ],
  );
}

/** In order. `after` and `beforeMessage` leave out the blocks up to one, and those that closed later. */
export async function readBlocks(
  db: Queryable,
  focusId: string,
  { after = -1, beforeMessage }: { after?: number; beforeMessage?: number } = {},
): Promise<BlockRow[]> {
  return db.query<BlockRow>(
    `select ${BLOCK_COLUMNS} from animus.context_blocks
     where focus_id = $1 and block > $2 and ($3::integer is null or last_message < $3) order by block`,
    [focusId, after, beforeMessage ?? null],
  );
}

/** The block in which an entry of the focus was recorded; undefined while that block is open. */
export async function findBlockOf(db: Queryable, focusId: string, seq: number): Promise<BlockRow | undefined> {
  const [row] = await db.query<BlockRow>(
    `select ${BLOCK_COLUMNS} from animus.context_blocks
     where focus_id = $1 and through_seq >= $2 order by block limit 1`,
    [focusId, seq],
  );
  return row;
}
