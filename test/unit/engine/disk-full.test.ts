/** A full disk is no failure of the work: what runs leaves its lease to run out, and goes on when there is room. */
import assert from 'node:assert/strict';
import { DbError } from '../../../src/host/db/types.ts';
import { runFocus } from '../../../src/host/engine/focus/run-focus.ts';
import { engineDatabase, faultyDatabase, OPENING_LIMIT_MS } from '../../support/engine-database.ts';
import { openBench } from '../../support/engine-focus.ts';
import { writtenModel } from '../../support/engine-model.ts';

const note = { name: 'ledger_append', input: { entry_type: 'note', content: 'Seen.' } };
const diskFull = () => new DbError('could not extend file: No space left on device', '53100', undefined);

describe('a focus whose database has no room', () => {
  before(async function () {
    this.timeout(OPENING_LIMIT_MS);
    await engineDatabase();
  });

  for (let refused = 1; refused <= 6; refused += 1) {
    it(`[F8] costs the work no attempt when its write ${refused} is refused, and goes on where it was`, async () => {
      const bench = await openBench();
      const id = await bench.submit();
      const model = () => writtenModel([{ calls: [note] }, { text: 'Done.' }]);
      const claim = await bench.claim();
      const full = faultyDatabase(bench.db, (count) => (count >= refused ? 'before' : 'none'), diskFull);
      await runFocus(bench.dependencies(model(), { db: full }), claim);
      const stopped = await bench.look(id);
      assert.deepEqual([stopped.item.state, stopped.item.attempts, stopped.focus?.status], ['running', 0, 'running']);
      assert.deepEqual(await bench.nextHost(), [id]);
      await bench.run(model());
      const ended = await bench.look(id);
      assert.deepEqual([ended.item.state, ended.item.attempts, ended.foci.length], ['completed', 0, 1]);
    });
  }
});
