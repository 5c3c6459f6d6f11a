/** What scenario scripts share. They run alone in their process namespace: every process there is theirs. */
import { randomUUID } from 'node:crypto';
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { type CommandOrder, type CommandResult, runCommand } from '../../../src/host/process/run-command.ts';

export const STORE = '5f0c1f5e-8f5b-4f0e-9a53-3a1f6f9b1c11';

/** Made anew, or the one of the scenario that started this one. */
export const folder = process.argv[3] ?? mkdtempSync(join(tmpdir(), 'animus-process-'));

export type Exited = Extract<CommandResult, { kind: 'exited' }>;

export function orderOf(command: string, changes: Partial<CommandOrder> = {}): CommandOrder {
  return {
    command,
    cwd: folder,
    env: { PATH: process.env.PATH ?? '/bin:/usr/bin' },
    timeoutMs: 20_000,
    graceMs: 200,
    maxOutputBytes: 10_000,
    marker: `${STORE}/${randomUUID()}`,
    signal: new AbortController().signal,
    ...changes,
  };
}

export async function exited(command: string, changes: Partial<CommandOrder> = {}): Promise<Exited> {
  const result = await runCommand(orderOf(command, changes));
  if (result.kind !== 'exited') throw new Error(result.reason);
  return result;
}

/** Command lines of all live processes but init and this one. Read apart from the code under test. */
export function othersAlive(): string[] {
  return readdirSync('/proc')
    .map(Number)
    .filter((pid) => pid > 1 && pid !== process.pid)
    .flatMap((pid) => commandLine(pid));
}

/** Whether a child of this process ended and was not noticed yet. */
export function isZombieThere(): boolean {
  const pids = readFileSync('/proc/thread-self/children', 'utf8').trim().split(' ').filter(Boolean);
  return pids.some((pid) => isZombie(Number(pid)));
}

const isZombie = (pid: number) => /^State:\s+[ZX]/m.test(readFileSync(`/proc/${pid}/status`, 'utf8'));

function commandLine(pid: number): string[] {
  try {
    return isZombie(pid) ? [] : [readFileSync(`/proc/${pid}/cmdline`, 'utf8').replaceAll('\0', ' ').trim()];
  } catch (error) {
    if (error instanceof Error && 'code' in error && (error.code === 'ENOENT' || error.code === 'ESRCH')) return [];
    throw error;
  }
}

/** Waits until `check` holds; the namespace's own time limit ends a wait for ever. */
export async function until(check: () => boolean): Promise<void> {
  while (!check()) await delay(10);
}

/** Runs the scenario that the command line names and prints its result. */
export async function main(scenarios: Record<string, () => Promise<unknown>>): Promise<void> {
  const scenario = scenarios[process.argv[2] ?? ''];
  if (scenario === undefined) throw new Error(`No scenario ${process.argv[2]}`);
  try {
    const result = await scenario();
    process.stdout.write(JSON.stringify(result));
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}
