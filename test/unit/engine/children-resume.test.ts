/** The hosts of a family die at each of their transactions in turn, and others go on. */
import assert from 'node:assert/strict';
import type { Db } from '../../../src/host/db/types.ts';
import { runFocus } from '../../../src/host/engine/focus/run-focus.ts';
import { listTree } from '../../../src/host/store/work/find.ts';
import { childTools, delegate, modelOfTasks } from '../../support/engine-children.ts';
import { dyingDatabase, engineDatabase, lossyDatabase } from '../../support/engine-database.ts';
import { type Bench, facultyOf, openBench } from '../../support/engine-focus.ts';

const client = modelOfTasks({ parent: delegate(['child']), child: () => ({ text: 'seven herons' }) });

/** Claims and runs until nothing is left to claim, or the host dies. */
async function live(bench: Bench, db: Db): Promise<void> {
  const never = new AbortController().signal;
  for (;;) {
    const claimed = await bench.tryClaim();
    if (!claimed) return;
    // What a digest says of the family has its times in it.
    const faculty = facultyOf({ awareness: { enabled: false } });
    const claim = { ...claimed, faculty, stopping: never, held: never, abort: never, lost: never };
    await runFocus(bench.dependencies(client, { db, engineTools: childTools() }), claim);
    if ((db as { died?: boolean }).died) return;
  }
}

/** All of the family that must not depend on how it came about. */
async function trace(bench: Bench, id: string) {
  const tree = await listTree(bench.db, id, 10, 500);
  const ids = new Map(tree.map((item, at) => [item.id, `item ${at}`]));
  const rows = [];
  for (const item of tree) {
    const { foci, messages, calls } = await bench.look(item.id);
    const waits = await bench.db.query(
      'select kind, mode, resolved_at is null as open from animus.waits where work_item_id = $1',
      [item.id],
    );
    rows.push({
      item: [item.state, item.attempts, item.depth, item.outcome?.summary],
      foci: foci.map(({ status, iterations }) => [status, iterations]),
      messages: messages.map(({ n, kind, content }) => [n, kind, content.blocks]),
      calls: calls.map(({ turn, name, state, result }) => [turn, name, state, result]),
      waits,
    });
  }
  return JSON.parse([...ids].reduce((text, [from, to]) => text.replaceAll(from, to), JSON.stringify(rows))) as unknown;
}

async function run(change: (db: Db) => Db): Promise<{ bench: Bench; family: unknown }> {
  const bench = await openBench();
  const id = await bench.submit({ description: 'parent' });
  await live(bench, change(bench.db));
  await bench.nextHost();
  await live(bench, bench.db);
  return { bench, family: await trace(bench, id) };
}

describe('a family that outlives its hosts', function () {
  this.timeout(120_000);
  let calm: unknown;
  let transactions = 0;

  before(async () => {
    await engineDatabase();
    ({ family: calm } = await run((db) =>
      lossyDatabase(db, (n) => {
        transactions = Math.max(transactions, n);
        return false;
      }),
    ));
    assert.ok(transactions > 10);
  });

  for (const when of ['before', 'after'] as const) {
    it(`[F1] [F13] dies ${when} each commit, and differs in nothing from one that did not`, async () => {
      for (let at = 1; at <= transactions; at += 1) {
        let dying: { died: boolean } | undefined;
        const { family } = await run((db) => {
          const mortal = dyingDatabase(db, at, when);
          dying = mortal;
          return mortal;
        });
        assert.ok(dying?.died, `it lived over transaction ${at}`);
        assert.deepEqual(family, calm, `${when} transaction ${at}`);
      }
    });
  }

  it('loses the answer of every commit, and differs in nothing', async () => {
    const seen = new Set<number>();
    const { family } = await run((db) => lossyDatabase(db, (n) => n % 2 === 1 && !seen.has(n) && Boolean(seen.add(n))));
    assert.deepEqual(family, calm);
  });
});
