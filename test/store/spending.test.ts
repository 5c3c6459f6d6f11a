/** What items have cost, over all their attempts. */
import assert from 'node:assert/strict';
import type { Db } from '../../src/host/db/types.ts';
import { takeUpFocus } from '../../src/host/store/foci/foci.ts';
import { readSpending } from '../../src/host/store/foci/spending.ts';
import { uuidv7 } from '../../src/rendezvous/ids.ts';
import { onEachDatabase } from '../support/databases.ts';
import { submitted } from './work-rows.ts';

async function spent(db: Db, workItemId: string, model: string, costMicros: number | null): Promise<void> {
  const id = uuidv7();
  await db.transaction((tx) => takeUpFocus(tx, { id, workItemId, attempt: 1, faculty: 'general', hostId: uuidv7() }));
  await db.query("update animus.foci set model = $2, cost_micros = $3::bigint, status = 'failed' where id = $1", [
    id,
    model,
    costMicros,
  ]);
}

onEachDatabase('spending', {}, (database) => {
  it('sums what all attempts of an item cost, and says whose answers are a script', async () => {
    const { db } = database;
    const [dear, played, unsure, fresh] = [
      await submitted(db),
      await submitted(db),
      await submitted(db),
      await submitted(db),
    ];
    await spent(db, dear, 'scripted/demo', 0);
    await spent(db, dear, 'anthropic/claude', 1_000_001);
    await spent(db, dear, 'anthropic/claude', 5_000_000_000);
    await spent(db, played, 'scripted/demo', 0);
    await spent(db, unsure, 'anthropic/claude', 20);
    await spent(db, unsure, 'other/model', null);
    const spending = await readSpending(db, [dear, played, unsure, fresh]);
    assert.deepEqual(spending.get(dear), { costMicros: 5_001_000_001, isEstimated: false, isScripted: false });
    assert.deepEqual(spending.get(played), { costMicros: 0, isEstimated: false, isScripted: true });
    assert.deepEqual(spending.get(unsure), { costMicros: null, isEstimated: false, isScripted: false });
    assert.equal(spending.get(fresh), undefined);
    await db.query(
      `update animus.foci set usage = '{"estimated": true}' where work_item_id = $1 and cost_micros = 1000001`,
      [dear],
    );
    const [guessed] = [...(await readSpending(db, [dear])).values()];
    assert.equal(guessed?.isEstimated, true, 'one attempt that was estimated makes the sum an estimate');
    assert.equal((await readSpending(db, [])).size, 0);
  });
});
