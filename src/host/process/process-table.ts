/**
 * The operating system's list of processes: /proc on Linux, `ps` on macOS and other Unix systems. It only reads. Windows
 * has no table here: its trees are ended by windows-tree.ts.
 */
import { execFile, execFileSync } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';
import { promisify } from 'node:util';

/** One process. A pid alone names nobody, since it is given again; pid and `startedAt` together do. */
export type ProcessEntry = {
  pid: number;
  parent: number;
  group: number;
  /** Linux: clock ticks since boot. Elsewhere: milliseconds since 1970, in whole seconds. Comparable on one machine only. */
  startedAt: number;
  /** Ended already and waiting to be reaped: no signal reaches it. */
  zombie: boolean;
};

const PS_COLUMNS = ['-o', 'pid=,ppid=,pgid=,stat=,lstart='];
const PS_OPTIONS = { env: { PATH: '/bin:/usr/bin', LC_ALL: 'C' }, maxBuffer: 16 * 1024 * 1024 };
const execFileText = promisify(execFile);

/** Every process that can be seen, this one included. */
export async function readProcessTable(): Promise<ProcessEntry[]> {
  return process.platform === 'linux' ? readProcFolder() : await readPs();
}

/** One process as it is now; undefined when it is gone. Synchronous, so that a signal can follow at once. */
export function readProcess(pid: number): ProcessEntry | undefined {
  if (process.platform === 'linux') return readProcEntry(pid);
  try {
    return parsePsLine(execFileSync('ps', [...PS_COLUMNS, '-p', String(pid)], { ...PS_OPTIONS, encoding: 'utf8' }));
  } catch (error) {
    // ps exits with 1 when no process has this pid.
    if (error instanceof Error && 'status' in error && error.status === 1) return undefined;
    throw error;
  }
}

/**
 * The start to give a run whose root was spawned a moment ago, in the units of `ProcessEntry.startedAt`. Call it before
 * the event loop turns: until then an ended root is still a zombie and its pid cannot belong to anybody else.
 */
export function startOfSpawned(pid: number): number {
  if (process.platform === 'linux') return readProcEntry(pid)?.startedAt ?? Number.POSITIVE_INFINITY;
  // `ps` knows whole seconds, and the clock may have passed one since the spawn.
  return Math.floor(Date.now() / 1000 - 1) * 1000;
}

/** Values of the variable in the process's environment, as it was at its last exec. Linux only; empty when unreadable. */
export function environmentValues(pid: number, name: string): string[] {
  const text = readProcFile(`/proc/${pid}/environ`);
  if (text === undefined) return [];
  const prefix = `${name}=`;
  return text
    .split('\0')
    .filter((line) => line.startsWith(prefix))
    .map((line) => line.slice(prefix.length));
}

function readProcFolder(): ProcessEntry[] {
  const entries: ProcessEntry[] = [];
  for (const name of readdirSync('/proc')) {
    if (!/^\d+$/.test(name)) continue;
    const entry = readProcEntry(Number(name));
    if (entry !== undefined) entries.push(entry);
  }
  return entries;
}

function readProcEntry(pid: number): ProcessEntry | undefined {
  const text = readProcFile(`/proc/${pid}/stat`);
  return text === undefined ? undefined : parseProcStat(text);
}

/** Exported for its tests. `text` is the content of /proc/<pid>/stat. */
export function parseProcStat(text: string): ProcessEntry | undefined {
  // The second field is the program's name in parentheses and may hold spaces and parentheses itself.
  const rest = text.slice(text.lastIndexOf(')') + 2).split(' ');
  const state = rest[0] ?? '';
  const numbers = [Number.parseInt(text, 10), Number(rest[1]), Number(rest[2]), Number(rest[19])];
  const [pid = Number.NaN, parent = Number.NaN, group = Number.NaN, startedAt = Number.NaN] = numbers;
  if (!numbers.every(Number.isSafeInteger)) return undefined;
  return { pid, parent, group, startedAt, zombie: state === 'Z' || state === 'X' };
}

/** Undefined for a process that is gone, or that another user's protection hides: neither can be claimed. */
function readProcFile(path: string): string | undefined {
  try {
    return readFileSync(path, 'utf8');
  } catch (error) {
    const code = error instanceof Error && 'code' in error ? error.code : undefined;
    if (code === 'ENOENT' || code === 'ESRCH' || code === 'EACCES' || code === 'EPERM') return undefined;
    throw new Error(`Could not read ${path}`, { cause: error });
  }
}

async function readPs(): Promise<ProcessEntry[]> {
  const { stdout } = await execFileText('ps', ['-ax', ...PS_COLUMNS], PS_OPTIONS);
  return stdout.split('\n').flatMap((line) => parsePsLine(line) ?? []);
}

/** Exported for its tests. One line of `ps -o pid=,ppid=,pgid=,stat=,lstart=`. */
export function parsePsLine(line: string): ProcessEntry | undefined {
  const match = /^\s*(\d+)\s+(\d+)\s+(\d+)\s+(\S+)\s+(\S.*?)\s*$/.exec(line);
  if (match === null) return undefined;
  const startedAt = Date.parse(match[5] ?? '');
  if (Number.isNaN(startedAt)) return undefined;
  const zombie = (match[4] ?? '').startsWith('Z');
  return { pid: Number(match[1]), parent: Number(match[2]), group: Number(match[3]), startedAt, zombie };
}
