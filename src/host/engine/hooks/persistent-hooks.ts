/** The processes of hooks that stay: one for each, asked one question at a time, started anew where it died. */
import { uuidv7 } from '../../../rendezvous/ids.ts';
import { type LineAnswer, type LineProcess, startLineProcess } from '../../process/line-process.ts';
import type { Hook } from './hook.ts';
import {
  answered,
  failed,
  GRACE_MS,
  type HookOutput,
  type HookQuestion,
  type HookRan,
  hookEnvironment,
  OUTPUT_MAX_BYTES,
} from './hook-output.ts';

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
  ask(hook: Hook, question: HookQuestion, signal: AbortSignal): Promise<HookRan> {
    const key = `${hook.origin}/${hook.name}`;
    const kept = this.#kept.get(key) ?? { version: hook.version, process: undefined, last: Promise.resolve() };
    this.#kept.set(key, kept);
    const asked = kept.last.then(() => this.#askNow(kept, hook, question, signal));
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

  async #askNow(kept: Kept, hook: Hook, question: HookQuestion, signal: AbortSignal): Promise<HookRan> {
    if (kept.process && (kept.version !== hook.version || !(await kept.process.mayBeAsked()))) {
      await kept.process.end();
      kept.process = undefined;
    }
    if (this.#isClosed) return { ...failed('the host is ending'), exitCode: null, stderrTail: '' };
    kept.version = hook.version;
    const process = kept.process ?? (await this.#start(hook));
    if ('kind' in process) return { ...failed(`it did not start: ${process.reason}`), exitCode: null, stderrTail: '' };
    kept.process = process;
    const answer = await process.ask(question.input, hook.timeout_ms, signal);
    const exitCode = answer.kind === 'ended' ? answer.exitCode : null;
    const output = judge(hook, question, answer);
    // What did not answer this question may still be about to, when it is asked the next one.
    if (output.kind === 'failed') await process.end();
    return { ...output, exitCode, stderrTail: process.stderrTail };
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

/** An empty line allows nothing: it may be the rest of what was said before. */
function judge(hook: Hook, question: HookQuestion, answer: LineAnswer): HookOutput {
  switch (answer.kind) {
    case 'line':
      return answer.text.trim() === ''
        ? failed('it answered with an empty line; one that stays has to say {"action": "allow"}')
        : answered(question, answer.text);
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
