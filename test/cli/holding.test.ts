import assert from 'node:assert/strict';
import { existsSync, mkdirSync, readdirSync, realpathSync } from 'node:fs';
import { hostname } from 'node:os';
import path from 'node:path';
import { uuidv7 } from '../../src/rendezvous/ids.ts';
import { CliSandbox } from '../support/cli-sandbox.ts';
import { QUICK } from '../support/cli-scenarios.ts';
import { until } from '../support/engine-wait.ts';

type Item = { id: string; short_id: string; state: string; reason: string | null; paused: boolean };
type Shown = { item: Item; foci: { iterations: number; status: string }[] };
type Refused = { error: { kind: string; message: string; next: string } };
type Status = { host: { paused: string | null; running: number; queue: { paused: number; all_paused: boolean } } };

/** Two turns that take a while. */
const SLOW = { ...QUICK, pace: { delay_ms: 1500 } };

describe('work that is held', () => {
  let sandbox: CliSandbox;
  beforeEach(() => {
    sandbox = new CliSandbox();
  });
  afterEach(() => sandbox.remove());

  const submit = async (text: string, script: object = QUICK, more: string[] = []) => {
    const env = { ANIMUS_MODEL: sandbox.script(script) };
    return (await sandbox.json<{ id: string }>(['work', 'submit', '--trust', ...more, text], { env })).id;
  };
  const show = (id: string) => sandbox.json<Shown>(['work', 'show', id]);

  it('[F1] is paused while it runs, outlives a kill of the host, and goes on where it was', async () => {
    const id = await submit('look around', SLOW);
    await until(async () => (await show(id)).item.state === 'running');
    const paused = await sandbox.animus(['work', 'pause', id.slice(-8)]);
    assert.deepEqual([paused.code, paused.stderr], [0, '']);
    assert.match(paused.stdout, new RegExp(`^${id} running \\(pausing: .*\\n  animus work resume ${id.slice(-8)}\\n$`));
    await until(async () => (await show(id)).item.state === 'waiting');
    await sandbox.killHost();
    const { item } = await show(id);
    assert.deepEqual([item.state, item.reason, item.paused], ['waiting', 'paused', true]);
    assert.equal((await sandbox.animus(['work', 'wait', id])).code, 4, 'it waits for a person');
    assert.match((await sandbox.animus(['work', 'pause', id])).stdout, /It was paused before\.\n$/);
    const resumed = await sandbox.animus(['work', 'resume', id]);
    assert.equal(resumed.code, 0);
    assert.match(resumed.stdout, new RegExp(`^${id} (queued|running)\n$`));
    const waited = await sandbox.json<Shown>(['work', 'wait', id]);
    assert.deepEqual([waited.code, waited.item.state, waited.foci.length], [0, 'completed', 1]);
    assert.match((await sandbox.animus(['work', 'resume', id])).stdout, /It was not paused\.\n$/);
    assert.match((await sandbox.animus(['work', 'pause', id])).stdout, /It has ended\.\n$/);
  }).timeout(90_000);

  it('is held as a whole, what comes later included, and that is said wherever one looks', async () => {
    assert.equal((await sandbox.animus(['trust'])).code, 0);
    const all = await sandbox.animus(['work', 'pause', '--all']);
    assert.deepEqual([all.code, all.stdout], [0, 'All work here is paused.\n  animus work resume --all\n']);
    const id = await submit('look around');
    await sandbox.killHost();
    assert.equal((await sandbox.animus(['work', 'wait', id])).code, 4);
    assert.equal((await show(id)).item.reason, 'paused, as all work here');
    const status = await sandbox.animus(['status']);
    assert.match(status.stdout, /^ {2}paused {4}all work here, by a person: animus work resume --all$/m);
    assert.equal((await sandbox.json<Status>(['status'])).host.queue.all_paused, true);
    const single = await sandbox.animus(['work', 'resume', id]);
    assert.match(single.stdout, /It was not paused/);
    assert.match(single.stderr, /All work here is paused\. To let it go on: animus work resume --all/);
    assert.equal((await sandbox.animus(['work', 'resume', '--all'])).stdout, 'Work here goes on.\n');
    assert.equal((await sandbox.json<Shown>(['work', 'wait', id])).item.state, 'completed');
    assert.match((await sandbox.animus(['work', 'resume', '--all'])).stdout, /not paused as a whole/);
  }).timeout(90_000);

  it('[S18] says what is wrong with what was asked', async () => {
    await sandbox.animus(['trust']);
    const refused = async (args: string[]) => {
      const { code, error } = await sandbox.json<Refused>(args);
      return `${code} ${error.kind}: ${error.message} ${error.next}`;
    };
    assert.match(await refused(['work', 'pause']), /^2 invalid_params: .* --all/);
    assert.match(await refused(['work', 'resume', 'abcdef', '--all']), /^2 invalid_params: .*cannot both/);
    assert.match(await refused(['work', 'pause', 'xyz']), /^2 malformed_id/);
    assert.match(await refused(['work', 'resume', 'deadbeef']), /^2 not_found/);
  }).timeout(60_000);

  it('[S20] is not let go on by what an agent or a faculty started', async () => {
    const id = await submit('look around', QUICK, ['--delay', '600']);
    await sandbox.animus(['work', 'pause', id]);
    // What a run starts has its marker in the environment.
    const env = { ANIMUS_RUN: `${uuidv7()}/${uuidv7()}` };
    for (const args of [
      ['work', 'resume', id],
      ['work', 'resume', '--all'],
      ['work', 'move', id, '--to', '.'],
      ['work', 'delete', id, '--yes'],
    ]) {
      const { code, error } = await sandbox.json<Refused>(args, { env });
      assert.deepEqual([code, error.kind], [5, 'not_permitted'], args.join(' '));
    }
    assert.equal((await show(id)).item.paused, true);
  }).timeout(60_000);
});

describe('work that is deleted', () => {
  let sandbox: CliSandbox;
  beforeEach(() => {
    sandbox = new CliSandbox();
  });
  afterEach(() => sandbox.remove());

  it('[led-8] is gone with its ledger and the folders of its foci, once it has ended and somebody means it', async () => {
    const env = { ANIMUS_MODEL: sandbox.script(QUICK) };
    const open = await sandbox.json<{ id: string }>(['work', 'submit', '--trust', '--delay', '600', 'later']);
    const early = await sandbox.json<Refused>(['work', 'delete', open.id, '--yes']);
    assert.deepEqual([early.code, early.error.kind], [2, 'wrong_state']);
    assert.match(early.error.next, /animus work cancel/);
    const { item, foci } = await sandbox.json<{ item: Item; foci: { id: string }[] }>(
      ['work', 'submit', 'look around', '--wait'],
      { env },
    );
    const folder = path.join(sandbox.store, 'foci', foci[0]?.id ?? '');
    mkdirSync(folder, { recursive: true });
    const unasked = await sandbox.json<Refused>(['work', 'delete', item.id]);
    assert.deepEqual([unasked.code, unasked.error.message], [2, 'Nothing was deleted.']);
    const gone = await sandbox.animus(['work', 'delete', item.short_id, '--yes']);
    assert.deepEqual([gone.code, gone.stdout], [0, `deleted ${item.id}: items, foci and ledgers are gone\n`]);
    assert.equal(existsSync(folder), false);
    assert.equal((await sandbox.json<Refused>(['ledger', 'show', item.id])).error.kind, 'not_found');
    assert.deepEqual(readdirSync(path.dirname(folder)), []);
  }).timeout(60_000);
});

describe('work that is moved', () => {
  let sandbox: CliSandbox;
  let other: string;

  before(function () {
    if (!process.env.ANIMUS_TEST_POSTGRES_URL) this.skip(); // no Postgres server on this machine
  });
  beforeEach(() => {
    const url = process.env.ANIMUS_TEST_POSTGRES_URL ?? '';
    const schema = `animus_cli_${uuidv7().slice(-12)}`;
    sandbox = new CliSandbox({ ANIMUS_DATABASE_URL: url, ANIMUS_DATABASE_SCHEMA: schema });
    other = path.join(path.dirname(sandbox.workspace), 'other');
    mkdirSync(other);
    other = realpathSync(other);
  });
  afterEach(async () => {
    await sandbox.animus(['host', 'stop'], { cwd: other });
    await sandbox.remove();
  });

  it('goes on in another working copy, and shows for whom it waits while nobody is there', async () => {
    const env = { ANIMUS_MODEL: sandbox.script(SLOW) };
    const { id } = await sandbox.json<{ id: string }>(['work', 'submit', '--trust', 'look around'], { env });
    await until(async () => (await sandbox.json<Shown>(['work', 'show', id])).item.state === 'running');
    const unknown = await sandbox.json<Refused>(['work', 'move', id, '--to', other]);
    assert.deepEqual([unknown.code, unknown.error.kind], [2, 'not_found']);
    await sandbox.animus(['host', 'start'], { cwd: other });
    const untrusted = await sandbox.json<Refused>(['work', 'move', id, '--to', other]);
    assert.deepEqual([untrusted.code, untrusted.error.kind], [5, 'untrusted_folder']);
    await sandbox.animus(['trust'], { cwd: other });
    await sandbox.animus(['host', 'stop'], { cwd: other });
    const moved = await sandbox.animus(['work', 'move', id.slice(-8), '--to', '../other']);
    const place = `${hostname()}:${other}`;
    assert.deepEqual([moved.code, moved.stdout], [0, `${id} moved to ${place}: queued (waits for ${place})\n`]);
    assert.match(moved.stderr, /No host runs there now/);
    const away = await sandbox.json<Refused>(['work', 'show', id]);
    assert.equal(away.error.message, `The work item ${id} is not of this folder but of ${place}.`);
    const waited = await sandbox.json<Shown>(['work', 'wait', id], { cwd: other });
    assert.equal(waited.item.state, 'completed');
    assert.deepEqual(
      waited.foci.map(({ status }) => status),
      ['cancelled', 'completed'],
    );
    const ended = await sandbox.json<Refused>(['work', 'move', id, '--to', '.']);
    assert.deepEqual([ended.code, ended.error.kind], [2, 'wrong_state']);
  }).timeout(90_000);
});
