/**
 * The process that a loop of one's own runs in. What it writes to its standard output is what it says; its standard error is
 * for whoever looks why it failed. It is ended whole, with everything that it started.
 */
import { StringDecoder } from 'node:string_decoder';
import { BoundedOutput } from '../../process/bounded-output.ts';
import { endProcessTree } from '../../process/process-tree.ts';
import { type StartedCommand, startCommand } from '../../process/run-command.ts';

export type ExternalOrder = {
  /** For the system's shell. */
  command: string;
  /** Absolute path of an existing folder. */
  cwd: string;
  /** The whole environment. The run's marker is added. */
  env: Readonly<Record<string, string>>;
  marker: string;
};

export type ExternalEnd =
  | { kind: 'exited'; exitCode: number | null; signal: NodeJS.Signals | null; stderrTail: string }
  | { kind: 'failed_to_start'; reason: string };

/** Takes secrets out, before anything is cut: no half of one is left. */
export type Redaction = {
  text(text: string): string;
  stream(): { push(piece: string): string; end(): string };
};

const STDERR_BYTES = 16 * 1024;
const STDERR_TAIL = 2000;

/** Between asking it to end and ending it. */
const GRACE_MS = 2000;

/** How long its last output may take to arrive after its end. */
const LAST_WORDS_MS = 1000;

/** Of what it says between two calls, in characters; the rest is left out, and that is said. */
const MOST_SAID = 100_000;
const LEFT_OUT = '\n[… what else it said is left out]\n';

export class ExternalCommand {
  #started: StartedCommand;
  #marker: string;
  #stderr = new BoundedOutput(STDERR_BYTES);
  #decoder = new StringDecoder('utf8');
  #redacted: ReturnType<Redaction['stream']>;
  #said = '';
  #saidLength = 0;
  #hasSpoken = false;
  #ending: Promise<void> | undefined;
  #onChange: () => void;
  /** Set once it ended and all that it said has arrived. */
  end: ExternalEnd | undefined;

  private constructor(started: StartedCommand, marker: string, redaction: Redaction, onChange: () => void) {
    this.#redacted = redaction.stream();
    this.#started = started;
    this.#marker = marker;
    this.#onChange = onChange;
    const { child } = started;
    child.stdout?.on('data', (chunk: Buffer) => this.#hear(this.#decoder.write(chunk)));
    child.stderr?.on('data', (chunk: Buffer) => this.#stderr.write(chunk));
    // A program that wants no input closes it.
    child.stdin?.on('error', () => undefined);
    const closed = new Promise<void>((resolve) => child.once('close', () => resolve()));
    void started.exit.then(async (exit) => {
      await within(closed, LAST_WORDS_MS);
      this.#hear(this.#decoder.end());
      this.#keep(this.#redacted.end());
      const stderrTail = redaction.text(this.#stderr.capture().text).slice(-STDERR_TAIL).trim();
      this.end = { kind: 'exited', ...exit, stderrTail };
      this.#onChange();
    });
  }

  /** `input` is written to its standard input, which is closed then. `onChange` is called when it says something, or ends. */
  static async start(
    order: ExternalOrder,
    input: string,
    redaction: Redaction,
    onChange: () => void,
  ): Promise<ExternalCommand | Extract<ExternalEnd, { kind: 'failed_to_start' }>> {
    const started = await startCommand({ ...order, withInput: true });
    if (started.kind === 'failed_to_start') return started;
    const made = new ExternalCommand(started, order.marker, redaction, onChange);
    started.child.stdin?.end(input);
    return made;
  }

  /** What it said since it was asked last. */
  takeSaid(): string {
    const said = this.#said;
    this.#said = '';
    return said;
  }

  /** Whether it said anything since this was asked last, also what was left out. */
  takeHasSpoken(): boolean {
    const has = this.#hasSpoken;
    this.#hasSpoken = false;
    return has;
  }

  /** What it says from now on counts anew for the bound. */
  beginTurn(): void {
    this.#saidLength = 0;
  }

  /** Resolves when nothing of it is left. */
  stop(): Promise<void> {
    this.#ending ??= this.#endTree();
    return this.#ending;
  }

  #hear(text: string): void {
    if (text === '') return;
    this.#hasSpoken = true;
    this.#keep(this.#redacted.push(text));
    this.#onChange();
  }

  #keep(text: string): void {
    const room = MOST_SAID - this.#saidLength;
    this.#saidLength += text.length;
    if (room >= 0) this.#said += text.length <= room ? text : text.slice(0, room) + LEFT_OUT;
  }

  async #endTree(): Promise<void> {
    const { child, pid, startedAt } = this.#started;
    await endProcessTree({ pid, startedAt, marker: this.#marker }, GRACE_MS);
    for (const stream of [child.stdin, child.stdout, child.stderr]) stream?.destroy();
  }
}

async function within(promise: Promise<void>, ms: number): Promise<void> {
  const late = Promise.withResolvers<void>();
  const timer = setTimeout(late.resolve, ms);
  try {
    await Promise.race([promise, late.promise]);
  } finally {
    clearTimeout(timer);
  }
}
