/** What a look at a workspace's hooks reads: nothing where nobody trusts it, and else what changed, up to a bound for all. */
import assert from 'node:assert/strict';
import {
  appendFileSync,
  chmodSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  realpathSync,
  rmSync,
  symlinkSync,
  truncateSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { readFolderContent } from '../../../src/host/engine/acceptance/folder-content.ts';
import type { WorkspaceFoldersOptions } from '../../../src/host/engine/hooks/workspace-folders.ts';
import { grantTrust } from '../../../src/host/store/trust/trust.ts';
import { engineDatabase, OPENING_LIMIT_MS } from '../../support/engine-database.ts';
import { type Bench, openBench } from '../../support/engine-focus.ts';
import { hooksIn, writeHook } from '../../support/engine-hooks.ts';

const MEBIBYTE = 1024 * 1024;

describe("a look at a workspace's hooks", function () {
  this.timeout(OPENING_LIMIT_MS);
  let home = '';
  let workspace = '';
  let bench: Bench;
  /** The folders whose content was read, by name, in order. */
  let read: string[] = [];

  before(engineDatabase);
  beforeEach(async () => {
    home = realpathSync(mkdtempSync(path.join(tmpdir(), 'animus-hooks-')));
    workspace = path.join(home, 'workspace');
    mkdirSync(workspace);
    read = [];
    bench = await openBench();
  });
  afterEach(() => rmSync(home, { recursive: true, force: true }));

  const own = () => path.join(workspace, '.animus/hooks');
  const trust = () => grantTrust(bench.db, bench.place, workspace, 'cli');

  /** By a clock that says that all files have long been there, unless told otherwise. */
  function open(now: () => number = () => Date.now() + 3_600_000) {
    const looking: WorkspaceFoldersOptions = {
      now,
      read: (folder) => {
        read.push(path.basename(folder));
        return readFolderContent(folder);
      },
    };
    return hooksIn(home, { db: bench.db, place: bench.place, workspace, looking });
  }

  type Catalogue = ReturnType<typeof open>['catalogue'];

  async function looked(catalogue: Catalogue) {
    read = [];
    return (await catalogue.refresh(bench.db)).workspace;
  }

  /** A hook with a file of so many bytes, which take no room on the disk. */
  function writeLarge(name: string, bytes: number): string {
    const folder = writeHook(own(), name, { command: 'true' });
    writeFileSync(path.join(folder, 'zeros'), '');
    truncateSync(path.join(folder, 'zeros'), bytes);
    return folder;
  }

  async function accept(catalogue: Catalogue, name: string) {
    const hash = (await looked(catalogue)).find((one) => one.name === name)?.hash ?? '';
    assert.ok(await catalogue.accept(bench.db, { name, hash, by: 'cli' }));
  }

  it('[S7] reads no file of a folder that is not trusted, also where one was accepted in it before', async () => {
    for (let at = 0; at < 30; at += 1) writeLarge(`h${at}`, 16 * MEBIBYTE - 1000);
    writeFileSync(path.join(writeHook(own(), 'broken', { command: 'x' }), 'HOOK.md'), 'no fence');
    const { catalogue, hooks } = open();
    const found = await looked(catalogue);
    assert.deepEqual([found.length, read], [31, []]);
    assert.ok(found.every(({ state, hash, problem, hook }) => state === 'untrusted' && !hash && !problem && !hook));
    assert.equal(await hooks.matches('BeforeLLMCall', 'a/b'), false, 'what is broken there stops nothing');
    await trust();
    writeHook(own(), 'a', { command: 'true' });
    await accept(catalogue, 'a');
    await bench.db.query('delete from animus.trusted_folders where place = $1', [bench.place]);
    assert.equal((await looked(catalogue))[0]?.hook, null);
    assert.deepEqual([read, (await catalogue.current(bench.db)).hooks], [[], []]);
  });

  it('reads once what stays as it is, and then only what changed', async () => {
    await trust();
    const folders = ['a', 'b', 'c'].map((name) => writeHook(own(), name, { command: 'true' }));
    const { catalogue } = open();
    const before = await looked(catalogue);
    assert.deepEqual(read, ['a', 'b', 'c']);
    assert.deepEqual([await looked(catalogue), read], [before, []]);
    for (const change of [
      () => appendFileSync(path.join(folders[1] ?? '', 'HOOK.md'), 'More.\n'),
      () => chmodSync(path.join(folders[1] ?? '', 'HOOK.md'), 0o755),
      () => writeFileSync(path.join(folders[1] ?? '', 'check.sh'), 'true'),
      () => rmSync(path.join(folders[1] ?? '', 'check.sh')),
    ]) {
      change();
      const [, hash] = (await looked(catalogue)).map((one) => one.hash);
      assert.deepEqual(read, ['b']);
      const content = readFolderContent(folders[1] ?? '');
      assert.equal(hash, content.kind === 'content' ? content.hash : null);
    }
    const after = await looked(catalogue);
    assert.deepEqual([after[0]?.hash, after[2]?.hash], [before[0]?.hash, before[2]?.hash]);
  });

  it('reads again what changed a moment ago: its state tells no two changes of one moment apart', async () => {
    await trust();
    writeHook(own(), 'a', { command: 'true' });
    let now = Date.now();
    const { catalogue } = open(() => now);
    for (let time = 0; time < 3; time += 1) {
      await looked(catalogue);
      assert.deepEqual(read, ['a']);
    }
    now += 3_600_000;
    await looked(catalogue);
    await looked(catalogue);
    assert.deepEqual(read, []);
  });

  it('has a bound for all of them together, and says which are over it', async () => {
    await trust();
    for (const name of ['a', 'b', 'c', 'e']) writeLarge(name, 10 * MEBIBYTE);
    writeLarge('d', 17 * MEBIBYTE);
    writeHook(own(), 'z', { command: 'true' });
    const { catalogue } = open();
    const found = new Map((await looked(catalogue)).map((one) => [one.name, one]));
    assert.deepEqual(read, ['a', 'b', 'c', 'z']);
    assert.equal(found.get('d')?.problem, 'it holds more than 16 MiB');
    const { hash, problem } = found.get('e') ?? {};
    assert.equal(hash, null);
    assert.match(problem ?? '', /the hooks of this workspace hold more than 2000 files and folders or 32 MiB together/);
    assert.match(found.get('z')?.hash ?? '', /^[0-9a-f]{64}$/);
  });

  it('counts files and folders for that bound too, and looks at no more of them', async () => {
    await trust();
    for (const name of ['a', 'b', 'c', 'd', 'e']) {
      const folder = writeHook(own(), name, { command: 'true' });
      for (let at = 0; at < 450; at += 1) mkdirSync(path.join(folder, `f${at}`));
    }
    const { catalogue } = open();
    const found = await looked(catalogue);
    assert.deepEqual(
      found.map((one) => one.problem?.slice(0, 34) ?? null),
      [null, null, null, null, 'with it the hooks of this workspac'],
    );
    for (let at = 450; at < 2100; at += 1) mkdirSync(path.join(own(), 'a', `f${at}`));
    const [first] = await looked(catalogue);
    assert.equal(first?.problem, 'it holds more than 2000 files and folders');
  });

  it('[S8] keeps what was accepted, whatever else is put beside it', async () => {
    await trust();
    writeHook(own(), 'm-guard', { command: 'true' });
    const { catalogue } = open();
    await accept(catalogue, 'm-guard');
    for (let at = 0; at < 300; at += 1) mkdirSync(path.join(own(), `a${at}`));
    for (const name of ['b', 'c', 'd']) writeLarge(name, 15 * MEBIBYTE);
    const found = await looked(catalogue);
    assert.equal(found.find(({ name }) => name === 'm-guard')?.state, 'accepted');
    const running = async () => (await catalogue.refresh(bench.db)).hooks.map(({ name }) => name);
    assert.deepEqual(await running(), ['m-guard']);
    writeLarge('m-guard', 40 * MEBIBYTE);
    assert.equal((await looked(catalogue)).find(({ name }) => name === 'm-guard')?.state, 'changed');
    assert.deepEqual(await running(), ['m-guard']);
    rmSync(path.join(own(), 'm-guard'), { recursive: true });
    symlinkSync('m-guard', path.join(own(), 'm-guard'));
    assert.deepEqual(await running(), ['m-guard'], 'a link in a circle is not a folder that was removed');
    rmSync(path.join(own(), 'm-guard'));
    assert.deepEqual(await running(), []);
  });

  it('[S8] runs the content that was accepted, and accepts no other, whatever state its files are in', async () => {
    await trust();
    const folder = writeHook(own(), 'a', { command: 'sh ./check.sh' });
    writeFileSync(path.join(folder, 'check.sh'), 'exit 0');
    const { catalogue } = open();
    const hash = (await looked(catalogue))[0]?.hash ?? '';
    // As if the state of the file had not told the change.
    writeFileSync(path.join(folder, 'check.sh'), 'exit 1');
    assert.equal(await catalogue.accept(bench.db, { name: 'a', hash, by: 'cli' }), false);
    writeFileSync(path.join(folder, 'check.sh'), 'exit 0');
    assert.equal(await catalogue.accept(bench.db, { name: 'a', hash, by: 'cli' }), true);
    const [hook] = (await catalogue.current(bench.db)).hooks;
    const content = readFolderContent(hook?.folder ?? '');
    assert.deepEqual([content.kind === 'content' && content.hash, hook?.version], [hash, hash]);
    assert.deepEqual(readdirSync(hook?.folder ?? '').sort(), ['HOOK.md', 'check.sh']);
  });
});
