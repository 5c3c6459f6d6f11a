/** Putting a file in its place: in one step, and nowhere else, whatever is swapped on the way. */
import assert from 'node:assert/strict';
import { mkdirSync, readdirSync, readFileSync, renameSync, statSync, symlinkSync } from 'node:fs';
import path from 'node:path';
import { removeFile, replaceFile } from '../../../src/host/engine/tools/replace-file.ts';
import { makeWorkspace, removeWorkspaces } from './workspace.ts';

const bytes = Buffer.from('new');

after(removeWorkspaces);

describe('replacing a file', () => {
  it('[S10] stays in a folder that is swapped for a link while it writes', async () => {
    const workspace = makeWorkspace({ 'sub/a.txt': 'old' });
    const [sub, moved] = [path.join(workspace.root, 'sub'), path.join(workspace.root, 'moved')];
    const beforeWrite = async () => {
      renameSync(sub, moved);
      symlinkSync(workspace.outside, sub);
    };
    const result = await replaceFile({ workspace: workspace.root, real: path.join(sub, 'a.txt'), bytes, beforeWrite });
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
      bytes,
    });
    assert.equal(result.kind, 'refused');
    assert.deepEqual(readdirSync(workspace.outside), []);
  });

  it('[S10] puts the file in the place of a link, and not behind it', async () => {
    const workspace = makeWorkspace();
    const real = path.join(workspace.root, 'a.txt');
    symlinkSync(path.join(workspace.outside, 'target'), real);
    const result = await replaceFile({ workspace: workspace.root, real, bytes });
    assert.deepEqual(result, { kind: 'refused', reason: 'it is no regular file' });
    assert.deepEqual(readdirSync(workspace.outside), []);
  });

  it('leaves nothing behind where it fails', async () => {
    const workspace = makeWorkspace();
    const real = path.join(workspace.root, 'folder');
    mkdirSync(real);
    assert.equal((await replaceFile({ workspace: workspace.root, real, bytes })).kind, 'refused');
    assert.deepEqual(readdirSync(workspace.root), ['folder']);
    assert.ok(statSync(real).isDirectory());
  });

  it('refuses what is not in the workspace, and removes what is', async () => {
    const workspace = makeWorkspace({ 'a.txt': 'x' });
    const outside = path.join(workspace.outside, 'a.txt');
    assert.equal((await replaceFile({ workspace: workspace.root, real: outside, bytes })).kind, 'refused');
    assert.equal((await removeFile({ workspace: workspace.root, real: outside })).kind, 'refused');
    assert.equal(
      (await removeFile({ workspace: workspace.root, real: path.join(workspace.root, 'a.txt') })).kind,
      'replaced',
    );
    assert.deepEqual(readdirSync(workspace.root), []);
  });
});
