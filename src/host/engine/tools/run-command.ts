/** run_command: one shell command in the workspace, with a bound on its time and output, and nothing left running after it. */
import * as z from 'zod';
import { uuidv7 } from '../../../rendezvous/ids.ts';
import type { Confinement } from '../../process/confinement.ts';
import { type CommandResult, runCommand as run } from '../../process/run-command.ts';
import { defineTool, type Tool, type ToolContext, type ToolResult } from '../engage/tool.ts';
import { cleanText, count, failure, quotePath } from './tool-text.ts';
import { resolveInWorkspace } from './workspace-path.ts';

export type CommandSurroundings = {
  /** The whole environment that commands see, without secrets. */
  environment: Readonly<Record<string, string>>;
  /** Marks what the commands start as this store's. */
  storeId: string;
  /** `auto`: confined where the system offers that. `required`: not at all where it does not. */
  confine: 'auto' | 'required' | 'off';
  /** Undefined where the system offers none. */
  findConfinement(): Promise<Confinement | undefined>;
};

const LONGEST_SECONDS = 3600;
/** Each stream's, half from its beginning and half from its end. */
const OUTPUT_BYTES = 60_000;
/** Below the two seconds within which cancelled work is over. */
const GRACE_MS = 1000;
/** After the command's own time, for ending what it started. */
const ENDING_MS = 20_000;

const input = z.strictObject({
  command: z.string().min(1).max(30_000).describe('For /bin/sh; on Windows for cmd.exe.'),
  cwd: z.string().default('.').describe('Folder to run it in, from the workspace folder.'),
  timeout_seconds: z.number().min(1).max(LONGEST_SECONDS).default(120).describe('It is ended after so long.'),
});

type Input = z.output<typeof input>;

export function createRunCommand(surroundings: CommandSurroundings): Tool {
  return defineTool({
    kind: 'world',
    name: 'run_command',
    description:
      'Runs a shell command in the workspace, without a terminal and without input, and gives its exit code, how long it ' +
      'took and what it wrote to each stream; of long output the beginning and the end. It is ended after timeout_seconds ' +
      '(120 unless you say otherwise, at most 3,600), and whatever it started in the background ends with it. Secrets of ' +
      'the environment are not passed on. To read, search and change files prefer the tools for that.',
    input,
    subject: ({ command }) => ({ kind: 'command', text: command }),
    effect: 'exclusive',
    timeoutMs: LONGEST_SECONDS * 1000 + ENDING_MS,
    run: (request, context) => runInWorkspace(surroundings, request, context),
  });
}

async function runInWorkspace(
  { environment, storeId, confine, findConfinement }: CommandSurroundings,
  request: Input,
  context: ToolContext,
): Promise<ToolResult> {
  const folder = await resolveInWorkspace(context.workspace, request.cwd, process.platform, context.closedFolder);
  if (folder.kind === 'refused' || !folder.exists) {
    const reason = folder.kind === 'refused' ? folder.reason : 'there is no such folder';
    return failure(`Could not run in ${quotePath(request.cwd)}: ${reason}. Nothing was run.`);
  }
  if (request.command.includes('\0')) return failure('A command cannot hold NUL characters. Nothing was run.');
  const confinement = confine === 'off' ? undefined : await findConfinement();
  if (confine === 'required' && !confinement) {
    return failure('Commands here run confined or not at all, and this system offers no confinement. Nothing was run.');
  }
  const result = await run({
    command: confinement ? confinement.wrap(request.command) : request.command,
    cwd: folder.real,
    env: environment,
    timeoutMs: request.timeout_seconds * 1000,
    graceMs: GRACE_MS,
    maxOutputBytes: OUTPUT_BYTES,
    marker: `${storeId}/${uuidv7()}`,
    signal: context.signal,
  });
  return result.kind === 'exited' ? describe(result, request) : failure(`It did not start: ${result.reason}.`);
}

function describe(result: Extract<CommandResult, { kind: 'exited' }>, request: Input): ToolResult {
  const { exitCode, signal, stdout, stderr, durationMs, timedOut, cancelled } = result;
  const facts = {
    exit_code: exitCode,
    duration_ms: durationMs,
    line_count: lines(stdout.text) + lines(stderr.text),
    timed_out: timedOut,
  };
  const remarks = [
    timedOut
      ? `[ended after ${count(request.timeout_seconds)} s; pass a longer timeout_seconds where it needs more]`
      : '',
    cancelled ? '[cancelled]' : '',
    signal && !timedOut && !cancelled ? `[ended by ${signal}]` : '',
    result.leftBehind > 0 ? `[${count(result.leftBehind)} processes that it left running were ended]` : '',
    result.survivors > 0 ? `[${count(result.survivors)} processes that it started could not be ended]` : '',
  ];
  const content = [
    Object.entries(facts)
      .map(([name, value]) => `${name}: ${value}`)
      .join(', '),
    ...remarks.filter((remark) => remark !== ''),
    section('stdout', stdout.text),
    section('stderr', stderr.text),
  ].join('\n');
  const data = { ...facts, stdout: cleanText(stdout.text), stderr: cleanText(stderr.text) };
  // A command that fails is no failure of the tool: its exit code and its words are the answer.
  return { content: cleanText(content), isError: timedOut || cancelled || exitCode === null, data };
}

function section(name: string, text: string): string {
  return text === '' ? `${name}: (nothing)` : `${name}:\n${text.replace(/\n$/, '')}`;
}

function lines(text: string): number {
  return text === '' ? 0 : text.replace(/\n$/, '').split('\n').length;
}
