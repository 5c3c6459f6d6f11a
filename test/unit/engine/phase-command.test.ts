/** The commands that a faculty may have run in its phases. */
import assert from 'node:assert/strict';
import { existsSync, mkdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { runFocus } from '../../../src/host/engine/focus/run-focus.ts';
import { readProcess } from '../../../src/host/process/process-table.ts';
import { readHookRuns } from '../../../src/host/store/foci/hook-runs.ts';
import { engineDatabase } from '../../support/engine-database.ts';
import { type Bench, type FacultyKeys, facultyOf, openBench } from '../../support/engine-focus.ts';
import { writtenModel } from '../../support/engine-model.ts';
import { until } from '../../support/engine-wait.ts';

const done = () => writtenModel(() => ({ text: 'Two herons.' }));
const brokenModel = () => writtenModel([{ error: { kind: 'http', message: 'refused' } }]);
const fails = 'echo no river >&2; exit 3';

const folderOf = (bench: Bench, focusId: string | undefined) => path.join(bench.storeFolder, 'foci', focusId ?? '');

async function runOnce(keys: FacultyKeys, client = done()) {
  const bench = await openBench();
  const id = await bench.submit({ params: { river: 'Elbe' } });
  await bench.run(client, facultyOf(keys));
  const looked = await bench.look(id);
  return { bench, id, client, ...looked, folder: folderOf(bench, looked.focus?.id) };
}

const orient = (command: string, timeout = 20) => runOnce({ orient: { command, timeout } });

describe('phase commands', function () {
  this.timeout(60_000);

  before(async () => {
    await engineDatabase();
  });

  it('run in the folder of the focus, with the work in work.json and nothing secret in the environment', async () => {
    const { item, focus, folder, bench, id } = await orient('cp work.json seen.json; env > seen.env; pwd > seen.pwd');
    assert.equal(item.state, 'completed');
    assert.deepEqual(JSON.parse(readFileSync(path.join(folder, 'seen.json'), 'utf8')), {
      id,
      focus_id: focus?.id,
      faculty: 'general',
      description: 'Count the herons.',
      params: { river: 'Elbe' },
      attempt: 1,
      max_attempts: 3,
    });
    const lines = readFileSync(path.join(folder, 'seen.env'), 'utf8').split('\n');
    const environment = new Map(lines.map((line) => [line.split('=')[0], line.slice(line.indexOf('=') + 1)]));
    for (const [name, value] of Object.entries({
      ANIMUS_FOCUS_DIR: folder,
      ANIMUS_WORK_ID: id,
      ANIMUS_FACULTY: 'general',
      ANIMUS_FACULTY_DIR: '/faculties',
      ANIMUS_PHASE: 'orient',
      ANIMUS_PHASE_RUN: '1',
      PATH: process.env.PATH,
    })) {
      assert.equal(environment.get(name), value, name);
    }
    assert.ok(environment.get('ANIMUS_RUN')?.startsWith(`${bench.place}/`));
    assert.equal(environment.get('HOME'), undefined);
    assert.equal(readFileSync(path.join(folder, 'seen.pwd'), 'utf8').trim(), folder);
    assert.equal(statSync(folder).mode & 0o777, 0o700);
    assert.equal(statSync(path.join(folder, 'work.json')).mode & 0o777, 0o600);
  });

  it("join orient's context to the task", async () => {
    const { client, item } = await orient(`echo '{"context": "It rained.", "more": 1}' > orient-out.json`);
    const task = 'Count the herons.\n\nParameters:\n{\n  "river": "Elbe"\n}\n\n== CONTEXT ==\nIt rained.';
    assert.deepEqual(client.requests[0]?.messages, [{ role: 'user', content: [{ type: 'text', text: task }] }]);
    assert.equal(item.state, 'completed');
  });

  it('may write nothing at all', async () => {
    const { client, item } = await orient('true');
    assert.doesNotMatch(JSON.stringify(client.requests), /CONTEXT/);
    assert.equal(item.state, 'completed');
  });

  it('fail their phase with the end of what they said on stderr', async () => {
    const { item, focus, client, bench } = await orient(`yes noise | head -n 900 >&2; ${fails}`);
    assert.deepEqual([item.state, item.attempts, focus?.error?.kind, client.requests], ['queued', 1, 'orient', []]);
    const message = focus?.error?.message ?? '';
    assert.match(message, /^The orient command ended with exit code 3: [\s\S]*noise\nno river$/);
    assert.ok(message.length < 2200);
    const [run] = await readHookRuns(bench.db, focus?.id ?? '', 'orient');
    assert.deepEqual(
      [run?.run, run?.outcome, run?.exitCode, run?.output, run?.name, run?.stderrTail],
      [1, 'failed', 3, null, 'general orient', message],
    );
  });

  it('[F20] are told apart by what ended them', async () => {
    const killed = await orient('kill -9 $$');
    assert.equal(killed.focus?.error?.message, 'The orient command ended with SIGKILL.');
    const faked = await orient('exit 137');
    assert.equal(faked.focus?.error?.message, 'The orient command ended with exit code 137.');
  });

  it('[F20] are ended with all they started when they hang', async () => {
    const { focus, folder, item } = await orient('sleep 300 & echo $! > child; sleep 300', 1);
    assert.equal(focus?.error?.message, 'The orient command did not end within 1 s.');
    assert.equal(item.attempts, 1);
    assertGone(path.join(folder, 'child'));
  });

  it('[F20] are ended with the daemons they leave behind, and count as done', async () => {
    const command = `setsid sh -c 'echo $$ > daemon; exec sleep 300' & while [ ! -s daemon ]; do sleep 0.05; done; exit 0`;
    const { folder, item } = await orient(command);
    assert.equal(item.state, 'completed');
    assertGone(path.join(folder, 'daemon'));
  });

  it('[F20] may flood both streams', async () => {
    const { item } = await orient('yes | head -c 20000000; yes | head -c 20000000 >&2; exit 0');
    assert.equal(item.state, 'completed');
  });

  for (const [title, command, problem] of [
    ['is no JSON', 'echo garbage > orient-out.json', /that is not JSON: /],
    ['is no object', 'echo "[1]" > orient-out.json', /that is no JSON object: /],
    ['is empty', ': > orient-out.json', /that is not JSON: /],
    ['is huge', `head -c 2000000 /dev/zero | tr '\\0' ' ' > orient-out.json`, /that is larger than 1 MiB\.$/],
    [
      'has a context that is no text',
      `echo '{"context": 1}' > orient-out.json`,
      /^orient-out\.json: .*expected string/,
    ],
    ['is a folder', 'mkdir orient-out.json', /that is not a file\.$/],
    ['is a pipe', 'mkfifo orient-out.json', /that is not a file\.$/],
    ['leads to a device', 'ln -s /dev/zero orient-out.json', /that is not a file\.$/],
  ] as const) {
    it(`[F20] fail their phase where the output ${title}`, async () => {
      const { focus, item } = await orient(command);
      assert.deepEqual([focus?.error?.kind, item.state, item.attempts], ['orient', 'queued', 1]);
      assert.match(focus?.error?.message ?? '', problem);
    });
  }

  it('do not take the output of an earlier start for their own', async () => {
    const bench = await openBench();
    const id = await bench.submit();
    const claim = await bench.claim(facultyOf({ orient: { command: 'true' } }));
    const folder = folderOf(bench, claim.focus.id);
    mkdirSync(folder, { recursive: true });
    writeFileSync(path.join(folder, 'orient-out.json'), '{"context": "stale"}');
    const client = done();
    await runFocus(bench.dependencies(client), claim);
    assert.doesNotMatch(JSON.stringify(client.requests), /stale/);
    assert.equal((await bench.look(id)).item.state, 'completed');
  });

  it('[S15] leave no secret in rows, whichever way it comes', async () => {
    const secret = 'hunter2-hunter2';
    for (const command of [
      `echo '{"context": "use ${secret}"}' > orient-out.json`,
      `echo '${secret}' >&2; exit 1`,
      `echo '${secret}' > orient-out.json`,
    ]) {
      const bench = await openBench();
      bench.redactor.add('pass', secret);
      const id = await bench.submit();
      const client = done();
      await bench.run(client, facultyOf({ orient: { command } }));
      const { focus, messages, item, events } = await bench.look(id);
      const runs = await readHookRuns(bench.db, focus?.id ?? '', 'orient');
      const rows = JSON.stringify([focus, messages, item, runs, events]);
      assert.ok(!rows.includes(secret) && rows.includes('[redacted:pass]'), command);
      assert.ok(!JSON.stringify([client.requests, bench.logged]).includes(secret));
    }
  });

  it('of consolidate see the outcome and may replace it', async () => {
    const output = '{"outcome": {"success": false, "summary": "Those were cranes.", "data": {"cranes": 2}}}';
    const replaced = await runOnce({
      consolidate: { command: `cp work.json seen; echo '${output}' > consolidate-out.json` },
    });
    const { duration_ms: _duration, ...outcome } = replaced.item.outcome ?? {};
    assert.deepEqual(outcome, { success: false, summary: 'Those were cranes.', data: { cranes: 2 } });
    assert.equal(replaced.item.state, 'completed');
    const seen = JSON.parse(readFileSync(path.join(replaced.folder, 'seen'), 'utf8'));
    assert.deepEqual([seen.outcome.success, seen.outcome.summary, seen.id], [true, 'Two herons.', replaced.id]);
    const kept = await runOnce({ consolidate: { command: `echo '{}' > consolidate-out.json` } });
    assert.equal(kept.item.outcome?.summary, 'Two herons.');
  });

  it('of consolidate fail the attempt by exit or by a bad outcome', async () => {
    for (const command of [fails, `echo '{"outcome": {"success": "yes"}}' > consolidate-out.json`]) {
      const { item, focus } = await runOnce({ consolidate: { command } });
      assert.deepEqual([item.state, item.attempts, focus?.error?.kind], ['queued', 1, 'consolidate']);
      assert.match(focus?.error?.message ?? '', /no river|consolidate-out\.json: /);
    }
  });

  it('of recover decide whether another attempt follows', async () => {
    const again = await runOnce({ recover: { command: 'cp work.json seen' } }, brokenModel());
    assert.deepEqual([again.item.state, again.item.attempts], ['queued', 1]);
    const seen = JSON.parse(readFileSync(path.join(again.folder, 'seen'), 'utf8'));
    assert.deepEqual(seen.error, { kind: 'http', message: 'refused' });
    const useless = await runOnce({ recover: { command: 'exit 1' } }, brokenModel());
    assert.deepEqual([useless.item.state, useless.item.attempts], ['dead', 1]);
    assert.deepEqual(useless.item.outcome?.error, { kind: 'http', message: 'refused' });
  });

  it('are not run again once their row is there, however they ended', async () => {
    for (const [phase, exit] of [
      ['orient', 0],
      ['orient', 1],
      ['recover', 1],
    ] as const) {
      const bench = await openBench();
      const id = await bench.submit();
      const count = path.join(bench.storeFolder, 'count');
      const context = `echo '{"context": "It rained."}' > orient-out.json`;
      const faculty = facultyOf({ [phase]: { command: `echo . >> ${count}; ${context}; exit ${exit}` } });
      const client = phase === 'recover' ? brokenModel() : done();
      const claim = await bench.claim(faculty);
      // The host dies with the first transaction after the one of the row.
      const deps = bench.dependencies(client);
      let isRecorded = false;
      const db: typeof deps.db = {
        ...deps.db,
        kind: deps.db.kind,
        query: (sql, params) => deps.db.query(sql, params),
        transaction: async (body) => {
          if (isRecorded) throw new Error('This host is dead.');
          const result = await deps.db.transaction(body);
          isRecorded = (await readHookRuns(deps.db, claim.focus.id, phase)).length > 0;
          return result;
        },
      };
      await runFocus({ ...deps, db }, claim);
      assert.equal((await bench.look(id)).item.state, 'running');
      await bench.nextHost();
      await bench.run(client, faculty);
      assert.equal(readFileSync(count, 'utf8'), '.\n', `${phase} ${exit}`);
      const { item, foci } = await bench.look(id);
      const state = phase === 'recover' ? 'dead' : exit === 0 ? 'completed' : 'queued';
      assert.deepEqual([item.state, foci.length], [state, 1]);
      if (state === 'completed') assert.match(JSON.stringify(client.requests), /It rained/);
    }
  });

  it('run again without their row, and are told that they do', async () => {
    const bench = await openBench();
    const id = await bench.submit();
    const runs = path.join(bench.storeFolder, 'runs');
    const faculty = facultyOf({ orient: { command: `echo $ANIMUS_PHASE_RUN >> ${runs}; sleep 300`, timeout: 200 } });
    const abort = new AbortController();
    const claim = await bench.claim(faculty, { abort: abort.signal });
    const running = runFocus(bench.dependencies(done()), claim);
    await until(() => existsSync(runs) && readFileSync(runs, 'utf8').endsWith('\n'));
    await bench.nextHost();
    abort.abort();
    await running;
    const quick = facultyOf({ orient: { command: `echo $ANIMUS_PHASE_RUN >> ${runs}` } });
    await bench.run(done(), quick);
    assert.equal(readFileSync(runs, 'utf8'), '1\n2\n');
    assert.equal((await bench.look(id)).item.state, 'completed');
  });

  it('leave no row when they are cut short by us, and run again', async () => {
    for (const phase of ['orient', 'consolidate', 'recover'] as const) {
      const bench = await openBench();
      const id = await bench.submit();
      const runs = path.join(bench.storeFolder, 'runs');
      const command = `echo $ANIMUS_PHASE_RUN >> ${runs}; if [ $ANIMUS_PHASE_RUN = 1 ]; then sleep 300; fi`;
      const faculty = facultyOf({ [phase]: { command, timeout: 200 } });
      const client = phase === 'recover' ? brokenModel() : done();
      const abort = new AbortController();
      const claim = await bench.claim(faculty, { abort: abort.signal });
      const running = runFocus(bench.dependencies(client), claim);
      await until(() => existsSync(runs) && readFileSync(runs, 'utf8').endsWith('\n'));
      abort.abort();
      await running;
      const { item, focus } = await bench.look(id);
      assert.deepEqual([item.state, item.attempts, focus?.status], ['queued', 0, 'released'], phase);
      assert.deepEqual(await readHookRuns(bench.db, focus?.id ?? '', phase), []);
      await bench.run(client, faculty);
      assert.equal(readFileSync(runs, 'utf8'), '1\n2\n', phase);
    }
  });

  it('[F11] of recover that kill their host are given up at last', async () => {
    const bench = await openBench();
    const id = await bench.submit();
    const marker = path.join(bench.storeFolder, 'ran');
    const faculty = facultyOf({ recover: { command: `touch ${marker}` } });
    const claim = await bench.claim(faculty);
    const error = JSON.stringify({ kind: 'http', message: 'refused' });
    await bench.db.query("update animus.foci set phase = 'recover', error = $2::jsonb where id = $1", [
      claim.focus.id,
      error,
    ]);
    for (let death = 1; death <= 6; death += 1) {
      await bench.nextHost();
      await bench.claim(faculty);
    }
    await bench.nextHost();
    await bench.run(done(), faculty);
    const { item } = await bench.look(id);
    assert.deepEqual([item.state, existsSync(marker)], ['dead', false]);
  });
});

function assertGone(pidFile: string): void {
  const pid = Number(readFileSync(pidFile, 'utf8'));
  assert.ok(Number.isInteger(pid) && pid > 1);
  // One that its new parent has not collected yet has ended all the same.
  assert.ok(readProcess(pid)?.zombie ?? true);
}
