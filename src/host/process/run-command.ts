/** Starts shell commands, and runs one to its end with everything that it started. The only place that starts commands. */
import { type ChildProcess, spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { BoundedOutput, type CapturedOutput } from './bounded-output.ts';
import { startOfSpawned } from './process-table.ts';
import { endProcessTree } from './process-tree.ts';
import { assertRunMarker, RUN_MARKER } from './run-marker.ts';

export type CommandOrder = {
  /** For the system's shell: /bin/sh, or cmd.exe on Windows. */
  command: string;
  /** Absolute path of an existing folder. */
  cwd: string;
  /** The whole environment: nothing is inherited. The run's marker is added. */
  env: Readonly<Record<string, string>>;
  /** Written to the command's standard input, which is then closed. Without it the input is empty. */
  stdin?: string | undefined;
  /** Milliseconds from the start to the end by force. */
  timeoutMs: number;
  /** Milliseconds between asking the processes to end and ending them. */
  graceMs: number;
  /** Bytes kept of each stream, at least 2: half from its head, half from its tail. */
  maxOutputBytes: number;
  /** `<store id>/<uuid>`, new for each run, at least 16 characters. */
  marker: string;
  signal: AbortSignal;
};

export type CommandResult =
  | {
      kind: 'exited';
      /** Null when a signal ended it, or when it could not be ended at all. */
      exitCode: number | null;
      signal: NodeJS.Signals | null;
      stdout: CapturedOutput;
      stderr: CapturedOutput;
      durationMs: number;
      timedOut: boolean;
      cancelled: boolean;
      /**
       * The command closed its input, or ended, before all of `stdin` was handed over. Up to `HANDED_OVER_BYTES` always
       * are: the system takes these at once, and only chance tells whether it did so before the command ended.
       */
      stdinCut: boolean;
      /** Processes besides the shell that had to be ended. */
      leftBehind: number;
      /** Processes that could not be ended: another user's, or stuck in the kernel. */
      survivors: number;
    }
  | { kind: 'failed_to_start'; reason: string };

type Ending = 'exit' | 'timeout' | 'cancel';
type Exit = { exitCode: number | null; signal: NodeJS.Signals | null };

export type StartedCommand = {
  kind: 'started';
  child: ChildProcess;
  pid: number;
  startedAt: number;
  /** By `performance.now()`. */
  began: number;
  exit: Promise<Exit>;
};

/** No less than what the system holds for a command that reads nothing: 208 KiB on Linux. */
export const HANDED_OVER_BYTES = 256 * 1024;

const LONGEST_TIMER_MS = 2 ** 31 - 1;
/** How long an ended command's exit and its last output may take to arrive. */
const LAST_WORDS_MS = 1000;

/**
 * Runs the command and resolves when its whole tree is gone. Whatever the command does is in the result. Throws a
 * TypeError or RangeError for an order that is wrong in itself, and rejects when the process table cannot be read.
 */
export async function runCommand(order: CommandOrder): Promise<CommandResult> {
  assertRunMarker(order.marker);
  const stdout = new BoundedOutput(order.maxOutputBytes);
  const stderr = new BoundedOutput(order.maxOutputBytes);
  if (order.signal.aborted) return { kind: 'failed_to_start', reason: 'it was cancelled before it started' };
  const started = await startCommand({ ...order, withInput: order.stdin !== undefined });
  if (started.kind === 'failed_to_start') return started;

  const { child, pid, startedAt, began } = started;
  const closed = new Promise<void>((resolve) => child.once('close', () => resolve()));
  child.stdout?.on('data', (chunk: Buffer) => stdout.write(chunk));
  child.stderr?.on('data', (chunk: Buffer) => stderr.write(chunk));
  const input = feed(child, order.stdin);
  // On `exit`, not on `close`: a daemon that holds our pipes keeps `close` away for as long as it lives.
  const ending = await firstEnding(started.exit, order);
  const durationMs = Math.round(performance.now() - began);
  const tree = await endProcessTree({ pid, startedAt, marker: order.marker }, order.graceMs);
  const exit = await within(started.exit, { exitCode: null, signal: null });
  await within(closed, undefined);
  for (const stream of [child.stdin, child.stdout, child.stderr]) stream?.destroy();
  return {
    kind: 'exited',
    ...exit,
    stdout: stdout.capture(),
    stderr: stderr.capture(),
    durationMs,
    timedOut: ending === 'timeout',
    cancelled: ending === 'cancel',
    stdinCut: input.cut,
    leftBehind: tree.ended,
    survivors: tree.survivors,
  };
}

/** Its root leads a group of its own and carries the marker; whoever starts it ends it, whole. */
export async function startCommand(
  order: Pick<CommandOrder, 'command' | 'cwd' | 'env' | 'marker'> & { withInput: boolean },
): Promise<StartedCommand | { kind: 'failed_to_start'; reason: string }> {
  assertRunMarker(order.marker);
  const began = performance.now();
  let child: ChildProcess;
  try {
    child = spawn(order.command, {
      shell: true,
      cwd: order.cwd,
      env: { ...order.env, [RUN_MARKER]: order.marker },
      // A group of its own; on Windows `detached` would open a console instead.
      detached: process.platform !== 'win32',
      windowsHide: true,
      stdio: [order.withInput ? 'pipe' : 'ignore', 'pipe', 'pipe'],
    });
  } catch (error) {
    // NUL characters, or a command longer than the system takes.
    return startFailure(error, order.cwd);
  }
  const failure = new Promise<Error>((resolve) => child.on('error', resolve));
  if (child.pid === undefined) return startFailure(await failure, order.cwd);
  const startedAt = startOfSpawned(child.pid);
  const exit = new Promise<Exit>((resolve) => child.once('exit', (exitCode, signal) => resolve({ exitCode, signal })));
  return { kind: 'started', child, pid: child.pid, startedAt, began, exit };
}

/** Writes the input. A command that does not want it closes the pipe: that is noted, and is no error. */
function feed(child: ChildProcess, text: string | undefined): { cut: boolean } {
  const input = { cut: Buffer.byteLength(text ?? '') > HANDED_OVER_BYTES };
  child.stdin?.on('error', () => undefined);
  child.stdin?.write(text ?? '', (error) => {
    if (!error) input.cut = false;
  });
  child.stdin?.end();
  return input;
}

async function firstEnding(exit: Promise<Exit>, order: CommandOrder): Promise<Ending> {
  const { promise, resolve } = Promise.withResolvers<Ending>();
  const cancel = () => resolve('cancel');
  const timer = setTimeout(() => resolve('timeout'), Math.min(order.timeoutMs, LONGEST_TIMER_MS));
  order.signal.addEventListener('abort', cancel);
  if (order.signal.aborted) cancel();
  try {
    return await Promise.race([exit.then((): Ending => 'exit'), promise]);
  } finally {
    clearTimeout(timer);
    order.signal.removeEventListener('abort', cancel);
  }
}

async function within<T>(promise: Promise<T>, otherwise: T): Promise<T> {
  const late = Promise.withResolvers<T>();
  const timer = setTimeout(() => late.resolve(otherwise), LAST_WORDS_MS);
  try {
    return await Promise.race([promise, late.promise]);
  } finally {
    clearTimeout(timer);
  }
}

/** A missing folder is reported by the system as if the shell were missing. */
function startFailure(error: unknown, cwd: string): { kind: 'failed_to_start'; reason: string } {
  if (!existsSync(cwd)) return { kind: 'failed_to_start', reason: `the folder ${cwd} does not exist` };
  return { kind: 'failed_to_start', reason: error instanceof Error ? error.message : String(error) };
}
