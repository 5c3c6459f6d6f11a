/** What the host knows of the files that windows hold unsaved, and whom it believes about them. */
import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, realpathSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import type { ApiContext, Session } from '../../../src/host/api/context.ts';
import { editorHandlers } from '../../../src/host/api/handlers/editor.ts';
import { UnsavedFiles } from '../../../src/host/api/unsaved-files.ts';
import { FakeWindow } from '../../support/window-fake.ts';

describe('unsaved files', () => {
  let folder = '';
  before(() => {
    folder = realpathSync(mkdtempSync(path.join(tmpdir(), 'animus-unsaved-')));
    mkdirSync(path.join(folder, 'real'));
    writeFileSync(path.join(folder, 'real', 'a.txt'), 'a');
    symlinkSync('real', path.join(folder, 'link'));
  });
  after(() => rmSync(folder, { recursive: true }));

  function setup() {
    const unsavedFiles = new UnsavedFiles();
    const tell = (window: FakeWindow, paths: string[], kind: 'vscode' | 'cli' = 'vscode') => {
      const context = { unsavedFiles } as unknown as ApiContext;
      const session = { window, client: { kind }, isOf: () => true } as unknown as Session;
      return editorHandlers['editor/unsaved'](context, { pid: process.pid, paths }, session);
    };
    return { unsavedFiles, tell };
  }

  it('are known by their real path, whatever link they were opened by, and also before they exist', async () => {
    const { unsavedFiles, tell } = setup();
    await tell(new FakeWindow(), [path.join(folder, 'link', 'a.txt'), path.join(folder, 'new.txt'), 'relative.txt']);
    assert.equal(unsavedFiles.has(path.join(folder, 'real', 'a.txt')), true);
    assert.equal(unsavedFiles.has(path.join(folder, 'new.txt')), true);
    assert.equal(unsavedFiles.has(path.resolve('relative.txt')), false, 'a relative path says nothing');
  });

  it('are those of all windows, each as it told last, and none of a window that is gone', async () => {
    const { unsavedFiles, tell } = setup();
    const [one, other] = [new FakeWindow(), new FakeWindow()];
    const file = path.join(folder, 'real', 'a.txt');
    await tell(one, [file]);
    await tell(other, [file]);
    await tell(one, []);
    assert.equal(unsavedFiles.has(file), true);
    await other.close();
    assert.equal(unsavedFiles.has(file), false);
  });

  it('are not told by what is no window', async () => {
    const { unsavedFiles, tell } = setup();
    const file = path.join(folder, 'real', 'a.txt');
    await assert.rejects(async () => tell(new FakeWindow(), [file], 'cli'), {
      name: 'AnimusError',
      kind: 'not_permitted',
    });
    assert.equal(unsavedFiles.has(file), false);
  });
});
