/** A place with years of work in it, made by the database itself. */
import type { Db } from '../../src/host/db/types.ts';
import { PLACE } from './work-rows.ts';

export type ManyRows = { items: number; entriesEach: number };

/**
 * Items of three faculties in trees of ten, one in ten of them open, the others ended within the last day; each with a plan
 * and findings that name files.
 */
export async function insertManyRows(db: Db, { items, entriesEach }: ManyRows, place = PLACE): Promise<void> {
  await db.query(
    `insert into animus.work_items (id, place, parent_id, root_id, depth, faculty, description, state, max_attempts,
       provenance, outcome, created_at, updated_at, resolved_at)
     select ${id('n')}, $1, case when n % 10 = 0 then null else ${id('n - n % 10')} end, ${id('n - n % 10')},
       case when n % 10 = 0 then 0 else 1 end, (array['general', 'coder', 'researcher'])[1 + n % 3],
       'Look at module ' || n || ' and say what in src/module-' || n % 500 || '.ts is slow, and why.',
       case when n % 10 = 1 then 'waiting' when n % 10 = 2 then 'running' else 'completed' end, 3, '{"source": "cli"}',
       case when n % 10 in (1, 2) then null
         else jsonb_build_object('success', true, 'summary', repeat('Module ' || n || ' waits for its disk. ', 8)) end,
       now() - interval '1 day', now() - n * interval '8 seconds',
       case when n % 10 in (1, 2) then null else now() - n * interval '8 seconds' end
     from generate_series(0, $2::integer - 1) n`,
    [place, items],
  );
  await db.query(
    `insert into animus.work_ledger (id, work_item_id, faculty, seq, entry_type, content, data, created_at)
     select gen_random_uuid(), ${id('n')}, 'coder', s, case when s = 1 then 'plan' when s % 2 = 0 then 'finding' else 'note' end,
       repeat('In src/module-' || (n * 7 + s) % 500 || '.ts line ' || s || ' reads the file again. ', 6),
       jsonb_build_object('files', jsonb_build_array('src/module-' || (n * 7 + s) % 500 || '.ts')),
       now() - n * interval '8 seconds' - s * interval '1 millisecond'
     from generate_series(0, $1::integer - 1) n, generate_series(1, $2::integer) s`,
    [items, entriesEach],
  );
  await db.query(
    'insert into animus.ledger_heads (work_item_id, seq) select work_item_id, max(seq) from animus.work_ledger group by 1',
  );
}

const id = (number: string) => `('01900000-0000-7000-8000-' || lpad(to_hex((${number})::integer), 12, '0'))::uuid`;

/** The id of the n-th item, from 0. */
export const idOfRow = (number: number) => `01900000-0000-7000-8000-${number.toString(16).padStart(12, '0')}`;
