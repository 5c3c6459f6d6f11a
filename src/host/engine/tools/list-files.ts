/** list_files: the files of the workspace that a person working in it would count as its own. */
import { stat } from 'node:fs/promises';
import * as z from 'zod';
import { defineTool, type ToolContext, type ToolResult } from '../engage/tool.ts';
import { compileGlob, type PathMatcher } from './glob.ts';
import { type LeftOut, leavingOut, leftOutRemark, nothingLeftOut } from './left-out.ts';
import { answer, count, endedEarly, failure, LONGEST_RESULT, quotePath } from './tool-text.ts';
import { MOST_ENTRIES, namesOf, newTally, type WalkTally, walkFiles } from './walk-files.ts';
import { refusalOf, resolveInWorkspace } from './workspace-path.ts';

const input = z.strictObject({
  path: z.string().default('.').describe('Folder to list, from the workspace folder.'),
  glob: z
    .string()
    .min(1)
    .max(1000)
    .default('**/*')
    .describe('Which files, from that folder: * ? [a-z] {a,b} and ** for any folders. Without a slash, any depth.'),
  limit: z.int().min(1).max(10_000).default(1000).describe('Most paths to return.'),
});

type Input = z.output<typeof input>;

export const listFiles = defineTool({
  kind: 'world',
  name: 'list_files',
  description:
    'Lists files of the workspace, one path from the workspace folder per line, sorted. Files that .gitignore leaves out ' +
    'are left out here, as are .git and node_modules unless path lies inside one; folders themselves are not listed, ' +
    'and folders behind symbolic links are not entered. A glob such as *.ts or src/**/*.test.ts narrows the list. At ' +
    'most 1,000 paths come back unless limit says otherwise; a last line in square brackets says how many there are more. ' +
    'Files that may not be read are left out, and counted on such a line.',
  input,
  subject: ({ path }) => ({ kind: 'path', text: path }),
  walks: true,
  effect: 'read',
  timeoutMs: 60_000,
  run: listWorkspace,
});

async function listWorkspace(request: Input, context: ToolContext): Promise<ToolResult> {
  const glob = compileGlob(request.glob);
  if (glob.kind === 'invalid') return failure(`The glob cannot be used: ${glob.reason}.`);
  const start = await resolveStart(context, request.path);
  if (start.kind === 'refused') return failure(`Could not list ${quotePath(request.path)}: ${start.reason}.`);
  if (start.kind === 'file') return failure(`${quotePath(start.relative)} is a file; read_file reads it.`);
  try {
    return await list(request, start.relative, glob.matches, context);
  } catch (error) {
    if (context.signal.aborted) return endedEarly('list_files', context.signal, 'Pass path to list a part.');
    throw new Error('Could not list the workspace', { cause: error });
  }
}

async function list(request: Input, start: string, matches: PathMatcher, context: ToolContext): Promise<ToolResult> {
  const tally = newTally();
  const lines: string[] = [];
  let characters = 0;
  let more = 0;
  const { workspace, signal, closedFolder, fileRules } = context;
  const leftOut = nothingLeftOut();
  const isLeftOut = leavingOut(fileRules, 'name', leftOut);
  for await (const file of walkFiles(workspace, start, tally, { signal, closedFolder })) {
    if (!matches(file.segments) || isLeftOut(namesOf(file))) continue;
    const line = quotePath(file.path);
    if (more > 0 || lines.length >= request.limit || characters + line.length >= LONGEST_RESULT) more += 1;
    else {
      lines.push(line);
      characters += line.length + 1;
    }
  }
  if (lines.length === 0) lines.push('[no file matches]');
  if (more > 0) lines.push(`[${count(more)} more; narrow the glob]`);
  return answer([...lines, ...walkRemarks(tally, leftOut)].join('\n'));
}

/** Where a walk starts: a folder or one file. */
export async function resolveStart({ workspace, closedFolder }: ToolContext, given: string) {
  const resolved = await resolveInWorkspace(workspace, given, undefined, closedFolder);
  if (resolved.kind === 'refused') return resolved;
  try {
    const stats = await stat(resolved.real);
    return { kind: stats.isDirectory() ? ('folder' as const) : ('file' as const), relative: resolved.relative };
  } catch (error) {
    return refusalOf(error);
  }
}

/** What kept a walk from being complete, a line each. */
export function walkRemarks(tally: WalkTally, leftOut: LeftOut): string[] {
  const withheld = leftOutRemark(leftOut);
  const found = withheld === undefined ? [] : [withheld];
  if (tally.cutShort)
    found.push(`[stopped after ${count(MOST_ENTRIES)} entries; pass path to look at a part of the workspace]`);
  if (tally.unreadableFolders > 0) found.push(`[folders that could not be read: ${count(tally.unreadableFolders)}]`);
  return found;
}
