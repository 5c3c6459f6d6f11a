/** The processes of hooks that stay: one for each, asked one question at a time, started anew where it died. */
import { uuidv7 } from '../../../rendezvous/ids.ts';
import { type LineAnswer, type LineProcess, startLineProcess } from '../../process/line-process.ts';
import type { Hook } from './hook.ts';
import { failed, GRACE_MS, type HookRan, hookEnvironment, OUTPUT_MAX_BYTES } from './hook-output.ts';

type Kept = { version: string; process: LineProcess | undefined; last: Promise<unknown> };

export class PersistentHooks {
  #storeId: string;
  #environment: Readonly<Record<string, string>>;
  #kept = new Map<string, Kept>();
  #isClosed = false;

  constructor(storeId: string, environment: Readonly<Record<string, string>>) {
    this.#storeId = storeId;
    this.#environment = environment;
  }

  /** The time-out counts from when the process is asked: waiting for others' questions costs nothing of it. */
  ask(hook: Hook, input: string, signal: AbortSignal): Promise<HookRan> {
    const key = `${hook.origin}/${hook.name}`;
    const kept = this.#kept.get(key) ?? { version: hook.version, process: undefined, last: Promise.resolve() };
    this.#kept.set(key, kept);
    const asked = kept.last.then(() => this.#askNow(kept, hook, input, signal));
    kept.last = asked.then(
      () => undefined,
      () => undefined, // whoever asked hears of it
    );
    return asked;
  }

  /** Ends those whose hooks are not among these any more. */
  async keepOnly(hooks: readonly Hook[]): Promise<void> {
    const versions = new Map(hooks.map((hook) => [`${hook.origin}/${hook.name}`, hook.version]));
    for (const [key, kept] of this.#kept) {
      if (versions.get(key) !== kept.version) await this.#retire(key, kept);
    }
  }

  /** Ends all of them; none is started any more. */
  async close(): Promise<void> {
    this.#isClosed = true;
    await Promise.all([...this.#kept].map(([key, kept]) => this.#retire(key, kept)));
  }

  async #retire(key: string, kept: Kept): Promise<void> {
    this.#kept.delete(key);
    await kept.last;
    await kept.process?.end();
  }

  async #askNow(kept: Kept, hook: Hook, input: string, signal: AbortSignal): Promise<HookRan> {
    if (kept.process && (!kept.process.isAlive || kept.version !== hook.version)) {
      await kept.process.end();
      kept.process = undefined;
    }
    if (this.#isClosed) return { ...failed('the host is ending'), exitCode: null, stderrTail: '' };
    kept.version = hook.version;
    const process = kept.process ?? (await this.#start(hook));
    if ('kind' in process) return { ...failed(`it did not start: ${process.reason}`), exitCode: null, stderrTail: '' };
    kept.process = process;
    const answer = await process.ask(input, hook.timeout_ms, signal);
    const exitCode = answer.kind === 'ended' ? answer.exitCode : null;
    return { ...judge(hook, answer), exitCode, stderrTail: process.stderrTail };
  }

  async #start(hook: Hook): Promise<LineProcess | { kind: 'failed_to_start'; reason: string }> {
    const started = await startLineProcess({
      command: hook.command,
      cwd: hook.folder,
      env: hookEnvironment(this.#environment, hook),
      graceMs: GRACE_MS,
      maxLineBytes: OUTPUT_MAX_BYTES,
      marker: `${this.#storeId}/${uuidv7()}`,
    });
    return started.kind === 'started' ? started.process : started;
  }
}

function judge(hook: Hook, answer: LineAnswer) {
  switch (answer.kind) {
    case 'line':
      return { kind: 'said' as const, text: answer.text };
    case 'timed_out':
      return failed(`it did not answer within ${hook.timeout_ms} ms`);
    case 'cancelled':
      return failed('it was cancelled with the work');
    case 'too_long':
      return failed(`it said more than ${OUTPUT_MAX_BYTES} bytes`);
    case 'ended':
      return failed(`it ended with ${answer.signal ?? `exit code ${answer.exitCode}`} instead of answering`);
  }
}
