/**
 * A command that stays: a line in, a line out, one at a time. When it does not answer in time, says too much or ends, it is
 * ended whole, with everything it started; whoever wants to go on starts another.
 */
import { setImmediate as turnOfTheLoop } from 'node:timers/promises';
import { BoundedOutput } from './bounded-output.ts';
import { endProcessTree } from './process-tree.ts';
import { type CommandOrder, type StartedCommand, startCommand } from './run-command.ts';

export type LineOrder = Pick<CommandOrder, 'command' | 'cwd' | 'env' | 'graceMs' | 'marker'> & {
  /** Longest line that it may say, in bytes. */
  maxLineBytes: number;
};

export type LineAnswer =
  | { kind: 'line'; text: string }
  | { kind: 'timed_out' }
  | { kind: 'cancelled' }
  | { kind: 'too_long' }
  /** It ended, or closed one of its streams. */
  | { kind: 'ended'; exitCode: number | null; signal: NodeJS.Signals | null };

export type StartedLineProcess =
  | { kind: 'started'; process: LineProcess }
  | { kind: 'failed_to_start'; reason: string };

const STDERR_BYTES = 16 * 1024;

export async function startLineProcess(order: LineOrder): Promise<StartedLineProcess> {
  const started = await startCommand({ ...order, withInput: true });
  if (started.kind === 'failed_to_start') return started;
  return { kind: 'started', process: new LineProcess(order, started) };
}

export class LineProcess {
  #order: LineOrder;
  #started: StartedCommand;
  #stderr = new BoundedOutput(STDERR_BYTES);
  #said: Buffer[] = [];
  #saidBytes = 0;
  #hasSpokenUnasked = false;
  #ending: Promise<void> | undefined;
  #answer: ((answer: LineAnswer) => void) | undefined;

  constructor(order: LineOrder, started: StartedCommand) {
    this.#order = order;
    this.#started = started;
    const { child } = started;
    child.stderr?.on('data', (chunk: Buffer) => this.#stderr.write(chunk));
    child.stdout?.on('data', (chunk: Buffer) => this.#hear(chunk));
    const gone = () => void this.#onGone();
    child.stdout?.once('end', gone);
    child.stdin?.on('error', gone);
    void started.exit.then(gone);
  }

  /**
   * False once it ended or was ended, and once it said something that nobody had asked for: what it says next may answer
   * anything. Looks at all that it has said by now.
   */
  async mayBeAsked(): Promise<boolean> {
    // Between the two the loop reads what has arrived.
    await turnOfTheLoop();
    await turnOfTheLoop();
    return this.#isAlive && !this.#hasSpokenUnasked;
  }

  get #isAlive(): boolean {
    return this.#ending === undefined;
  }

  /** The end of what it wrote to its standard error. */
  get stderrTail(): string {
    return this.#stderr.capture().text;
  }

  /** One question at a time. After any answer but a line the process is gone. */
  async ask(line: string, timeoutMs: number, signal: AbortSignal): Promise<LineAnswer> {
    if (this.#answer) throw new Error('A line process answers one question at a time.');
    if (!this.#isAlive) return { kind: 'ended', exitCode: null, signal: null };
    const { promise, resolve } = Promise.withResolvers<LineAnswer>();
    this.#answer = resolve;
    const timer = setTimeout(() => resolve({ kind: 'timed_out' }), timeoutMs);
    const cancel = () => resolve({ kind: 'cancelled' });
    signal.addEventListener('abort', cancel, { once: true });
    if (signal.aborted) cancel();
    this.#started.child.stdin?.write(`${line}\n`);
    const answer = await promise;
    this.#answer = undefined;
    clearTimeout(timer);
    signal.removeEventListener('abort', cancel);
    if (answer.kind !== 'line') await this.end();
    return answer;
  }

  /** Ends it with all that it started. Resolves when nothing is left. */
  end(): Promise<void> {
    this.#ending ??= this.#endTree();
    return this.#ending;
  }

  #hear(chunk: Buffer): void {
    if (!this.#answer) {
      this.#hasSpokenUnasked = true;
      return;
    }
    const newline = chunk.indexOf(0x0a);
    const part = newline === -1 ? chunk : chunk.subarray(0, newline);
    this.#saidBytes += part.length;
    if (this.#saidBytes > this.#order.maxLineBytes) {
      this.#said = [];
      this.#answer({ kind: 'too_long' });
      return;
    }
    this.#said.push(part);
    if (newline === -1) return;
    const text = Buffer.concat(this.#said).toString('utf8');
    this.#said = [];
    this.#saidBytes = 0;
    if (newline + 1 < chunk.length) this.#hasSpokenUnasked = true;
    this.#answer({ kind: 'line', text });
  }

  async #onGone(): Promise<void> {
    const ended = this.end();
    const { exitCode, signal } = await this.#started.exit;
    await ended;
    this.#answer?.({ kind: 'ended', exitCode, signal });
  }

  async #endTree(): Promise<void> {
    const { child, pid, startedAt } = this.#started;
    await endProcessTree({ pid, startedAt, marker: this.#order.marker }, this.#order.graceMs);
    for (const stream of [child.stdin, child.stdout, child.stderr]) stream?.destroy();
  }
}
