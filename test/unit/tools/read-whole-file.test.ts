import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { mkdirSync, readdirSync, renameSync, symlinkSync } from 'node:fs';
import path from 'node:path';
import { readWholeFile } from '../../../src/host/engine/tools/read-whole-file.ts';
import { makeWorkspace, removeWorkspaces } from './workspace.ts';

describe('readWholeFile', () => {
  after(removeWorkspaces);

  it('reads regular files up to the bound', () => {
    const { root } = makeWorkspace({ 'a.txt': 'four' });
    const file = path.join(root, 'a.txt');
    assert.deepEqual(readWholeFile(root, file, 4), { kind: 'read', bytes: Buffer.from('four') });
    assert.deepEqual(readWholeFile(root, file, 3), { kind: 'too_large' });
  });

  it('[S10] reads nothing that became a link, a pipe or a folder since it was met, and leaves nothing open', function () {
    if (process.platform !== 'linux') this.skip();
    const { root } = makeWorkspace({ 'folder/a.txt': 'inside', '../outside/a.txt': 'secret', 'b.txt': '' });
    renameSync(path.join(root, 'folder'), path.join(root, 'moved'));
    symlinkSync('../outside', path.join(root, 'folder'));
    symlinkSync('../outside/a.txt', path.join(root, 'link'));
    mkdirSync(path.join(root, 'now-a-folder'));
    execFileSync('mkfifo', [path.join(root, 'pipe')]);
    const before = readdirSync('/proc/self/fd').length;
    for (const name of ['folder/a.txt', 'link', 'now-a-folder', 'pipe', 'absent', '../outside/a.txt']) {
      assert.deepEqual(readWholeFile(root, path.join(root, name), 100), { kind: 'unreadable' }, name);
    }
    assert.equal(readdirSync('/proc/self/fd').length, before);
  });
});
