/** Putting a file in its place: in one step, and nowhere else, whatever is swapped on the way. */
import assert from 'node:assert/strict';
import {
  linkSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import path from 'node:path';
import { removeFile, replaceFile } from '../../../src/host/engine/tools/replace-file.ts';
import { sha256Of } from '../../../src/host/engine/tools/text-file.ts';
import { holdLock, makeWorkspace, removeWorkspaces } from './workspace.ts';

const bytes = Buffer.from('new');
const hashOf = (text: string) => sha256Of(Buffer.from(text));
/** Where nothing is expected to be. */
const NOTHING = { expected: null, bytes };

after(removeWorkspaces);

describe('replacing a file', () => {
  it('[S10] stays in a folder that is swapped for a link while it writes', async () => {
    const workspace = makeWorkspace({ 'sub/a.txt': 'old' });
    const [sub, moved] = [path.join(workspace.root, 'sub'), path.join(workspace.root, 'moved')];
    const beforeWrite = async () => {
      renameSync(sub, moved);
      symlinkSync(workspace.outside, sub);
    };
    const order = { workspace: workspace.root, real: path.join(sub, 'a.txt'), expected: hashOf('old'), bytes };
    const result = await replaceFile({ ...order, beforeWrite });
    assert.equal(result.kind, 'replaced');
    assert.deepEqual(readdirSync(workspace.outside), []);
    assert.equal(readFileSync(path.join(moved, 'a.txt'), 'utf8'), 'new');
  });

  it('[S10] does not enter a folder that became a link since it was checked', async () => {
    const workspace = makeWorkspace();
    symlinkSync(workspace.outside, path.join(workspace.root, 'sub'));
    const result = await replaceFile({
      workspace: workspace.root,
      real: path.join(workspace.root, 'sub/a.txt'),
      ...NOTHING,
    });
    assert.equal(result.kind, 'refused');
    assert.deepEqual(readdirSync(workspace.outside), []);
  });

  it('[S10] puts the file in the place of a link, and not behind it', async () => {
    const workspace = makeWorkspace();
    const real = path.join(workspace.root, 'a.txt');
    symlinkSync(path.join(workspace.outside, 'target'), real);
    const result = await replaceFile({ workspace: workspace.root, real, ...NOTHING });
    assert.deepEqual(result, { kind: 'refused', reason: 'it is no regular file' });
    assert.deepEqual(readdirSync(workspace.outside), []);
  });

  it('leaves nothing behind where it fails', async () => {
    const workspace = makeWorkspace();
    const real = path.join(workspace.root, 'folder');
    mkdirSync(real);
    assert.equal((await replaceFile({ workspace: workspace.root, real, ...NOTHING })).kind, 'refused');
    assert.deepEqual(readdirSync(workspace.root), ['folder']);
    assert.ok(statSync(real).isDirectory());
  });

  it('refuses what is not in the workspace, and removes what is', async () => {
    const workspace = makeWorkspace({ 'a.txt': 'x' });
    const outside = path.join(workspace.outside, 'a.txt');
    assert.equal((await replaceFile({ workspace: workspace.root, real: outside, ...NOTHING })).kind, 'refused');
    assert.equal((await removeFile({ workspace: workspace.root, real: outside, expected: null })).kind, 'refused');
    assert.equal(
      (await removeFile({ workspace: workspace.root, real: path.join(workspace.root, 'a.txt'), expected: hashOf('x') }))
        .kind,
      'replaced',
    );
    assert.deepEqual(readdirSync(workspace.root), []);
  });

  it('goes through for one of many that began with the same content', async () => {
    const workspace = makeWorkspace({ 'a.txt': 'old' });
    const order = { workspace: workspace.root, real: path.join(workspace.root, 'a.txt'), expected: hashOf('old') };
    const texts = Array.from({ length: 40 }, (_, at) => `text ${at}`);
    const results = await Promise.all(texts.map((text) => replaceFile({ ...order, bytes: Buffer.from(text) })));
    const won = texts.filter((_, at) => results[at]?.kind === 'replaced');
    assert.deepEqual([won.length, results.filter(({ kind }) => kind === 'changed').length], [1, 39]);
    assert.equal(readFileSync(order.real, 'utf8'), won[0]);
    assert.deepEqual(readdirSync(workspace.root), ['a.txt'], 'no temporary file is left');
  });

  it('makes a file for one of many that found none, and removes one for one of many', async () => {
    const workspace = makeWorkspace();
    const order = { workspace: workspace.root, real: path.join(workspace.root, 'sub/a.txt'), ...NOTHING };
    const many = Array.from({ length: 20 }, () => order);
    const made = await Promise.all(many.map((one) => replaceFile(one)));
    assert.equal(made.filter(({ kind }) => kind === 'replaced').length, 1);
    const removed = await Promise.all(many.map((one) => removeFile({ ...one, expected: hashOf('new') })));
    assert.equal(removed.filter(({ kind }) => kind === 'replaced').length, 1);
    assert.deepEqual(readdirSync(path.dirname(order.real)), []);
  });

  it('leaves alone what another program changed, made or removed after it was looked at', async () => {
    const workspace = makeWorkspace();
    const real = path.join(workspace.root, 'a.txt');
    const order = { workspace: workspace.root, real, bytes };
    const write = (text: string) => async () => writeFileSync(real, text);
    const made = await replaceFile({ ...order, expected: null, beforeWrite: write('theirs') });
    const changed = await replaceFile({ ...order, expected: hashOf('theirs'), beforeWrite: write('theirs again') });
    const large = 'x'.repeat(5 * 1024 * 1024);
    const grown = await replaceFile({ ...order, expected: hashOf('theirs again'), beforeWrite: write(large) });
    assert.deepEqual([made.kind, changed.kind, grown.kind], ['changed', 'changed', 'changed']);
    assert.equal(readFileSync(real, 'utf8'), large);
    const remove = async () => rmSync(real);
    assert.equal((await replaceFile({ ...order, expected: hashOf(large), beforeWrite: remove })).kind, 'changed');
    assert.deepEqual(readdirSync(workspace.root), []);
  });

  it('gives one name of a file with two names its content, and leaves the other with its own', async () => {
    const workspace = makeWorkspace({ 'a.txt': 'old' });
    const [one, two] = [path.join(workspace.root, 'a.txt'), path.join(workspace.root, 'b.txt')];
    linkSync(one, two);
    const order = { workspace: workspace.root, expected: hashOf('old') };
    const results = await Promise.all([
      replaceFile({ ...order, real: one, bytes: Buffer.from('one') }),
      replaceFile({ ...order, real: two, bytes: Buffer.from('two') }),
    ]);
    assert.deepEqual(
      results.map(({ kind }) => kind),
      ['replaced', 'replaced'],
    );
    assert.deepEqual([readFileSync(one, 'utf8'), readFileSync(two, 'utf8')], ['one', 'two']);
  });

  it('makes nothing, not even a folder, where it was cancelled before it began', async () => {
    const workspace = makeWorkspace({ 'a.txt': 'old' });
    const order = { workspace: workspace.root, signal: AbortSignal.abort() };
    const real = path.join(workspace.root, 'sub/b.txt');
    assert.deepEqual(await replaceFile({ ...order, real, ...NOTHING }), { kind: 'cancelled' });
    const old = { real: path.join(workspace.root, 'a.txt'), expected: hashOf('old') };
    assert.deepEqual(await removeFile({ ...order, ...old }), { kind: 'cancelled' });
    assert.deepEqual(readdirSync(workspace.root), ['a.txt']);
  });

  it('ends while another still has the lock where it is cancelled, and never takes its step', async () => {
    const workspace = makeWorkspace({ 'a.txt': 'old' });
    const order = { workspace: workspace.root, real: path.join(workspace.root, 'a.txt'), expected: hashOf('old') };
    const release = holdLock(order.real);
    const cancel = new AbortController();
    const { signal } = cancel;
    const [written, removed] = [replaceFile({ ...order, bytes, signal }), removeFile({ ...order, signal })];
    const last = replaceFile({ ...order, bytes: Buffer.from('last') });
    cancel.abort();
    assert.deepEqual(await Promise.all([written, removed]), [{ kind: 'cancelled' }, { kind: 'cancelled' }]);
    assert.equal(readFileSync(order.real, 'utf8'), 'old');
    release();
    assert.deepEqual([await last, readFileSync(order.real, 'utf8')], [{ kind: 'replaced' }, 'last']);
    assert.deepEqual(readdirSync(workspace.root), ['a.txt'], 'no temporary file is left');
  });

  it('does not take its step where it is cancelled right before that, and has taken it where that comes later', async () => {
    const workspace = makeWorkspace({ 'a.txt': 'old' });
    const order = { workspace: workspace.root, real: path.join(workspace.root, 'a.txt'), expected: hashOf('old') };
    const early = () => {
      const cancel = new AbortController();
      return { ...order, bytes, signal: cancel.signal, beforeStep: () => cancel.abort() };
    };
    for (const replaced of [() => replaceFile(early()), () => removeFile(early())]) {
      assert.deepEqual(await replaced(), { kind: 'cancelled' });
      assert.equal(readFileSync(order.real, 'utf8'), 'old');
      assert.deepEqual(readdirSync(workspace.root), ['a.txt'], 'no temporary file is left');
    }
    const late = new AbortController();
    // Runs when what is under way in this turn of the loop is through: the step has been taken.
    const beforeStep = () => process.nextTick(() => late.abort());
    const replaced = await replaceFile({ ...order, bytes, signal: late.signal, beforeStep });
    assert.deepEqual([late.signal.aborted, replaced.kind, readFileSync(order.real, 'utf8')], [true, 'replaced', 'new']);
  });
});
