/** What a tool is to the engage loop. The loop is handed tools; it imports none. */
import type * as z from 'zod';
import type { Tx } from '../../db/types.ts';
import type { JsonValue, ToolDefinition } from '../../llm/types.ts';
import type { FileRules } from './file-rules.ts';

/**
 * What running a tool can change outside the store. `read`: nothing, so it may be run again after a crash. `write`:
 * something, so an unfinished call is never repeated. `exclusive`: as `write`, and nothing else may run beside it.
 */
export type ToolEffect = 'read' | 'write' | 'exclusive';

/** What a call gives back to the model. `content` is plain text, without NUL characters. */
export type ToolResult = {
  content: string;
  isError: boolean;
  data?: JsonValue;
  /** Files whose content the focus knows from now on; recorded with the result. */
  files?: readonly KnownFile[];
};

/** A file as a focus saw it last, or wrote it. */
export type KnownFile = {
  /** From the workspace's folder, with forward slashes. */
  path: string;
  /** Of its bytes, in hex. */
  sha256: string;
  /** Its text, where it is short enough to show later what has changed since. */
  text: string | null;
};

/**
 * What a call is going to do to a file, found out before it begins and stored with its start: whoever finds the call
 * started and without a result can tell from the file whether it took effect.
 */
export type FilePlan = {
  path: string;
  /** Null where there is no such file yet. */
  before: { text: string; sha256: string } | null;
  after: { sha256: string };
  /** What changes, as a unified diff. */
  diff: string;
};

/** What became of a plan whose call has no result: it was done, it can be done now, or neither is sure. */
export type SettledPlan = { kind: 'done'; result: ToolResult } | { kind: 'run' } | { kind: 'unsure' };

export type Planned = { kind: 'plan'; plan: FilePlan } | { kind: 'refused'; result: ToolResult };

export type ToolContext = {
  workItemId: string;
  focusId: string;
  faculty: string;
  /** The workspace folder's real, absolute path. */
  workspace: string;
  /** Real path of a folder that no tool may touch, also where it lies in the workspace: Animus's own. */
  closedFolder?: string;
  /** Of the call, for a tool that waits. */
  callId?: string;
  /** Of the call, for a tool that goes over files: what permissions say of each. Without them nothing is left out. */
  fileRules?: FileRules;
  /** Whether a window holds a file, by its real path, with changes that are not saved. */
  isUnsaved?(realPath: string): boolean;
  /** The file as this focus knows it; undefined where it never read it. */
  knownFile(path: string): Promise<KnownFile | undefined>;
  /** Aborted with a TimeoutError when the call is over its time, with any other reason when it is cancelled. */
  signal: AbortSignal;
};

/** Who makes a call: a focus's own model, the model of a child's focus, or code in the sandbox. */
export type Caller = 'model' | 'child' | 'sandbox';

/** What a call is about, as permissions name it: `run_command(git status)`, `write_file(src/**)`. */
export type ToolSubject =
  | { kind: 'command'; text: string }
  /** Absolute, or relative to the workspace. */
  | { kind: 'path'; text: string }
  | { kind: 'url'; text: string };

type ToolBase<Schema extends z.ZodType> = {
  name: string;
  /** One paragraph for the model: what it does, what comes back, its bounds. */
  description: string;
  /** A strict object schema; arguments are validated with it before anything runs. */
  input: Schema;
  /** The arguments' JSON Schema for the model, where it was not made from `input`. */
  definition?: ToolDefinition['inputSchema'];
  /** Longest run, in milliseconds. */
  timeoutMs: number;
  /** What becomes of its calls where no rule says so; without it only what changes the world asks. */
  permission?: 'allow' | 'ask';
  /** Its subject is where it begins: it goes over files, and leaves out those that it may not give. */
  walks?: true;
  /** For permissions. A tool without it is allowed, asked about and denied as a whole. */
  subject?(input: z.output<Schema>): ToolSubject;
  /** What a person is shown before the call is allowed, besides its arguments: as a diff. Null where there is no more. */
  preview?(input: z.output<Schema>, context: ToolContext): Promise<string | null>;
};

/**
 * A tool whose effect lies outside the store. It returns failures as error results and throws only for bugs; what it throws
 * costs the call, wherever that is.
 */
export type WorldTool<Schema extends z.ZodType = z.ZodType> = ToolBase<Schema> & {
  kind: 'world';
  effect: ToolEffect;
  /** False where `read` is only what a stranger says of it: an unfinished call is then not run again. */
  repeatable?: false;
  /**
   * Only for tools that change one file: reads, and says what `run` will do. Called before a person is asked and again
   * right before the start; `run` is handed the newest plan and holds to it.
   */
  plan?(input: z.output<Schema>, context: ToolContext): Promise<Planned>;
  /** `plan` is there where the tool makes plans. */
  run(input: z.output<Schema>, context: ToolContext, plan?: FilePlan): Promise<ToolResult>;
  /** The call was started under this plan and has no result. Whether it took effect, can be run now, or neither is sure. */
  settle?(plan: FilePlan, context: ToolContext): Promise<SettledPlan>;
};

/** A tool whose effect is rows only: effect and result commit in one transaction, so a crash leaves both or neither. */
export type StoreTool<Schema extends z.ZodType = z.ZodType> = ToolBase<Schema> & {
  kind: 'store';
  effect: 'read' | 'write';
  run(input: z.output<Schema>, context: ToolContext, tx: Tx): Promise<ToolResult>;
};

/** What a call may wait for. */
export type CallWait = {
  kind: 'children' | 'approval' | 'answer' | 'budget';
  /** What is waited for, by kind: for children their ids. */
  targets: JsonValue[];
  /** Whether all targets or any of them; null where there is nothing to choose. */
  mode: 'all' | 'any' | null;
  /** Counted from the first evaluation on; null waits without an end. */
  wakeInMs: number | null;
};

/** A wait as it was stored at the first evaluation. `isDue`: its time has come, by the database's clock. */
export type StoredCallWait = Pick<CallWait, 'kind' | 'targets' | 'mode'> & { isDue: boolean };

export type Evaluation =
  | { kind: 'result'; result: ToolResult }
  | { kind: 'wait'; wait: CallWait }
  /** What was waited for is there, and the call is to be run after all. Not for tools: permissions say it. */
  | { kind: 'ready' };

/**
 * A tool whose result may be long in coming. While it waits the focus is parked: it holds no slot and no lease. It is
 * evaluated when it is called and at each wake, in the transaction that stores its result or parks the focus, with `stored`
 * null the first time. What it reads must be what wakes the item, or the wake finds nothing. Its effects are rows only.
 */
export type WaitingTool<Schema extends z.ZodType = z.ZodType> = ToolBase<Schema> & {
  kind: 'waiting';
  evaluate(input: z.output<Schema>, context: ToolContext, stored: StoredCallWait | null, tx: Tx): Promise<Evaluation>;
};

export type Tool<Schema extends z.ZodType = z.ZodType> = WorldTool<Schema> | StoreTool<Schema> | WaitingTool<Schema>;

/** Keeps the schema's type while a tool is written, and forgets it where tools are collected. */
export function defineTool<Schema extends z.ZodType>(tool: Tool<Schema>): Tool {
  return tool as unknown as Tool;
}
