/** The queue in figures: how much, how old, by faculty, kind and place, and what nobody can take up. */
import assert from 'node:assert/strict';
import { viewQueue } from '../../src/host/api/queue-view.ts';
import type { Db } from '../../src/host/db/types.ts';
import { giveUp, parkFocus } from '../../src/host/engine/focus/ending.ts';
import { markHostStopped, registerHost, servedPlace } from '../../src/host/store/hosts/hosts.ts';
import { uuidv7 } from '../../src/rendezvous/ids.ts';
import { onEachDatabase } from '../support/databases.ts';
import { claimed, FACULTY, OTHER_PLACE, OUTCOME, PLACE, submitted } from './work-rows.ts';

async function host(db: Db, place: string, name: string, folder?: string): Promise<string> {
  const id = uuidv7();
  const row = { id, storeId: place, name, places: [place], faculties: [FACULTY], version: '0.0.0' };
  await registerHost(db, { ...row, ...(folder ? { folder } : {}) });
  return id;
}

const wait = (kind: 'credentials' | 'model') => ({ kind, targets: ['anthropic'], wakeInMs: null });

onEachDatabase('figures of the queue', {}, (database) => {
  it('of an empty place are nothing at all', async () => {
    const { queue, otherPlaces } = await viewQueue(database.db, PLACE);
    const counts = { queued: 0, claimable: 0, running: 0, waiting: 0, dead: 0, paused: 0 };
    const groups = { running_by_faculty: {}, waiting_by_kind: {}, unroutable: [] };
    assert.deepEqual(queue, { ...counts, ...groups, all_paused: false, oldest_claimable_seconds: null });
    assert.deepEqual(otherPlaces, []);
  });

  it('say how much, by faculty and kind, and for how long the oldest could have begun', async () => {
    const { db } = database;
    await host(db, PLACE, 'box', '/home/a');
    for (const kind of ['credentials', 'credentials', 'model'] as const) {
      await submitted(db);
      await parkFocus(db, (await claimed(db)).lease, wait(kind));
    }
    await submitted(db);
    await giveUp(db, (await claimed(db)).lease, OUTCOME);
    await submitted(db);
    await claimed(db);
    const [old, late] = [await submitted(db), await submitted(db, { delayMs: 100_000 })];
    await submitted(db);
    await db.query("update animus.work_items set available_at = now() - interval '90 seconds' where id = $1", [old]);
    const { queue } = await viewQueue(db, PLACE);
    const { oldest_claimable_seconds: oldest, ...rest } = queue;
    assert.ok(oldest !== null && oldest >= 90 && oldest < 150, String(oldest));
    assert.deepEqual(rest, {
      ...{ queued: 3, claimable: 2, running: 1, running_by_faculty: { [FACULTY]: 1 } },
      ...{ waiting: 3, waiting_by_kind: { credentials: 2, model: 1 }, dead: 1, unroutable: [] },
      ...{ paused: 0, all_paused: false },
    });
    await db.query('delete from animus.work_items where id <> $1', [late]);
    assert.equal((await viewQueue(db, PLACE)).queue.oldest_claimable_seconds, null);
  });

  it('count what no host can take up, by the reason', async () => {
    const { db } = database;
    const id = await host(db, PLACE, 'box', '/home/a');
    await submitted(db);
    for (const faculty of ['painter', 'painter', 'poet']) await submitted(db, { faculty });
    const reasons = async () => (await viewQueue(db, PLACE)).queue.unroutable;
    assert.deepEqual(await reasons(), [
      { reason: 'unroutable: no host here knows the faculty "painter"', count: 2 },
      { reason: 'unroutable: no host here knows the faculty "poet"', count: 1 },
    ]);
    await markHostStopped(db, id);
    assert.deepEqual(await reasons(), [{ reason: 'waits for box:/home/a', count: 4 }]);
    await db.query('delete from animus.hosts');
    assert.deepEqual(await reasons(), [{ reason: 'waits for a host: none has served its folder', count: 4 }]);
  });

  it('are apart for each place, with the machine and folder that serves it, or did last', async () => {
    const { db } = database;
    await host(db, PLACE, 'box', '/home/a');
    await submitted(db);
    await submitted(db, { place: OTHER_PLACE });
    await submitted(db, { place: OTHER_PLACE });
    const of = async () => {
      const { queue, otherPlaces } = await viewQueue(db, PLACE);
      const [other] = otherPlaces;
      assert.equal(otherPlaces.length, 1);
      return [
        queue.queued,
        other?.place,
        other?.queued,
        other?.served_by,
        other?.is_live,
        other?.unroutable[0]?.reason,
      ];
    };
    const unserved = 'waits for a host: none has served its folder';
    assert.deepEqual(await of(), [1, OTHER_PLACE, 2, null, false, unserved]);
    const first = await host(db, OTHER_PLACE, 'attic');
    assert.deepEqual(await of(), [1, OTHER_PLACE, 2, 'attic:?', true, undefined]);
    await markHostStopped(db, first);
    const second = await host(db, OTHER_PLACE, 'cellar', '/srv/b');
    await db.query("update animus.hosts set heartbeat_at = now() - interval '31 seconds' where id = $1", [second]);
    await db.query("update animus.hosts set heartbeat_at = now() - interval '1 hour' where id = $1", [first]);
    assert.deepEqual(await of(), [1, OTHER_PLACE, 2, 'cellar:/srv/b', false, 'waits for cellar:/srv/b']);
    assert.deepEqual((await servedPlace(db, OTHER_PLACE))?.faculties, []);
    assert.deepEqual((await servedPlace(db, PLACE))?.faculties, [FACULTY]);
  });
});
