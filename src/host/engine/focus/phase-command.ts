/**
 * A faculty's command for a phase: it reads work.json and what earlier phases left, and writes `<phase>-out.json`. It runs
 * at least once; the row that it ended is what keeps it from running again.
 */
import { existsSync, mkdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import * as z from 'zod';
import { type JsonObject, jsonObject } from '../../../protocol/json.ts';
import { uuidv7 } from '../../../rendezvous/ids.ts';
import { retryLost } from '../../db/retry-lost.ts';
import { type CommandResult, runCommand } from '../../process/run-command.ts';
import { countPhaseRun, type Phase } from '../../store/foci/foci.ts';
import { type HookRun, insertHookRun, readHookOutputs, readHookRuns } from '../../store/foci/hook-runs.ts';
import { proveLease } from '../../store/work/leases.ts';
import { folderVariables } from '../faculties/faculty-folder.ts';
import type { Claim, FocusDependencies } from './types.ts';

export type PhaseCommand = {
  /** Names its output file, and is in its environment. */
  phase: Phase | 'verify';
  /** What its runs are kept under; the phase where it runs once in a focus. */
  event?: string;
  command: string;
  timeoutSeconds: number;
  work: JsonObject;
};

export type PhaseCommandResult =
  /** `output` is what it wrote to `<phase>-out.json`, {} where it wrote none. */
  { kind: 'succeeded'; output: JsonObject } | { kind: 'failed'; message: string };

/** Longest `<phase>-out.json`. */
const OUTPUT_MAX_BYTES = 1024 * 1024;
const STREAM_MAX_BYTES = 64 * 1024;
const STDERR_TAIL = 2000;
const MESSAGE_MAX = 3000;
/** Of each stream of a verify command, and of all that the agent is told of it. */
const VERDICT_TAIL = 5000;
const VERDICT_MAX = 12_000;
/** Below the two seconds within which cancelled work is over. */
const GRACE_MS = 1000;

export async function runPhaseCommand(
  deps: FocusDependencies,
  claim: Claim,
  order: PhaseCommand,
): Promise<PhaseCommandResult> {
  const { event = order.phase } = order;
  const earlier = await retryLost(() => readHookRuns(deps.db, claim.focus.id, event));
  const ended = earlier.at(-1);
  if (ended?.outcome === 'succeeded') return { kind: 'succeeded', output: ended.output ?? {} };
  if (ended) return { kind: 'failed', message: ended.stderrTail };
  const prepared = await prepareRun(deps, claim, { ...order, event });
  if ('refused' in prepared) return { kind: 'failed', message: prepared.refused };
  const { run, folder, env } = prepared;
  const result = await runCommand({
    command: order.command,
    cwd: folder,
    env,
    timeoutMs: order.timeoutSeconds * 1000,
    graceMs: GRACE_MS,
    maxOutputBytes: STREAM_MAX_BYTES,
    marker: `${deps.storeId}/${uuidv7()}`,
    signal: claim.lost,
  });
  const judged = judge(deps, folder, order, result);
  // One that was cut short on our own account says nothing about the work: without its row it runs again.
  if (claim.lost.aborted) return judged;
  await recordRun(deps, claim, hookRun(claim, order, run, result, judged));
  return judged;
}

const COPY_CHANGED =
  "The copy of the workspace's accepted faculties was changed, so nothing of it is run. Accept them again (animus faculty accept), then retry the work.";

export type PreparedRun = { run: number; folder: string; env: Record<string, string> };

/** Counts the run, and makes ready what a command finds: its folder, with what earlier phases left, and its environment. */
export async function prepareRun(
  deps: FocusDependencies,
  claim: Claim,
  order: Required<Pick<PhaseCommand, 'phase' | 'event' | 'work'>>,
): Promise<PreparedRun | { refused: string }> {
  if (!deps.isAsAccepted(claim.faculty)) return { refused: COPY_CHANGED };
  const run = await countRun(deps, claim, order.event);
  const folder = focusFolder(deps, claim);
  prepareFolder(folder, order, await retryLost(() => readHookOutputs(deps.db, claim.focus.id)));
  const env = {
    ...deps.commandEnvironment,
    ...folderVariables(claim.faculty),
    ANIMUS_FOCUS_DIR: folder,
    ANIMUS_WORK_ID: claim.item.id,
    ANIMUS_FACULTY: claim.faculty.name,
    ANIMUS_WORKSPACE: deps.workspace,
    ANIMUS_PHASE: order.phase,
    ANIMUS_PHASE_RUN: String(run),
  };
  return { run, folder, env };
}

/** A working place of the hooks on this machine. Nothing in it must last. */
function focusFolder(deps: FocusDependencies, { focus }: Claim): string {
  return path.join(deps.storeFolder, 'foci', focus.id);
}

/** What earlier phases left is there again where they ran on another machine. */
function prepareFolder(
  folder: string,
  { phase, work }: Pick<PhaseCommand, 'phase' | 'work'>,
  left: ReadonlyMap<string, JsonObject>,
): void {
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  for (const [event, output] of left) {
    const file = path.join(folder, `${event}-out.json`);
    if (!existsSync(file)) writeFileSync(file, JSON.stringify(output), { mode: 0o600 });
  }
  writeFileSync(path.join(folder, 'work.json'), `${JSON.stringify(work, null, 2)}\n`, { mode: 0o600 });
  rmSync(path.join(folder, `${phase}-out.json`), { recursive: true, force: true });
}

async function countRun(deps: FocusDependencies, { lease }: Claim, event: string): Promise<number> {
  return retryLost(() =>
    deps.db.transaction(async (tx) => {
      await proveLease(tx, lease);
      return countPhaseRun(tx, lease.focusId, event);
    }),
  );
}

async function recordRun(deps: FocusDependencies, { lease }: Claim, run: HookRun): Promise<void> {
  await retryLost(() =>
    deps.db.transaction(async (tx) => {
      await proveLease(tx, lease);
      await insertHookRun(tx, run);
    }),
  );
}

function judge(
  deps: FocusDependencies,
  folder: string,
  { phase, timeoutSeconds }: PhaseCommand,
  result: CommandResult,
): PhaseCommandResult {
  const failed = (what: string): PhaseCommandResult => ({
    kind: 'failed',
    message: deps.redactor
      .text(`The ${phase} command ${what}`)
      .slice(0, phase === 'verify' ? VERDICT_MAX : MESSAGE_MAX),
  });
  if (result.kind === 'failed_to_start') return failed(`did not start: ${result.reason}`);
  if (result.timedOut) return failed(`did not end within ${timeoutSeconds} s.`);
  if (result.cancelled) return failed('was cancelled.');
  if (result.exitCode !== 0) {
    // Redacted before it is cut, so that no half of a secret is left.
    const tail = phase === 'verify' ? verdictOf(deps, result) : tailOf(deps, result.stderr.text, STDERR_TAIL);
    return failed(`ended with ${result.signal ?? `exit code ${result.exitCode}`}${tail ? `: ${tail}` : '.'}`);
  }
  const output = readOutput(path.join(folder, `${phase}-out.json`));
  return 'problem' in output
    ? failed(`left a ${phase}-out.json that ${output.problem}.`)
    : { kind: 'succeeded', output: deps.redactor.json(output.value) };
}

function tailOf({ redactor }: FocusDependencies, text: string, most: number): string {
  return redactor.text(text).slice(-most).trim();
}

/** What the agent is told of it: checks say what they found on either stream. */
function verdictOf(deps: FocusDependencies, { stdout, stderr }: Extract<CommandResult, { kind: 'exited' }>): string {
  const tails = [stdout, stderr].map(({ text }) => tailOf(deps, text, VERDICT_TAIL)).filter((tail) => tail !== '');
  return tails.length === 0 ? '' : `\n${tails.join('\n')}`;
}

function readOutput(file: string): { value: JsonObject } | { problem: string } {
  const stat = statSync(file, { throwIfNoEntry: false });
  if (!stat) return { value: {} };
  // Reading a pipe or a device would wait for ever.
  if (!stat.isFile()) return { problem: 'is not a file' };
  if (stat.size > OUTPUT_MAX_BYTES) return { problem: 'is larger than 1 MiB' };
  try {
    const parsed = jsonObject.safeParse(JSON.parse(readFileSync(file, 'utf8')));
    return parsed.success ? { value: parsed.data } : { problem: `is no JSON object: ${z.prettifyError(parsed.error)}` };
  } catch (error) {
    return { problem: `is not JSON: ${(error as Error).message}` };
  }
}

function hookRun(
  claim: Claim,
  { phase, event = phase }: PhaseCommand,
  run: number,
  result: CommandResult,
  judged: PhaseCommandResult,
): HookRun {
  const exited = result.kind === 'exited' ? result : undefined;
  return {
    id: uuidv7(),
    focusId: claim.focus.id,
    event,
    name: `${claim.faculty.name} ${phase}`,
    run,
    outcome: judged.kind,
    exitCode: exited?.exitCode ?? null,
    output: judged.kind === 'succeeded' ? judged.output : null,
    stderrTail: judged.kind === 'failed' ? judged.message : '',
    durationMs: Math.round(exited?.durationMs ?? 0),
  };
}
