import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { CliSandbox } from '../support/cli-sandbox.ts';

const BINDFS = '/usr/bin/bindfs';

describe('a store on a file system that is no local disk', () => {
  it('is refused with advice, and nothing is written', async function () {
    if (process.platform !== 'linux' || !existsSync(BINDFS) || process.getuid?.() !== 0) {
      this.skip(); // mounting takes Linux, root and bindfs
    }
    const root = mkdtempSync(path.join(tmpdir(), 'animus-fuse-'));
    const [real, mounted] = [path.join(root, 'real'), path.join(root, 'mounted')];
    for (const folder of [real, mounted]) mkdirSync(folder);
    execFileSync(BINDFS, [real, mounted]);
    const sandbox = new CliSandbox();
    try {
      const env = { ANIMUS_HOME: mounted };
      const result = await sandbox.animus(['work', 'submit', '--trust', 'x'], { env });
      assert.equal(result.code, 3, result.stderr);
      assert.match(result.stderr, /would lie on FUSE/);
      assert.match(result.stderr, /Set ANIMUS_HOME to a folder on a local disk, or ANIMUS_DATABASE_URL/);
      const files = readdirSync(real, { recursive: true, withFileTypes: true }).filter((entry) => entry.isFile());
      assert.deepEqual(files, []);
    } finally {
      await sandbox.remove();
      execFileSync('umount', [mounted]);
      rmSync(root, { recursive: true });
    }
  });

  it('is allowed where a Postgres server holds the data', async function () {
    const url = process.env.ANIMUS_TEST_POSTGRES_URL;
    if (!url) this.skip(); // no Postgres server on this machine
    const sandbox = new CliSandbox({ ANIMUS_DATABASE_URL: url, ANIMUS_DATABASE_SCHEMA: 'animus_cli_fuse' });
    try {
      const status = await sandbox.json<{ host: { database_kind: string } }>(['status']);
      assert.equal(status.host.database_kind, 'postgres');
    } finally {
      await sandbox.remove();
    }
  });
});
