/** Real temporary workspaces, and calls of tools as the loop makes them. */
import { mkdirSync, mkdtempSync, realpathSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import type { KnownFile, Tool, ToolContext, ToolResult } from '../../../src/host/engine/engage/tool.ts';
import { oneByOne } from '../../../src/host/engine/tools/one-by-one.ts';

export type Workspace = {
  /** The workspace's real path. A folder `outside` lies beside it. */
  root: string;
  outside: string;
  write(file: string, content: string | Uint8Array): void;
  /** What the focus that calls knows of files, from the results of its calls. */
  known: Map<string, KnownFile>;
  /** Another focus in the same folder, which knows of no file yet. */
  anotherFocus(): Workspace;
  context(signal?: AbortSignal): ToolContext;
  call(tool: Tool, input: Record<string, unknown>, signal?: AbortSignal): Promise<ToolResult>;
};

const made: string[] = [];

/** A new workspace with these files. */
export function makeWorkspace(files: Record<string, string | Uint8Array> = {}): Workspace {
  const folder = realpathSync(mkdtempSync(path.join(tmpdir(), 'animus-tools-')));
  made.push(folder);
  const root = path.join(folder, 'workspace');
  const outside = path.join(folder, 'outside');
  mkdirSync(root);
  mkdirSync(outside);
  const workspace = focusIn(root, outside);
  for (const [file, content] of Object.entries(files)) workspace.write(file, content);
  return workspace;
}

function focusIn(root: string, outside: string): Workspace {
  const workspace: Workspace = {
    root,
    outside,
    write(file, content) {
      const absolute = path.resolve(root, file);
      mkdirSync(path.dirname(absolute), { recursive: true });
      writeFileSync(absolute, content);
    },
    known: new Map(),
    anotherFocus: () => focusIn(root, outside),
    context: (signal = new AbortController().signal) => ({
      workItemId: 'item',
      focusId: 'focus',
      faculty: 'general',
      workspace: root,
      knownFile: async (file) => workspace.known.get(file),
      signal,
    }),
    call: (tool, input, signal) => call(workspace, tool, input, signal),
  };
  return workspace;
}

/** As if another call had its turn at the file, whose folder is there, and did not come to its end. Gives what ends it. */
export function holdLock(real: string): () => void {
  const { dev, ino } = statSync(path.dirname(real), { bigint: true });
  const { promise: released, resolve: release } = Promise.withResolvers<void>();
  void oneByOne(`${dev}:${ino}:${path.basename(real)}`, () => released);
  return release;
}

/** For `after`. */
export function removeWorkspaces(): void {
  for (const folder of made.splice(0)) rmSync(folder, { recursive: true, force: true });
}

async function call(workspace: Workspace, tool: Tool, input: Record<string, unknown>, signal?: AbortSignal) {
  if (tool.kind !== 'world') throw new Error(`${tool.name} is no world tool`);
  const [checked, context] = [tool.input.parse(input), workspace.context(signal)];
  const planned = await tool.plan?.(checked, context);
  const result = planned?.kind === 'refused' ? planned.result : await tool.run(checked, context, planned?.plan);
  for (const file of result.files ?? []) workspace.known.set(file.path, file);
  return result;
}
