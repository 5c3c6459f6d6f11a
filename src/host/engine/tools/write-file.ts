/** write_file: a whole text file of the workspace, new or in place of what was there. */
import * as z from 'zod';
import { defineTool } from '../engage/tool.ts';
import { carryOut, type FileChange, planChange, previewChange, settleChange } from './change-file.ts';

const LONGEST_CONTENT = 1_000_000;

const input = z.strictObject({
  path: z.string().describe('Path from the workspace folder, or absolute inside it. Missing folders are made.'),
  content: z.string().max(LONGEST_CONTENT).describe('The whole new text of the file.'),
});

export const writeFile = defineTool({
  kind: 'world',
  name: 'write_file',
  description:
    'Writes a whole text file of the workspace: a new one, or one that you have read, whose content is replaced in one ' +
    'step. A file that is there and that you have not read, or that somebody else changed since you read it, is left as ' +
    'it is, and you are told what changed. For a change in a part of a file use edit_file. Files that end lines with CR ' +
    'LF keep doing so, and permissions stay. At most 1,000,000 characters.',
  input,
  subject: ({ path }) => ({ kind: 'path', text: path }),
  preview: (request, context) => previewChange(changeOf(request), context),
  effect: 'write',
  timeoutMs: 30_000,
  plan: (request, context) => planChange(changeOf(request), context),
  run: (request, context, plan) => carryOut(changeOf(request), context, plan),
  settle: settleChange,
});

function changeOf({ path, content }: z.output<typeof input>): FileChange {
  return {
    path,
    verb: 'write',
    textFor: (current) =>
      current === content
        ? { kind: 'impossible', reason: `${path} has just this content already. Nothing was written.` }
        : { kind: 'text', text: content },
  };
}
