import assert from 'node:assert/strict';
import { mkdirSync, rmSync, symlinkSync } from 'node:fs';
import path from 'node:path';
import { tryLock } from '../../src/rendezvous/file-lock.ts';
import { CliSandbox, isAlive } from '../support/cli-sandbox.ts';
import { longRun, NOTES, QUICK } from '../support/cli-scenarios.ts';

const call = (name: string, input: object) => ({ name, input });

describe('a host', () => {
  let sandbox: CliSandbox;
  beforeEach(() => {
    sandbox = new CliSandbox();
  });
  afterEach(() => sandbox.remove());

  it('keeps its lock, and its files to itself, where its home lies in the workspace', async () => {
    const searching = {
      name: 'searching',
      turns: [
        {
          tool_calls: [
            call('search_text', { pattern: 'token|SQLite' }),
            call('list_files', {}),
            call('read_file', { path: path.join(sandbox.home, 'config.toml') }),
          ],
        },
        { tool_calls: [call('report_outcome', { success: true, summary: 'Looked.' })] },
        { text: 'Done.' },
      ],
    };
    // The workspace is the folder that holds both: what a person gets who works in the home folder itself.
    const workspace = path.dirname(sandbox.home);
    const args = ['--workspace', workspace, 'work', 'submit', '--trust', '--wait', 'look'];
    const result = await sandbox.json<{ foci: { id: string }[]; item: { id: string } }>(args, {
      env: { ANIMUS_MODEL: sandbox.script(searching) },
    });
    assert.equal(result.code, 0);
    const status = await sandbox.json<{ host: { store_folder: string } }>(['--workspace', workspace, 'status']);
    const store = status.host.store_folder;
    try {
      assert.equal(tryLock(path.join(store, 'lock.db')), undefined, 'the lock is still held');
    } finally {
      await sandbox.animus(['--workspace', workspace, 'host', 'stop']);
    }
  });

  it('goes on when its logs are gone', async () => {
    const env = { ANIMUS_MODEL: sandbox.script(QUICK) };
    await sandbox.animus(['trust']);
    const pid = sandbox.hostFile()?.pid ?? 0;
    rmSync(path.join(sandbox.store, 'logs'), { recursive: true });
    const { id } = await sandbox.json<{ id: string }>(['work', 'submit', 'look'], { env });
    assert.equal((await sandbox.json(['work', 'wait', id])).code, 0);
    assert.ok(isAlive(pid), 'the same host');
  });

  it('is not stopped by what lies in the workspace’s faculties folder', async () => {
    const folder = path.join(sandbox.workspace, '.animus', 'faculties');
    mkdirSync(folder, { recursive: true });
    symlinkSync('loop.toml', path.join(folder, 'loop.toml'));
    const env = { ANIMUS_MODEL: sandbox.script(QUICK) };
    const { id } = await sandbox.json<{ id: string }>(['work', 'submit', '--trust', 'look'], { env });
    assert.equal((await sandbox.json(['work', 'wait', id])).code, 0);
    const { stdout } = await sandbox.animus(['faculty', 'list']);
    assert.match(stdout, /loop\.toml is neither a file nor a folder/);
  });

  it('that is leaving takes no work; the next one does, and the one that was running goes on', async () => {
    sandbox.write(NOTES);
    const env = { ANIMUS_MODEL: sandbox.script(longRun(8, 400)) };
    const first = await sandbox.json<{ id: string }>(['work', 'submit', '--trust', 'read'], { env });
    const leaving = sandbox.hostFile()?.pid ?? 0;
    process.kill(leaving, 'SIGTERM');
    const second = await sandbox.json<{ id: string }>(['work', 'submit', 'look'], {
      env: { ANIMUS_MODEL: sandbox.script(QUICK) },
    });
    assert.equal(second.code, 0);
    assert.notEqual(sandbox.hostFile()?.pid, leaving);
    for (const { id } of [first, second]) {
      const waited = await sandbox.json<{ foci: unknown[] }>(['work', 'wait', id]);
      assert.deepEqual([waited.code, waited.foci.length], [0, 1]);
    }
  });

  it('is greeted while its database still opens', async () => {
    await sandbox.animus(['trust']);
    await sandbox.killHost();
    // The greeting says that it does not know yet, or that it does: both within the time that a client gives it.
    const status = await sandbox.json<{ host: { trusted: boolean } }>(['status']);
    assert.equal(status.host.trusted, true);
  });
});
