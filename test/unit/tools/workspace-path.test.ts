import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { mkdirSync, readdirSync, renameSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { openInWorkspace, resolveInWorkspace } from '../../../src/host/engine/tools/workspace-path.ts';
import { makeWorkspace, removeWorkspaces, type Workspace } from './workspace.ts';

const openFiles = () => readdirSync('/proc/self/fd').length;

async function opened(workspace: Workspace, given: string, steps: Parameters<typeof openInWorkspace>[2] = {}) {
  const result = await openInWorkspace(workspace.root, given, steps);
  if (result.kind === 'refused') return `refused: ${result.reason}`;
  await using handle = result.handle;
  return await handle.readFile('utf8');
}

describe('workspace paths', () => {
  after(removeWorkspaces);

  it('resolves relative and absolute paths inside, existing or not', async () => {
    const { root } = makeWorkspace({ 'src/a.ts': '' });
    const expected = { kind: 'inside', real: path.join(root, 'src/a.ts'), relative: 'src/a.ts', exists: true };
    for (const given of ['src/a.ts', './src//a.ts', 'src/../src/a.ts', path.join(root, 'src/a.ts')]) {
      assert.deepEqual(await resolveInWorkspace(root, given), expected);
    }
    assert.deepEqual(await resolveInWorkspace(root, 'src/new/b.ts'), {
      kind: 'inside',
      real: path.join(root, 'src/new/b.ts'),
      relative: 'src/new/b.ts',
      exists: false,
    });
    assert.equal((await resolveInWorkspace(root, '.')).kind, 'inside');
    assert.equal((await resolveInWorkspace(root, '..name')).kind, 'inside');
  });

  it('[S10] refuses what leads out by its name', async () => {
    const { root, outside } = makeWorkspace({ 'a.txt': '' });
    const names = ['..', '../outside', 'a/../../outside/x', '../../x', outside, '/etc/passwd', '/', `${root}-other/x`];
    for (const given of names) {
      assert.deepEqual(await resolveInWorkspace(root, given), {
        kind: 'refused',
        reason: 'it lies outside the workspace',
      });
    }
  });

  it('[S10] refuses NUL, the empty path, endless paths and files used as folders', async () => {
    const { root } = makeWorkspace({ 'a.txt': '' });
    const given = ['a\0.txt', '', 'x/'.repeat(3000), 'y'.repeat(300), 'a.txt/b', '\0'];
    for (const one of given) assert.equal((await resolveInWorkspace(root, one)).kind, 'refused', JSON.stringify(one));
  });

  it('[S10] refuses device names of Windows, but not a file that exists where they mean nothing', async () => {
    const { root } = makeWorkspace({ 'src/aux.c': '' });
    for (const given of ['CON', 'nul.txt', 'a/com1', 'LPT¹.log', 'Aux .x', 'conin$', 'prn/x']) {
      assert.equal((await resolveInWorkspace(root, given)).kind, 'refused', given);
    }
    for (const given of ['console', 'com10', 'nullable.ts', 'x.con', 'src/aux.c']) {
      assert.equal((await resolveInWorkspace(root, given, 'linux')).kind, 'inside', given);
    }
    for (const given of ['src/aux.c', 'a.txt:stream', 'dot.', 'space ']) {
      assert.equal((await resolveInWorkspace(root, given, 'win32')).kind, 'refused', given);
    }
  });

  it('[S10] follows symbolic links inside and refuses those that leave', async () => {
    const workspace = makeWorkspace({ 'real/a.txt': 'inside' });
    const { root, outside } = workspace;
    writeFileSync(path.join(outside, 'secret'), 'secret');
    symlinkSync('real', path.join(root, 'folder'));
    symlinkSync('real/a.txt', path.join(root, 'file'));
    symlinkSync(outside, path.join(root, 'out'));
    symlinkSync(path.join(outside, 'secret'), path.join(root, 'out-file'));
    symlinkSync(path.join(outside, 'absent'), path.join(root, 'dangling'));
    symlinkSync('circle', path.join(root, 'circle'));
    assert.equal(await opened(workspace, 'folder/a.txt'), 'inside');
    assert.equal(await opened(workspace, 'file'), 'inside');
    for (const given of ['out', 'out/secret', 'out/new', 'out-file', 'dangling', 'dangling/x', 'circle']) {
      assert.equal((await resolveInWorkspace(root, given)).kind, 'refused', given);
      assert.doesNotMatch(await opened(workspace, given), /secret|outside\//, given);
    }
  });

  it('[S10] notices a folder that is swapped for a link between check and use', async () => {
    const workspace = makeWorkspace({ 'folder/a.txt': 'inside' });
    const before = openFiles();
    const swap = async () => {
      renameSync(path.join(workspace.root, 'folder'), path.join(workspace.root, 'moved'));
      symlinkSync(workspace.outside, path.join(workspace.root, 'folder'));
    };
    writeFileSync(path.join(workspace.outside, 'a.txt'), 'secret');
    assert.match(await opened(workspace, 'folder/a.txt', { beforeOpen: swap }), /^refused: it was replaced/);
    assert.equal(openFiles(), before);
  });

  it('[S10] notices the same swap where descriptors have no path', async () => {
    const workspace = makeWorkspace({ 'folder/a.txt': 'inside' });
    const swap = async () => {
      renameSync(path.join(workspace.root, 'folder'), path.join(workspace.root, 'moved'));
      symlinkSync(workspace.outside, path.join(workspace.root, 'folder'));
    };
    writeFileSync(path.join(workspace.outside, 'a.txt'), 'secret');
    const steps = { beforeOpen: swap, platform: 'darwin' } as const;
    assert.match(await opened(workspace, 'folder/a.txt', steps), /^refused: it was replaced/);
    assert.equal(await opened(workspace, 'moved/a.txt', { platform: 'darwin' }), 'inside');
  });

  it('[S10] notices a file that is swapped for a link, a folder, or nothing', async () => {
    const workspace = makeWorkspace();
    const file = path.join(workspace.root, 'a.txt');
    const before = openFiles();
    for (const replace of [() => symlinkSync('/etc/passwd', file), () => mkdirSync(file), () => undefined]) {
      rmSync(file, { force: true, recursive: true });
      workspace.write('a.txt', 'inside');
      const beforeOpen = async () => {
        rmSync(file);
        replace();
      };
      assert.match(await opened(workspace, 'a.txt', { beforeOpen }), /^refused: /);
    }
    assert.equal(openFiles(), before);
  });

  it('[S10] refuses pipes without waiting for a writer, and folders', async function () {
    if (process.platform === 'win32') this.skip();
    const workspace = makeWorkspace({ 'folder/a.txt': '' });
    execFileSync('mkfifo', [path.join(workspace.root, 'pipe')]);
    assert.match(await opened(workspace, 'pipe'), /no regular file/);
    assert.match(await opened(workspace, 'folder'), /folder; list_files/);
    const swap = async () => {
      rmSync(path.join(workspace.root, 'folder/a.txt'));
      execFileSync('mkfifo', [path.join(workspace.root, 'folder/a.txt')]);
    };
    assert.match(await opened(workspace, 'folder/a.txt', { beforeOpen: swap }), /replaced/);
  });
});
