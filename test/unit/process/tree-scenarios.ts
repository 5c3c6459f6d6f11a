/** Run by process-tree.test.ts inside a namespace: what commands leave behind, and what becomes of it. */
import { spawn } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { readProcess, startOfSpawned } from '../../../src/host/process/process-table.ts';
import { descendsFromRun, endProcessTree, signalSame, sweepMarker } from '../../../src/host/process/process-tree.ts';
import { runCommand } from '../../../src/host/process/run-command.ts';
import { RUN_MARKER } from '../../../src/host/process/run-marker.ts';
import { exited, folder, main, orderOf, othersAlive, STORE, until } from './scenario.ts';

/** `sh daemon.sh <name>` tells that it runs, by a file `ready<name>`, and stays. */
writeFileSync(join(folder, 'daemon.sh'), 'echo > "ready$1"; exec sleep 300\n');
const untilReady = (count: number) => `until [ "$(cat ready* 2>/dev/null | wc -l)" -ge ${count} ]; do sleep 0.02; done`;
const closed = '</dev/null >/dev/null 2>&1';

async function leaves(command: string, count = 1) {
  const result = await exited(`${command}\n${untilReady(count)}\necho done`);
  return {
    exitCode: result.exitCode,
    stdout: result.stdout.text,
    leftBehind: result.leftBehind,
    survivors: result.survivors,
    alive: othersAlive(),
  };
}

/** Starts something that no run owns and waits for it to be what it is going to be. */
async function stranger(env: Record<string, string> = {}) {
  const child = spawn('sleep', ['301'], { env: { PATH: process.env.PATH, ...env }, detached: true, stdio: 'ignore' });
  const pid = child.pid ?? 0;
  await until(() => readFileSync(`/proc/${pid}/cmdline`, 'utf8').startsWith('sleep'));
  return { pid, startedAt: startOfSpawned(pid), end: () => child.kill('SIGKILL') };
}

async function tried(attempt: () => Promise<unknown>): Promise<string> {
  try {
    return `did ${JSON.stringify(await attempt())}`;
  } catch (error) {
    return error instanceof Error ? error.name : String(error);
  }
}

await main({
  child: () => leaves('sh daemon.sh &'),
  ignoresTerm: () => leaves(`(trap '' TERM; exec sh daemon.sh) &`),
  nohup: () => leaves('nohup sh daemon.sh >/dev/null 2>&1 &'),
  setsid: () => leaves('setsid sh daemon.sh &'),
  doubleFork: () => leaves(`(setsid sh -c 'sh daemon.sh & exit' &)`),
  doubleForkClosed: () => leaves(`(setsid sh daemon.sh ${closed} &)`),
  wipedInGroup: () => leaves(`(env -i sh daemon.sh ${closed} &)`),
  wipedWithParent: () => leaves(`setsid sh -c 'env -i setsid --wait sh daemon.sh; true' ${closed} &`),
  hundred: () => leaves('for n in $(seq 100); do setsid sh daemon.sh $n & done', 100),
  chain: async () => {
    // Each link starts the next and leaves, so that no scan sees them all.
    writeFileSync(join(folder, 'chain.sh'), `echo > ready; setsid sh chain.sh ${closed} & sleep 0.02`);
    return await leaves(`setsid sh chain.sh ${closed} &`);
  },
  holdsOutput: () => leaves('setsid sh daemon.sh & echo held'),
  evasion: async () => {
    const result = await leaves(`(env -i setsid sh daemon.sh ${closed} &)`);
    return { ...result, alive: result.alive.length };
  },

  async guards() {
    const other = await stranger();
    const marker = `${STORE}/${randomUUID()}`;
    const run = { pid: other.pid, startedAt: other.startedAt, marker };
    const outcomes = [];
    for (const pid of [0, 1, -1, other.pid + 0.5, Number.NaN, process.pid]) {
      outcomes.push(await tried(() => endProcessTree({ ...run, pid }, 0)));
    }
    for (const bad of ['', 'short/1', 'no-slash-but-long-enough', `${STORE}/`, `${STORE}/a/b`]) {
      outcomes.push(await tried(() => endProcessTree({ ...run, marker: bad }, 0)));
    }
    for (const bad of ['', '/', 'short/', STORE, marker]) outcomes.push(await tried(() => sweepMarker(bad)));
    const alive = othersAlive();
    other.end();
    return { outcomes: [...new Set(outcomes)], alive };
  },

  async recycled() {
    // The pid of a run that ended was given to a group leader that has nothing to do with it.
    const other = await stranger();
    const run = { pid: other.pid, startedAt: other.startedAt - 1, marker: `${STORE}/${randomUUID()}` };
    const end = await endProcessTree(run, 0);
    const seen = readProcess(other.pid);
    const signal = seen === undefined ? 'none' : signalSame({ ...seen, startedAt: seen.startedAt - 1 }, 'SIGKILL');
    const alive = othersAlive();
    other.end();
    return { end, signal, alive };
  },

  async older() {
    // Same marker, but started before the run: some other program chose the same words.
    const marker = `${STORE}/${randomUUID()}`;
    const other = await stranger({ [RUN_MARKER]: marker });
    await new Promise((resolve) => setTimeout(resolve, 50));
    const result = await exited('setsid sleep 300 & true', { marker });
    const alive = othersAlive();
    other.end();
    return { leftBehind: result.leftBehind, alive };
  },

  /** The host of `killedHost`, which is killed while its command runs. */
  async host() {
    const wiped = '(env -i sh daemon.sh 3) &';
    return await runCommand(orderOf(`setsid sh daemon.sh 1 ${closed} & sh daemon.sh 2 & ${wiped} sleep 300`));
  },

  async killedHost() {
    const other = await stranger({ [RUN_MARKER]: `another-store-of-ours/${randomUUID()}` });
    const unmarked = await stranger();
    const host = spawn(process.execPath, [fileURLToPath(import.meta.url), 'host', folder], { stdio: 'inherit' });
    await until(() => ['1', '2', '3'].every((name) => existsSync(join(folder, `ready${name}`))));
    const gone = new Promise((resolve) => host.once('exit', resolve));
    host.kill('SIGKILL');
    await gone;
    const before = othersAlive().length;
    const end = await sweepMarker(`${STORE}/`);
    const alive = othersAlive();
    const again = await sweepMarker(`${STORE}/`);
    other.end();
    unmarked.end();
    return { before, end, alive, again };
  },

  async descent() {
    const marker = `${STORE}/${randomUUID()}`;
    const stop = new AbortController();
    // The shell carries the marker, its child does not.
    const running = runCommand(
      orderOf(`env -u ${RUN_MARKER} sh -c 'echo $$ > pid; exec sleep 300'; true`, { marker, signal: stop.signal }),
    );
    const file = join(folder, 'pid');
    await until(() => existsSync(file) && readFileSync(file, 'utf8').endsWith('\n'));
    const inner = descendsFromRun(Number(readFileSync(file, 'utf8')));
    stop.abort();
    await running;
    const gone = descendsFromRun(2 ** 22 + 1);
    return {
      inner: { ...inner, marker: 'marker' in inner && inner.marker === marker },
      own: descendsFromRun(process.pid),
      gone,
    };
  },
});
