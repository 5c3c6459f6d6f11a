import assert from 'node:assert/strict';
import { inNamespace, requireNamespace } from './namespace.ts';

const result = <T>(scenario: string) => inNamespace<T>('./command-scenarios.ts', scenario);

describe('runCommand', () => {
  before(requireNamespace);

  it('gives back output, exit code and marker', async () => {
    assert.deepEqual(await result('plain'), {
      kind: 'exited',
      exitCode: 3,
      signal: null,
      stdout: '<folder>\nhello store-of-this-test/run-1\n',
      stderr: { text: 'wrong\n', totalBytes: 6, omittedBytes: 0 },
      durationKnown: true,
      timedOut: false,
      cancelled: false,
      stdinCut: false,
      leftBehind: 0,
      survivors: 0,
    });
  });

  it('[S4] inherits nothing of the host environment', async () => {
    const text = await result<string>('environment');
    assert.match(text, /^ONLY=this$/m);
    assert.doesNotMatch(text, /secret-of-the-host|HOME=/);
  });

  it('[F20] tells exit 137 from a SIGKILL', async () => {
    assert.deepEqual(await result('exit137'), { exitCode: 137, signal: null });
    assert.deepEqual(await result('killedItself'), { exitCode: null, signal: 'SIGKILL' });
  });

  it('hands over standard input whole, and an empty one otherwise', async () => {
    assert.equal(await result('stdin'), Buffer.byteLength('grüße\n') * 50_000);
    assert.equal(await result('noStdin'), 'end\n');
  });

  it('[F20] takes a closed standard input as data', async () => {
    assert.deepEqual(await result('stdinClosed'), { text: 'fine\n', cut: [true, true], exitCode: 0 });
  });

  it('[F20] takes what the system holds for a command as handed over, also where it ended before that was written', async () => {
    assert.deepEqual(await result('stdinUnread'), { endedFirst: true, cut: [false, false], exitCodes: [0, 0] });
  });

  it('[F20] ends a hanging command and its children at the time-out', async () => {
    assert.deepEqual(await result('timeout'), {
      timedOut: true,
      cancelled: false,
      exitCode: null,
      signal: 'SIGTERM',
      leftBehind: 2,
      stdout: 'begun\n',
      alive: [],
    });
  });

  it('[F20] ends a command that ignores SIGTERM', async () => {
    assert.deepEqual(await result('timeoutStubborn'), { timedOut: true, signal: 'SIGKILL', alive: [] });
  });

  it('lets a command tidy up within the grace', async () => {
    assert.deepEqual(await result('grace'), { stdout: 'ready\ntidied\n', timedOut: true, exitCode: 0 });
  });

  it('[F22] a cancelled command leaves nothing running', async () => {
    assert.deepEqual(await result('cancel'), { cancelled: true, timedOut: false, leftBehind: 2, alive: [] });
    assert.match(await result('cancelledBefore'), /cancelled before it started/);
  });

  it('reports what cannot be started', async () => {
    const [folder, ...others] = await result<[string, ...unknown[]]>('badOrders');
    assert.match(folder, /^the folder .*absent does not exist$/);
    assert.deepEqual(others, [true, true, true, 127]);
  });

  it('[F20] keeps head and tail of a flood and says how much was left out', async () => {
    const flood = await result<Record<string, unknown>>('flood');
    assert.deepEqual(flood, {
      totalBytes: 64 * 1024 * 1024 + 4,
      omittedBytes: 64 * 1024 * 1024 + 4 - 10_000,
      length: 10_000 + '\n[67,098,868 bytes left out]\n'.length,
      tail: true,
      head: true,
      stderr: 'small\n',
    });
  });

  it('[F20] an endless flood on both streams stays bounded in memory and ends', async () => {
    const flood = await result<{ kept: number }>('endlessFlood');
    assert.ok(flood.kept < 11_000);
    assert.deepEqual(flood, { timedOut: true, bounded: true, alive: [], kept: flood.kept });
  });

  it('[F20] does not wait for a daemon that evaded and holds the pipes', async () => {
    assert.deepEqual(await result('evadedOutput'), { stdout: 'here\ndone\n', alive: 1 });
  });

  it('[F20] gives garbage back as text', async () => {
    assert.equal(await result('garbage'), '\ufffd\ufffd\0ok');
  });

  it('keeps runs apart that end at different times', async () => {
    assert.deepEqual(await result('parallel'), { texts: ['0', '1', '2', '3', '4', '5', '6', '7'], alive: [] });
  });
});
