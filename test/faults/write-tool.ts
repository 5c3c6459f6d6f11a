/** A tool that changes the world and knows no better afterwards, so that it can be seen how often it ran. */
import { appendFileSync } from 'node:fs';
import path from 'node:path';
import * as z from 'zod';
import { defineTool } from '../../src/host/engine/engage/tool.ts';
import { createWorkspaceTools as createRealTools } from '../../src/host/engine/tools/workspace-tools.ts';

export const LINES_FILE = 'lines.txt';

const appendLine = defineTool({
  name: 'append_line',
  description: 'Appends a line to lines.txt.',
  kind: 'world',
  effect: 'write',
  // Its kills are about what runs, and nobody is there to be asked.
  permission: 'allow',
  timeoutMs: 5000,
  input: z.strictObject({ line: z.string().max(200) }),
  async run({ line }, { workspace }) {
    appendFileSync(path.join(workspace, LINES_FILE), `${line}\n`);
    return { content: 'appended', isError: false };
  },
});

export function createWorkspaceTools(...args: Parameters<typeof createRealTools>) {
  return [...createRealTools(...args), appendLine];
}
