/** A faculty's check of what the agent calls done, and what recover says when an attempt has failed. */
import assert from 'node:assert/strict';
import { existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { runFocus } from '../../../src/host/engine/focus/run-focus.ts';
import type { CompletionRequest } from '../../../src/host/llm/types.ts';
import { readHookRuns } from '../../../src/host/store/foci/hook-runs.ts';
import { dyingDatabase, engineDatabase, lossyDatabase, OPENING_LIMIT_MS } from '../../support/engine-database.ts';
import { type Bench, facultyOf, openBench } from '../../support/engine-focus.ts';
import { type WrittenAnswer, writtenModel } from '../../support/engine-model.ts';

const report = (success: boolean, summary: string) => ({ name: 'report_outcome', input: { success, summary } });

/** Fails as long as nothing says that the work was mended. */
const CHECK = 'test -e ../../mended || { echo checked; echo two tests fail >&2; exit 4; }';

/** Says it is done; told otherwise, mends it, and says so again. */
function mending(bench: Bench, mends = true) {
  return writtenModel((turn, request): WrittenAnswer => {
    if (turn === 1) return { calls: [report(true, 'Two herons.')] };
    if (!textOf(request).includes('== VERIFY ==')) return { text: 'Done.' };
    if (mends) writeMended(bench);
    return { text: 'Mended.' };
  });
}

function writeMended(bench: Bench): void {
  mkdirSync(bench.storeFolder, { recursive: true });
  writeFileSync(path.join(bench.storeFolder, 'mended'), '');
}

const textOf = ({ messages }: CompletionRequest) => JSON.stringify(messages);

async function runsOf(bench: Bench, focusId: string | undefined, event: string) {
  return (await readHookRuns(bench.db, focusId ?? '', event)).map(({ run, outcome }) => [run, outcome]);
}

describe('a verify command', function () {
  this.timeout(60_000);
  const faculty = facultyOf({ consolidate: { verify: CHECK } });

  before(async function () {
    this.timeout(OPENING_LIMIT_MS);
    await engineDatabase();
  });

  it('that is content lets the outcome be', async () => {
    const bench = await openBench();
    const id = await bench.submit();
    writeMended(bench);
    const client = mending(bench);
    await bench.run(client, faculty);
    const { item, focus } = await bench.look(id);
    assert.deepEqual([item.state, item.outcome?.summary, client.requests.length], ['completed', 'Two herons.', 2]);
    assert.deepEqual(await runsOf(bench, focus?.id, 'verify'), [[1, 'succeeded']]);
  });

  it('that is not goes back to the loop once, with all it said, and is asked again', async () => {
    const bench = await openBench();
    const id = await bench.submit();
    const client = mending(bench);
    await bench.run(client, faculty);
    const { item, focus, messages, foci } = await bench.look(id);
    assert.deepEqual([item.state, item.attempts, foci.length], ['completed', 0, 1]);
    assert.equal(item.outcome?.summary, 'Two herons.', 'what was reported still counts');
    const told = textOf(client.requests[2] as CompletionRequest);
    for (const text of ['exit code 4', 'checked', 'two tests fail']) assert.ok(told.includes(text), text);
    assert.deepEqual(messages.map(({ n, turn, role, kind }) => [n, turn, role, kind]).slice(-3), [
      [4, 2, 'assistant', 'assistant'],
      [5, 2, 'user', 'remark'],
      [6, 3, 'assistant', 'assistant'],
    ]);
    assert.deepEqual(await runsOf(bench, focus?.id, 'verify'), [[1, 'failed']]);
    assert.deepEqual(await runsOf(bench, focus?.id, 'verify again'), [[1, 'succeeded']]);
  });

  it('that is not content the second time fails the attempt', async () => {
    const bench = await openBench();
    const id = await bench.submit();
    const client = mending(bench, false);
    await bench.run(client, faculty);
    const { item, focus } = await bench.look(id);
    assert.deepEqual([item.state, item.attempts, client.requests.length], ['queued', 1, 3]);
    assert.deepEqual([focus?.status, focus?.error?.kind], ['failed', 'verify']);
    assert.match(focus?.error?.message ?? '', /^The verify command ended with exit code 4: \nchecked\ntwo tests fail$/);
  });

  it('is not asked about work that says itself that it failed', async () => {
    const bench = await openBench();
    const id = await bench.submit();
    await bench.run(writtenModel([{ calls: [report(false, 'No herons.')] }, { text: 'Sorry.' }]), faculty);
    const { item, focus } = await bench.look(id);
    assert.deepEqual([item.state, item.outcome?.success], ['completed', false]);
    assert.deepEqual(await runsOf(bench, focus?.id, 'verify'), []);
  });

  it('comes before the consolidate command, and knows the workspace', async () => {
    const bench = await openBench();
    await bench.submit();
    const order = path.join(bench.storeFolder, 'order');
    const note = (word: string) => `echo ${word} $ANIMUS_PHASE $ANIMUS_WORKSPACE >> ${order}`;
    await bench.run(mending(bench), facultyOf({ consolidate: { verify: note('first'), command: note('then') } }));
    assert.equal(readFileSync(order, 'utf8'), 'first verify /workspace\nthen consolidate /workspace\n');
  });

  it('[S15] leaves no secret in what it says', async () => {
    const bench = await openBench();
    bench.redactor.add('pass', 'hunter2-hunter2');
    const id = await bench.submit();
    const client = mending(bench, false);
    await bench.run(client, facultyOf({ consolidate: { verify: 'echo hunter2-hunter2; exit 1' } }));
    const { focus, messages } = await bench.look(id);
    const rows = JSON.stringify([focus, messages, client.requests]);
    assert.ok(!rows.includes('hunter2-hunter2') && rows.includes('[redacted:pass]'));
  });

  it('[F2] goes back once, whichever transaction the host dies before or after, or loses the answer of', async () => {
    const longest = 16;
    for (const when of ['before', 'after', 'lossy'] as const) {
      for (let at = 5; at <= longest; at += 1) {
        const bench = await openBench();
        const id = await bench.submit();
        const db = when === 'lossy' ? lossyDatabase(bench.db, (n) => n === at) : dyingDatabase(bench.db, at, when);
        const claim = await bench.claim(faculty);
        await runFocus(bench.dependencies(mending(bench), { db }), claim);
        while ((await bench.look(id)).item.state !== 'completed') {
          await bench.nextHost();
          await bench.run(mending(bench), faculty);
        }
        const { item, foci, messages } = await bench.look(id);
        assert.deepEqual([item.attempts, foci.length], [0, 1], `${when} ${at}`);
        assert.equal(messages.filter(({ content }) => content.verify === true).length, 1, `${when} ${at}`);
      }
    }
  });
});

describe('phases that come after others', function () {
  this.timeout(60_000);

  it('find what these left, also on a machine where they did not run', async () => {
    const bench = await openBench();
    const id = await bench.submit();
    const faculty = facultyOf({
      orient: { command: `echo '{"context": "It rained."}' > orient-out.json` },
      consolidate: { command: 'cp orient-out.json ../../seen' },
    });
    const client = writtenModel(() => {
      rmSync(path.join(bench.storeFolder, 'foci'), { recursive: true });
      return { text: 'Two herons.' };
    });
    await bench.run(client, faculty);
    assert.equal((await bench.look(id)).item.state, 'completed');
    assert.deepEqual(JSON.parse(readFileSync(path.join(bench.storeFolder, 'seen'), 'utf8')), { context: 'It rained.' });
  });

  for (const [what, keys, client] of [
    ['orient', { orient: { command: 'exit 1' } }, writtenModel([])],
    ['the model', {}, writtenModel([{ error: { kind: 'http', message: 'cut' } }])],
    ['verify', { consolidate: { verify: 'exit 1' } }, writtenModel(() => ({ text: 'ok' }))],
    ['consolidate', { consolidate: { command: 'exit 1' } }, writtenModel(() => ({ text: 'ok' }))],
  ] as const) {
    it(`are followed by recover where ${what} fails, and are dead with what that said where it says no`, async () => {
      const bench = await openBench();
      const id = await bench.submit();
      const recover = { command: 'touch ../../recovered; echo the river is dry >&2; exit 7' };
      await bench.run(client, facultyOf({ ...keys, recover }));
      const { item } = await bench.look(id);
      assert.ok(existsSync(path.join(bench.storeFolder, 'recovered')));
      assert.deepEqual([item.state, item.attempts], ['dead', 1]);
      assert.match(item.outcome?.summary ?? '', /\nThe recover command ended with exit code 7: the river is dry$/);
    });
  }
});
