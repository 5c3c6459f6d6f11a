/** What a person says to a focus: heard once, at the end of a turn, whatever happens meanwhile. */
import assert from 'node:assert/strict';
import { runFocus } from '../../../src/host/engine/focus/run-focus.ts';
import { type Said, sayToWork } from '../../../src/host/store/work/messages.ts';
import { uuidv7 } from '../../../src/rendezvous/ids.ts';
import { dyingDatabase, engineDatabase, lossyDatabase, OPENING_LIMIT_MS } from '../../support/engine-database.ts';
import { type Bench, facultyOf, openBench } from '../../support/engine-focus.ts';
import { type WrittenAnswer, writtenModel } from '../../support/engine-model.ts';

const note = { calls: [{ name: 'ledger_append', input: { entry_type: 'note', content: 'seen' } }] };

function say(bench: Bench, workItemId: string, content: string, id = uuidv7()): Promise<Said> {
  return bench.db.transaction((tx) => sayToWork(tx, { id, workItemId, content, by: 'cli' }));
}

const said = (content: string) => `== MESSAGE FROM A PERSON ==\n${content}`;

/** What people said, in the conversation of the item's last focus. */
async function heard(bench: Bench, id: string) {
  const { messages } = await bench.look(id);
  const people = messages.filter(({ kind }) => kind === 'person');
  return people.map(({ turn, role, content }) => [turn, role, (content.blocks[0] as { text: string }).text]);
}

/** Of a focus that answers once: orient, the answer, what people said, the end of the loop. */
const ENGAGE_END = 4;

describe('what a person says to a focus', () => {
  before(async function () {
    this.timeout(OPENING_LIMIT_MS);
    await engineDatabase();
  });

  it('is in the next request, after the results of the turn that was under way', async () => {
    const bench = await openBench();
    const id = await bench.submit();
    const client = writtenModel((turn): WrittenAnswer => {
      if (turn === 1) return { ...note, after: say(bench, id, 'Count the cranes too.') };
      return { text: 'Done.' };
    });
    await bench.run(client);
    assert.deepEqual(await heard(bench, id), [[1, 'user', said('Count the cranes too.')]]);
    const last = client.requests[1]?.messages.at(-1);
    const text = JSON.stringify(last);
    assert.equal(last?.role, 'user');
    assert.ok(text.indexOf('recorded as [1]') < text.indexOf('Count the cranes too.'));
    assert.ok(text.includes('Count the cranes too.'));
  });

  it('keeps a focus at work that was about to end', async () => {
    const bench = await openBench();
    const id = await bench.submit();
    const client = writtenModel((turn): WrittenAnswer => {
      return turn === 1 ? { text: 'Done.', after: say(bench, id, 'And the cranes?') } : { text: 'Three cranes.' };
    });
    await bench.run(client);
    assert.equal(client.requests.length, 2);
    assert.deepEqual(await heard(bench, id), [[1, 'user', said('And the cranes?')]]);
    assert.equal((await bench.look(id)).item.outcome?.summary, 'Three cranes.');
  });

  it('is heard also where the model was cut twice and would end by that', async () => {
    const bench = await openBench();
    const id = await bench.submit();
    const client = writtenModel((turn): WrittenAnswer => {
      if (turn === 1) return { text: 'On and', stop: 'max_tokens' };
      if (turn === 2) return { text: ' on', stop: 'max_tokens', after: say(bench, id, 'And the cranes?') };
      return { text: 'Three cranes.' };
    });
    await bench.run(client);
    assert.deepEqual(await heard(bench, id), [[2, 'user', said('And the cranes?')]]);
    assert.equal((await bench.look(id)).item.outcome?.summary, 'Three cranes.');
  });

  it('is refused by work that has ended, or that only writes its outcome', async () => {
    const bench = await openBench();
    const id = await bench.submit();
    const faculty = facultyOf({ consolidate: { command: 'true' } });
    const claim = await bench.claim(faculty);
    // Its host dies with the transaction that records how the loop ended.
    const db = dyingDatabase(bench.db, ENGAGE_END, 'after');
    await runFocus(bench.dependencies(writtenModel([{ text: 'Done.' }]), { db }), claim);
    assert.equal((await bench.look(id)).focus?.phase, 'consolidate');
    assert.equal(await say(bench, id, 'Too late?'), 'too_late');
    await bench.nextHost();
    await bench.run(writtenModel([]), faculty);
    assert.equal((await bench.look(id)).item.state, 'completed');
    assert.equal(await say(bench, id, 'Hello?'), 'too_late');
  });

  it('is told once, however often it is sent', async () => {
    const bench = await openBench();
    const id = await bench.submit();
    const message = uuidv7();
    for (let times = 0; times < 3; times += 1) assert.equal(await say(bench, id, 'Once.', message), 'kept');
    await bench.run(writtenModel([note, { text: 'Done.' }]));
    assert.equal((await heard(bench, id)).length, 1);
    assert.equal(await say(bench, id, 'Once.', message), 'kept', 'the answer was lost, and it had been kept');
  });

  it('is told again to the next attempt', async () => {
    const bench = await openBench();
    const id = await bench.submit();
    await say(bench, id, 'Mind the weir.');
    await bench.run(writtenModel([note, { error: { kind: 'http', message: 'cut' } }]));
    assert.equal((await heard(bench, id)).length, 1);
    await bench.makeDue(id);
    await bench.run(writtenModel([note, { text: 'Done.' }]));
    const { item, foci } = await bench.look(id);
    assert.deepEqual([item.state, foci.length], ['completed', 2]);
    assert.deepEqual(await heard(bench, id), [[1, 'user', said('Mind the weir.')]]);
  });

  it('[F1] is heard once, whichever transaction the host dies before or after, or loses the answer of', async () => {
    const answers = [note, { text: 'Done.' }, { text: 'Well done.' }];
    for (const when of ['before', 'after', 'lossy'] as const) {
      for (let at = 1; at <= 9; at += 1) {
        const bench = await openBench();
        const id = await bench.submit();
        await say(bench, id, 'Mind the weir.');
        const db = when === 'lossy' ? lossyDatabase(bench.db, (n) => n === at) : dyingDatabase(bench.db, at, when);
        const claim = await bench.claim();
        await runFocus(bench.dependencies(writtenModel(answers), { db }), claim);
        while ((await bench.look(id)).item.state !== 'completed') {
          await bench.nextHost();
          await bench.run(writtenModel(answers));
        }
        assert.deepEqual(await heard(bench, id), [[1, 'user', said('Mind the weir.')]], `${when} ${at}`);
      }
    }
  }).timeout(60_000);
});
