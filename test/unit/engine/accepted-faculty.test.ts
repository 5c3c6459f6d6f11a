/** Work of a faculty that a person accepted: nothing else goes on with it, and nothing runs but what was accepted. */
import assert from 'node:assert/strict';
import type { Faculty } from '../../../src/host/engine/faculties/schema.ts';
import { askUser } from '../../../src/host/engine/tools/ask-user.ts';
import { answered } from '../../support/engine-budgets.ts';
import { engineDatabase, OPENING_LIMIT_MS } from '../../support/engine-database.ts';
import { facultyOf, openBench } from '../../support/engine-focus.ts';
import { writtenModel } from '../../support/engine-model.ts';

const ASKING = { calls: [{ name: 'ask_user', input: { question: 'Which river?' } }] };
const asks = () => writtenModel((turn) => (turn === 1 ? ASKING : { text: 'Done.' }));

const accepted = (keys: Parameters<typeof facultyOf>[0]): Faculty => ({ ...facultyOf(keys), origin: 'workspace' });

describe("work of a workspace's accepted faculty", function () {
  this.timeout(60_000);
  before(async function () {
    this.timeout(OPENING_LIMIT_MS);
    await engineDatabase();
  });

  it('[S8] goes on with no other faculty of its name, and can be tried again', async () => {
    const bench = await openBench();
    const id = await bench.submit();
    const tools = { engineTools: [askUser({ headless: false })] };
    await bench.run(asks(), accepted({ consolidate: { verify: 'exit 7' } }), tools);
    await answered(bench, { text: 'Elbe' });
    await bench.run(asks(), facultyOf(), tools);
    const { item, focus } = await bench.look(id);
    assert.deepEqual([item.state, focus?.error?.kind], ['dead', 'faculty_changed']);
    assert.match(item.outcome?.summary ?? '', /animus faculty accept.*then retry/);
  });

  it('[S8] goes on with it where it is still there', async () => {
    const bench = await openBench();
    const id = await bench.submit();
    const tools = { engineTools: [askUser({ headless: false })] };
    await bench.run(asks(), accepted({}), tools);
    await answered(bench, { text: 'Elbe' });
    await bench.run(asks(), accepted({}), tools);
    assert.equal((await bench.look(id)).item.state, 'completed');
  });

  it('[S8] runs no command of a copy that was changed, and says so', async () => {
    const bench = await openBench();
    const id = await bench.submit();
    const verify = 'touch ran';
    await bench.run(writtenModel([{ text: 'Done.' }]), accepted({ consolidate: { verify } }), {
      isAsAccepted: () => false,
    });
    const { item, focus, messages } = await bench.look(id);
    assert.notEqual(item.state, 'completed');
    assert.match(JSON.stringify([focus?.error, messages]), /copy of the workspace's accepted faculties was changed/);
  });
});
