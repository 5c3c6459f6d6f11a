/** Asks one hook once, by a process of its own or by the one that stays. Whatever the hook does comes back as an outcome. */
import { uuidv7 } from '../../../rendezvous/ids.ts';
import { type CommandResult, HANDED_OVER_BYTES, runCommand } from '../../process/run-command.ts';
import type { Hook } from './hook.ts';
import {
  answered,
  failed,
  GRACE_MS,
  type HookIds,
  type HookOutput,
  type HookQuestion,
  type HookRan,
  type HookRunning,
  hookEnvironment,
  OUTPUT_MAX_BYTES,
} from './hook-output.ts';
import type { PersistentHooks } from './persistent-hooks.ts';

export type HookProcesses = {
  /** For markers: whose commands these are. */
  storeId: string;
  /** What hooks see of the environment, without secrets. */
  environment: Readonly<Record<string, string>>;
  persistent: PersistentHooks;
};

/** Largest input in bytes. It is never cut: a guard that sees less than all is none. */
export const INPUT_MAX_BYTES = 32 * 1024 * 1024;
const STDERR_TAIL = 2000;

export async function runHook(
  processes: HookProcesses,
  hook: Hook,
  ids: HookIds,
  question: HookQuestion,
  signal: AbortSignal,
): Promise<HookRunning> {
  const began = performance.now();
  const size = Buffer.byteLength(question.input);
  if (size > INPUT_MAX_BYTES) {
    return { ...failed(`its input of ${size} bytes is larger than it may be`), ...nothing, durationMs: 0 };
  }
  const ran =
    hook.mode === 'persistent'
      ? await processes.persistent.ask(hook, question, signal)
      : await runOnce(processes, hook, ids, question, signal);
  return { ...ran, stderrTail: ran.stderrTail.slice(-STDERR_TAIL), durationMs: performance.now() - began };
}

const nothing = { exitCode: null, stderrTail: '' };

const UNREAD = `it said nothing, and did not read its input, which is longer than ${HANDED_OVER_BYTES} bytes; let it read all, or say {"action": "allow"}`;

async function runOnce(
  { storeId, environment }: HookProcesses,
  hook: Hook,
  ids: HookIds,
  question: HookQuestion,
  signal: AbortSignal,
): Promise<HookRan> {
  const result = await runCommand({
    command: hook.command,
    cwd: hook.folder,
    env: hookEnvironment(environment, hook, ids),
    stdin: question.input,
    timeoutMs: hook.timeout_ms,
    graceMs: GRACE_MS,
    maxOutputBytes: OUTPUT_MAX_BYTES,
    marker: `${storeId}/${uuidv7()}`,
    signal,
  });
  const exitCode = result.kind === 'exited' ? result.exitCode : null;
  const stderrTail = result.kind === 'exited' ? result.stderr.text : '';
  return { ...judge(hook, question, result), exitCode, stderrTail };
}

function judge(hook: Hook, question: HookQuestion, result: CommandResult): HookOutput {
  if (result.kind === 'failed_to_start') return failed(`it did not start: ${result.reason}`);
  if (result.timedOut) return failed(`it did not end within ${hook.timeout_ms} ms`);
  if (result.cancelled) return failed('it was cancelled with the work');
  if (result.exitCode !== 0) return failed(`it ended with ${result.signal ?? `exit code ${result.exitCode}`}`);
  if (result.stdout.omittedBytes > 0) return failed(`it said more than ${OUTPUT_MAX_BYTES} bytes`);
  // Who has not seen the question and says nothing has decided nothing.
  if (result.stdinCut && result.stdout.text.trim() === '') return failed(UNREAD);
  return answered(question, result.stdout.text);
}
