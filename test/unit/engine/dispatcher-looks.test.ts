import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import type { Db, Queryable } from '../../../src/host/db/types.ts';
import { FacultyCatalogue } from '../../../src/host/engine/faculties/catalogue.ts';
import { completeFocus } from '../../../src/host/engine/focus/ending.ts';
import { settled, stateOf, useDispatchers } from '../../support/engine-dispatch.ts';
import { openBench } from '../../support/engine-focus.ts';
import { until } from '../../support/engine-wait.ts';

/** A view of `db` that notes what a dispatcher asks it. */
function noting(db: Db): { db: Db; asked: string[] } {
  const asked: string[] = [];
  const noted =
    (inner: Queryable): Queryable['query'] =>
    (sql, params) => {
      asked.push(sql);
      return inner.query(sql, params);
    };
  const view: Db = {
    kind: db.kind,
    query: noted(db),
    exec: (sql) => db.exec(sql),
    transaction: (body) => db.transaction((tx) => body({ inTransaction: true, query: noted(tx) })),
    listen: (channel, onPayload, onReset) => db.listen(channel, onPayload, onReset),
    close: () => db.close(),
  };
  return { db: view, asked };
}

const looks = (asked: readonly string[]) => asked.filter((sql) => sql.includes('skip locked')).length;

describe('what a dispatcher asks the database', () => {
  const { start } = useDispatchers();
  const faculties = mkdtempSync(path.join(tmpdir(), 'animus-faculties-'));
  writeFileSync(path.join(faculties, 'general.toml'), '[faculty]\nname = "general"\ndescription = "x"\n');
  const none = path.join(faculties, 'none');
  const catalogue = () => new FacultyCatalogue({ bundled: faculties, personal: none, workspace: none, accepted: none });

  after(() => rmSync(faculties, { recursive: true, force: true }));

  async function started(maxConcurrent: number, items: number) {
    const bench = await openBench();
    const ids: string[] = [];
    for (let at = 0; at < items; at += 1) ids.push(await bench.submit());
    const { db, asked } = noting(bench.db);
    const { dispatcher, held } = await start(bench, {
      db,
      catalogue: catalogue(),
      maxConcurrent,
      run: async (claim) => {
        await held.run(claim);
        await completeFocus(bench.db, claim.lease, { success: true, summary: 'done', duration_ms: 0 });
      },
    });
    await until(() => dispatcher.runningCount === Math.min(maxConcurrent, items));
    await settled(bench);
    return { bench, dispatcher, held, asked, ids };
  }

  it('looks once for an item that is submitted, and not again for what it did with it itself', async () => {
    const { bench, dispatcher, held, asked } = await started(4, 0);
    asked.length = 0;
    const id = await bench.submit();
    await until(() => held.claims.length === 1);
    held.letAllGo();
    await until(() => dispatcher.runningCount === 0);
    await settled(bench);
    assert.equal(await stateOf(bench, id), 'completed');
    assert.equal(looks(asked), 1);
    assert.deepEqual(
      asked.filter((sql) => sql.startsWith('select token')),
      [],
      'nobody could have taken its lease',
    );
  });

  it('claims in one look what it has slots for, and looks again when a slot gets free while something was left', async () => {
    const { bench, dispatcher, held, asked, ids } = await started(3, 4);
    assert.equal(looks(asked), 1);
    assert.deepEqual(held.ids(), ids.slice(0, 3));
    held.letGo(0);
    await until(() => held.claims.length === 4);
    await settled(bench);
    assert.deepEqual(held.ids(), ids);
    assert.equal(looks(asked), 2, 'it took the one that there was a slot for, and asked for no more');
    held.letGo(1);
    await until(() => dispatcher.runningCount === 2);
    await settled(bench);
    assert.equal(looks(asked), 3, 'this one found nothing more');
    held.letAllGo();
    await until(() => dispatcher.runningCount === 0);
    await settled(bench);
    assert.equal(looks(asked), 3);
  });
});
