/** Real temporary workspaces, and calls of tools as the loop makes them. */
import { mkdirSync, mkdtempSync, realpathSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import type { Tool, ToolResult } from '../../../src/host/engine/engage/tool.ts';

export type Workspace = {
  /** The workspace's real path. A folder `outside` lies beside it. */
  root: string;
  outside: string;
  write(file: string, content: string | Uint8Array): void;
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
  const workspace: Workspace = {
    root,
    outside,
    write(file, content) {
      const absolute = path.resolve(root, file);
      mkdirSync(path.dirname(absolute), { recursive: true });
      writeFileSync(absolute, content);
    },
    call: (tool, input, signal) => call(root, tool, input, signal),
  };
  for (const [file, content] of Object.entries(files)) workspace.write(file, content);
  return workspace;
}

/** For `after`. */
export function removeWorkspaces(): void {
  for (const folder of made.splice(0)) rmSync(folder, { recursive: true, force: true });
}

async function call(workspace: string, tool: Tool, input: Record<string, unknown>, signal?: AbortSignal) {
  if (tool.kind !== 'world') throw new Error(`${tool.name} is no world tool`);
  return await tool.run(tool.input.parse(input), {
    workItemId: 'item',
    focusId: 'focus',
    faculty: 'general',
    workspace,
    signal: signal ?? new AbortController().signal,
  });
}
