/** The breaks of what a focus's requests have in common. */
import assert from 'node:assert/strict';
import { insertCut } from '../../src/host/store/foci/cuts.ts';
import { readFocus, setModel, takeUpFocus } from '../../src/host/store/foci/foci.ts';
import { insertMessage } from '../../src/host/store/foci/messages.ts';
import { uuidv7 } from '../../src/rendezvous/ids.ts';
import { onEachDatabase } from '../support/databases.ts';
import { submitted } from './work-rows.ts';

onEachDatabase('the cuts of a focus', {}, (database) => {
  it('are numbered, and belong to the turn that has no answer yet', async () => {
    const { db } = database;
    const [id, other] = [uuidv7(), uuidv7()];
    for (const focusId of [id, other]) {
      const workItemId = await submitted(db);
      const focus = { id: focusId, workItemId, attempt: 1, faculty: 'general', hostId: uuidv7() };
      await db.transaction((tx) => takeUpFocus(tx, focus));
    }
    const say = (n: number, turn: number) =>
      db.transaction((tx) =>
        insertMessage(tx, id, { n, turn, block: 0, role: 'user', kind: 'task', content: { blocks: [] } }),
      );
    const cut = (focusId: string, to: string) =>
      db.transaction(async (tx) => {
        await setModel(tx, focusId, to);
        return insertCut(tx, focusId, 'model_patch', { to });
      });
    assert.equal(await cut(id, 'a/b'), 1);
    await say(1, 0);
    assert.equal(await cut(id, 'c/d'), 1);
    await say(2, 7);
    assert.equal(await cut(id, 'e/f'), 8);
    assert.equal(await cut(other, 'g/h'), 1);
    const rows = await db.query(
      'select n, turn, content->>\'to\' as "to" from animus.context_cuts where focus_id = $1 order by n',
      [id],
    );
    assert.deepEqual(rows, [
      { n: 1, turn: 1, to: 'a/b' },
      { n: 2, turn: 1, to: 'c/d' },
      { n: 3, turn: 8, to: 'e/f' },
    ]);
    assert.deepEqual([(await readFocus(db, id))?.model, (await readFocus(db, other))?.model], ['e/f', 'g/h']);
  });
});
