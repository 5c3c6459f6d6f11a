import assert from 'node:assert/strict';
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, linkSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { pathToFileURL } from 'node:url';
import { tryLock } from '../../../src/rendezvous/file-lock.ts';
import { until } from '../../support/engine-wait.ts';

const SOURCE = pathToFileURL(path.resolve(import.meta.dirname, '../../../src/rendezvous/file-lock.ts')).href;

describe('tryLock', () => {
  let folder: string;
  const children: ChildProcess[] = [];

  beforeEach(() => {
    folder = mkdtempSync(path.join(tmpdir(), 'animus-lock-'));
  });
  afterEach(async () => {
    for (const child of children.splice(0)) {
      if (child.exitCode === null && child.signalCode === null) {
        child.kill('SIGKILL');
        await once(child, 'exit');
      }
    }
    rmSync(folder, { recursive: true, force: true });
  });

  /** A process that tries for the lock, says whether it has it, and keeps it as long as it lives. */
  async function rival(file: string): Promise<{ child: ChildProcess; has: boolean }> {
    const script = `
      const { tryLock } = await import(${JSON.stringify(SOURCE)});
      const lock = tryLock(${JSON.stringify(file)});
      process.stdout.write(lock ? 'yes' : 'no');
      process.stdin.on('end', () => process.exit()).resume();`;
    const child = spawn(process.execPath, ['--no-warnings', '--input-type=module', '-e', script], {
      stdio: ['pipe', 'pipe', 'inherit'],
    });
    children.push(child);
    const [answer] = (await once(child.stdout, 'data')) as [Buffer];
    return { child, has: answer.toString() === 'yes' };
  }

  it('[F6] is had by one process at a time', async () => {
    const file = path.join(folder, 'lock.db');
    const lock = tryLock(file);
    assert.ok(lock);
    assert.equal(tryLock(file), undefined);
    assert.equal((await rival(file)).has, false);
    lock.release();
    const other = await rival(file);
    assert.equal(other.has, true);
    assert.equal(tryLock(file), undefined);
  });

  it('[F6] is had by one of many that start at once', async () => {
    const file = path.join(folder, 'lock.db');
    const rivals = await Promise.all(Array.from({ length: 6 }, () => rival(file)));
    assert.equal(rivals.filter(({ has }) => has).length, 1);
  });

  it('[F6] is free once its owner was killed', async () => {
    const file = path.join(folder, 'lock.db');
    const { child, has } = await rival(file);
    assert.ok(has);
    child.kill('SIGKILL');
    await once(child, 'exit');
    let lock = tryLock(file);
    await until(() => {
      lock ??= tryLock(file);
      return lock !== undefined;
    });
    lock?.release();
  });

  /**
   * The lock of a file that is linked into place, and unlinked where its owner is gone, in the two steps that such a lock
   * has: a look, and the taking.
   */
  function linked(file: string, name: string) {
    const own = path.join(folder, name);
    writeFileSync(own, name);
    return {
      look: () => existsSync(file) && readFileSync(file, 'utf8') === 'gone',
      take(isStale: boolean): boolean {
        if (isStale) rmSync(file);
        if (existsSync(file)) return false;
        linkSync(own, file);
        return true;
      },
    };
  }

  it('were it linked and unlinked, it would be had by two who both looked at what a dead owner left', () => {
    const file = path.join(folder, 'lock');
    writeFileSync(file, 'gone');
    const [one, other] = [linked(file, 'one'), linked(file, 'other')];
    const [oneLooked, otherLooked] = [one.look(), other.look()];
    assert.deepEqual([one.take(oneLooked), other.take(otherLooked)], [true, true]);
  });

  it('says what is wrong where a lock cannot be', () => {
    assert.throws(() => tryLock(path.join(folder, 'absent', 'lock.db')), /unable to open/);
  });
});
