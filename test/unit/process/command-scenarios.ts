/** Run by run-command.test.ts inside a namespace. */
import { join } from 'node:path';
import { HANDED_OVER_BYTES, runCommand } from '../../../src/host/process/run-command.ts';
import { exited, folder, isZombieThere, main, orderOf, othersAlive, until } from './scenario.ts';

const FLOOD_BYTES = 64 * 1024 * 1024;

async function startFailure(command: string, changes: Parameters<typeof orderOf>[1]) {
  const result = await runCommand(orderOf(command, changes));
  return result.kind === 'failed_to_start' ? result.reason : result.kind;
}

await main({
  plain: async () => {
    const result = await exited('pwd; echo "$GREETING $ANIMUS_RUN"; echo wrong >&2; exit 3', {
      env: { GREETING: 'hello' },
      marker: 'store-of-this-test/run-1',
    });
    const { durationMs, ...rest } = result;
    return { ...rest, stdout: rest.stdout.text.replace(folder, '<folder>'), durationKnown: durationMs >= 0 };
  },
  environment: async () => {
    process.env.PLANTED = 'secret-of-the-host';
    return (await exited('env', { env: { PATH: process.env.PATH ?? '', ONLY: 'this' } })).stdout.text;
  },
  killedItself: async () => {
    const { exitCode, signal } = await exited('kill -9 $$');
    return { exitCode, signal };
  },
  exit137: async () => {
    const { exitCode, signal } = await exited('exit 137');
    return { exitCode, signal };
  },
  stdin: async () => (await exited('cat', { stdin: 'grüße\n'.repeat(50_000) })).stdout.totalBytes,
  noStdin: async () => (await exited('cat; echo end')).stdout.text,
  stdinClosed: async () => {
    const closed = await exited('exec 0<&-; sleep 0.1; echo fine', { stdin: 'x'.repeat(5_000_000) });
    const ended = await exited('exit 0', { stdin: 'x'.repeat(5_000_000) });
    return { text: closed.stdout.text, cut: [closed.stdinCut, ended.stdinCut], exitCode: closed.exitCode };
  },
  stdinUnread: async () => {
    const text = 'x'.repeat(HANDED_OVER_BYTES);
    const unread = await exited('exit 0', { stdin: text });
    let endedFirst = false;
    const late = await runCommand({
      ...orderOf('exit 0'),
      get stdin() {
        // Asked for last when it is to be written: the command that was started by then is over first.
        while (othersAlive().length > 0);
        endedFirst = isZombieThere();
        return text;
      },
    });
    return {
      endedFirst,
      cut: [unread.stdinCut, late.kind === 'exited' && late.stdinCut],
      exitCodes: [unread.exitCode, late.kind === 'exited' && late.exitCode],
    };
  },
  timeout: async () => {
    const result = await exited('echo begun; sleep 300 & sleep 300; true', { timeoutMs: 1500 });
    const { timedOut, cancelled, exitCode, signal, leftBehind } = result;
    return { timedOut, cancelled, exitCode, signal, leftBehind, stdout: result.stdout.text, alive: othersAlive() };
  },
  timeoutStubborn: async () => {
    const result = await exited(`trap '' TERM; while true; do sleep 1; done`, { timeoutMs: 300, graceMs: 300 });
    return { timedOut: result.timedOut, signal: result.signal, alive: othersAlive() };
  },
  grace: async () => {
    const command = `trap 'echo tidied; exit 0' TERM; echo ready; while true; do sleep 0.05; done`;
    const result = await exited(command, { timeoutMs: 1500, graceMs: 5000 });
    return { stdout: result.stdout.text, timedOut: result.timedOut, exitCode: result.exitCode };
  },
  cancel: async () => {
    const stop = new AbortController();
    const running = exited('setsid sleep 300 & sleep 300; true', { signal: stop.signal });
    await until(() => othersAlive().filter((line) => line === 'sleep 300').length === 2);
    stop.abort();
    const { cancelled, timedOut, leftBehind } = await running;
    return { cancelled, timedOut, leftBehind, alive: othersAlive() };
  },
  cancelledBefore: () => startFailure('true', { signal: AbortSignal.abort() }),
  badOrders: async () => [
    await startFailure('true', { cwd: join(folder, 'absent') }),
    (await startFailure('echo \0', {})) !== 'exited',
    (await startFailure('true', { env: { A: 'x\0y' } })) !== 'exited',
    (await startFailure(`: ${'x'.repeat(4 * 1024 * 1024)}`, {})) !== 'exited',
    (await exited('no-such-program-anywhere')).exitCode,
  ],
  flood: async () => {
    const result = await exited(`head -c ${FLOOD_BYTES} /dev/zero | tr '\\0' x; printf TAIL; echo small >&2`);
    const { text, totalBytes, omittedBytes } = result.stdout;
    return {
      totalBytes,
      omittedBytes,
      length: text.length,
      tail: text.endsWith('TAIL'),
      head: text.startsWith('xxx'),
      stderr: result.stderr.text,
    };
  },
  endlessFlood: async () => {
    const before = process.memoryUsage().rss;
    const result = await exited('yes & yes >&2', { timeoutMs: 1500 });
    const grownMiB = (process.memoryUsage().rss - before) / 1024 / 1024;
    return {
      timedOut: result.timedOut,
      bounded: grownMiB < 300,
      alive: othersAlive(),
      kept: result.stderr.text.length,
    };
  },
  evadedOutput: async () => {
    // Nothing can claim this one, and it holds both pipes.
    const result = await exited(
      '(env -i setsid sh -c "echo here; echo > ready; exec sleep 300" &); until [ -e ready ]; do sleep 0.02; done; echo done',
    );
    return { stdout: result.stdout.text, alive: othersAlive().length };
  },
  garbage: async () => {
    const result = await exited(String.raw`printf '\377\376\000ok'`);
    return result.stdout.text;
  },
  parallel: async () => {
    const results = await Promise.all(
      Array.from({ length: 8 }, (_, n) => exited(`setsid sleep 300 & sleep 0.${n}; echo ${n}`)),
    );
    return { texts: results.map((result) => result.stdout.text.trim()), alive: othersAlive() };
  },
});
