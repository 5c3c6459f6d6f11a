import assert from 'node:assert/strict';
import { chmodSync, symlinkSync } from 'node:fs';
import path from 'node:path';
import { listFiles } from '../../../src/host/engine/tools/list-files.ts';
import { compareBytewise, newTally, walkFiles } from '../../../src/host/engine/tools/walk-files.ts';
import { makeWorkspace, removeWorkspaces, type Workspace } from './workspace.ts';

async function list(workspace: Workspace, input: Record<string, unknown> = {}): Promise<string[]> {
  const result = await workspace.call(listFiles, input);
  assert.equal(result.isError, false, result.content);
  return result.content.split('\n');
}

const NOBODY = 65_534;

/** Root may read every folder: while `work` runs, this process is nobody, who gets where the modes let anybody in. */
async function withoutPrivilege<T>(workspace: Workspace, work: () => Promise<T>): Promise<T> {
  if (process.geteuid?.() !== 0) return work();
  chmodSync(path.dirname(workspace.root), 0o755);
  chmodSync(workspace.root, 0o755);
  process.seteuid?.(NOBODY);
  try {
    return await work();
  } finally {
    process.seteuid?.(0);
  }
}

const emptyFiles = (...names: string[]) => Object.fromEntries(names.map((name) => [name, '']));

describe('list_files', () => {
  after(removeWorkspaces);

  it('lists files in the order of their bytes, whatever the order on disk', async () => {
    const names = ['b', 'a/z', 'a.b', 'a-b', 'a/b/c', 'B', 'ä', '\u{ffee}', '😀', '.dot', 'a0'];
    const expected = names.toSorted((x, y) => Buffer.compare(Buffer.from(x), Buffer.from(y)));
    for (const order of [names, names.toReversed()]) {
      assert.deepEqual(await list(makeWorkspace(emptyFiles(...order))), expected);
    }
    assert.ok(compareBytewise('\u{ffee}', '😀') < 0);
  });

  it('honours .gitignore files, nested and negated ones, and skips .git and node_modules', async () => {
    const workspace = makeWorkspace({
      ...emptyFiles(
        'a.log',
        'keep.log',
        'src/a.ts',
        'src/gen/x.ts',
        'src/gen/keep.ts',
        'dist/a.js',
        'lib/b.log',
        'lib/c.log',
      ),
      ...emptyFiles('.git/config', 'node_modules/x/index.js', 'src/node_modules/y.js', 'sub/.git/HEAD', 'sub/a.txt'),
      '.gitignore': '*.log\n!keep.log\n/dist/\n',
      'src/.gitignore': 'gen/*\n!gen/keep.ts\n',
      'lib/.gitignore': '!b.log\n',
    });
    const expected = ['.gitignore', 'keep.log', 'lib/.gitignore', 'lib/b.log', 'src/.gitignore', 'src/a.ts'];
    assert.deepEqual(await list(workspace), [...expected, 'src/gen/keep.ts', 'sub/a.txt']);
    assert.deepEqual(await list(workspace, { path: 'src/gen' }), ['src/gen/keep.ts']);
    assert.deepEqual(await list(workspace, { path: 'dist' }), ['dist/a.js']);
    assert.deepEqual(await list(workspace, { path: 'node_modules/x' }), ['node_modules/x/index.js']);
  });

  it('narrows by path and glob', async () => {
    const workspace = makeWorkspace(emptyFiles('a.ts', 'src/b.ts', 'src/c.js', 'src/deep/d.ts', 'test/e.ts'));
    assert.deepEqual(await list(workspace, { glob: '*.ts' }), ['a.ts', 'src/b.ts', 'src/deep/d.ts', 'test/e.ts']);
    assert.deepEqual(await list(workspace, { glob: 'src/*.{ts,js}' }), ['src/b.ts', 'src/c.js']);
    assert.deepEqual(await list(workspace, { path: 'src', glob: '/*.ts' }), ['src/b.ts']);
    assert.deepEqual(await list(workspace, { path: path.join(workspace.root, 'src'), glob: 'deep/**' }), [
      'src/deep/d.ts',
    ]);
    assert.deepEqual(await list(workspace, { glob: '*.py' }), ['[no file matches]']);
    const invalid = await workspace.call(listFiles, { glob: '{a,b}'.repeat(9) });
    assert.match(invalid.content, /The glob cannot be used: more than 64/);
  });

  it('says how many there are beyond the limit', async () => {
    const workspace = makeWorkspace(emptyFiles(...Array.from({ length: 1234 }, (_, at) => `f${1000 + at}`)));
    const lines = await list(workspace, { limit: 3 });
    assert.deepEqual(lines, ['f1000', 'f1001', 'f1002', '[1,231 more; narrow the glob]']);
    assert.equal((await list(workspace)).length, 1001);
  });

  it('[S10] does not enter folders behind links, and lists links to files inside only', async () => {
    const workspace = makeWorkspace(emptyFiles('real/a', '../outside/secret'));
    symlinkSync('real', path.join(workspace.root, 'folder-link'));
    symlinkSync('..', path.join(workspace.root, 'real/up'));
    symlinkSync('real/a', path.join(workspace.root, 'file-link'));
    symlinkSync('../outside/secret', path.join(workspace.root, 'out-link'));
    symlinkSync('../outside', path.join(workspace.root, 'out'));
    symlinkSync('absent', path.join(workspace.root, 'dangling'));
    assert.deepEqual(await list(workspace), ['file-link', 'real/a']);
    assert.deepEqual(await list(workspace, { path: 'folder-link' }), ['real/a']);
  });

  it('[S10] does not take rules from a .gitignore that is a link', async () => {
    const workspace = makeWorkspace({ 'a.txt': '', '../outside/rules': '*\n' });
    symlinkSync('../outside/rules', path.join(workspace.root, '.gitignore'));
    assert.deepEqual(await list(workspace), ['a.txt']);
  });

  it('[S12] shows a name that would fake other lines on one line', async () => {
    const workspace = makeWorkspace(emptyFiles('a\nb.ts', 'c\u001b[2J', 'd\u202ee'));
    assert.deepEqual(await list(workspace), ['"a\\nb.ts"', '"c\\u001b[2J"', '"d\\u{202e}e"']);
  });

  it('[S10] answers bad paths with an error that says what to do', async () => {
    const workspace = makeWorkspace(emptyFiles('a.txt'));
    for (const [given, reason] of [
      ['..', /outside the workspace/],
      ['a.txt', /is a file; read_file/],
      ['absent', /no such file or folder/],
      ['CON', /device/],
    ] as const) {
      const result = await workspace.call(listFiles, { path: given });
      assert.ok(result.isError);
      assert.match(result.content, reason);
    }
  });

  it('goes on past a folder that it may not read, and says so', async function () {
    if (process.platform === 'win32') this.skip();
    const workspace = makeWorkspace(emptyFiles('a', 'closed/b', 'z'));
    chmodSync(path.join(workspace.root, 'closed'), 0);
    const found = await withoutPrivilege(workspace, () => list(workspace));
    assert.deepEqual(found, ['a', 'z', '[folders that could not be read: 1]']);
    chmodSync(path.join(workspace.root, 'closed'), 0o700);
  });

  it('stops at the bound of entries and says so', async () => {
    const { root } = makeWorkspace(emptyFiles('a/1', 'a/2', 'b/3', 'c'));
    const tally = newTally();
    const found: string[] = [];
    for await (const file of walkFiles(root, '.', tally, { mostEntries: 4 })) found.push(file.path);
    assert.deepEqual([found.length, tally.cutShort, tally.entries], [2, true, 4]);
  });

  it('[F19] ends when it is cancelled, also on the way', async () => {
    const workspace = makeWorkspace(emptyFiles('a/1', 'a/2', 'b/3'));
    const before = await workspace.call(listFiles, {}, AbortSignal.abort());
    assert.deepEqual(before, { content: 'list_files was cancelled.', isError: true });
    const stop = new AbortController();
    const walked: string[] = [];
    await assert.rejects(async () => {
      for await (const file of walkFiles(workspace.root, '.', newTally(), { signal: stop.signal })) {
        walked.push(file.path);
        stop.abort();
      }
    }, /aborted/);
    assert.deepEqual(walked, ['a/1']);
  });
});
