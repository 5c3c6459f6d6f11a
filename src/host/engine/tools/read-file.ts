/** read_file: lines of one text file of the workspace. */
import * as z from 'zod';
import { defineTool, type ToolContext, type ToolResult } from '../engage/tool.ts';
import { LONGEST_KEPT } from './current-file.ts';
import { type LineRange, readLines } from './read-lines.ts';
import { decodeText, sha256Of } from './text-file.ts';
import { cleanText, count, endedEarly, failure, LONGEST_RESULT, quotePath } from './tool-text.ts';
import { type OpenedFile, openInWorkspace } from './workspace-path.ts';

const LARGEST_WHOLE_FILE = 32 * 1024 * 1024;
const PROBE_BYTES = 8192;

const input = z.strictObject({
  path: z.string().describe('Path from the workspace folder, or absolute inside it.'),
  offset: z.int().min(1).optional().describe('First line to read, from 1. Default 1.'),
  limit: z.int().min(1).max(10_000).default(2000).describe('Most lines to read.'),
});

type Input = z.output<typeof input>;

export const readFile = defineTool({
  kind: 'world',
  name: 'read_file',
  description:
    'Reads a text file of the workspace and returns its lines as they are, without line numbers. At most 2,000 lines ' +
    'come back unless limit says otherwise, and at most 200,000 characters; lines over 2,000 characters are cut and ' +
    'marked. What you need to know about the text follows it on lines in square brackets that are not part of the file: ' +
    'which lines these are and where to go on, or that bytes were not UTF-8. Binary files are refused, and files over ' +
    '32 MiB unless you pass offset.',
  input,
  subject: ({ path }) => ({ kind: 'path', text: path }),
  effect: 'read',
  timeoutMs: 30_000,
  run: readFromWorkspace,
});

async function readFromWorkspace(request: Input, context: ToolContext): Promise<ToolResult> {
  const { workspace, closedFolder } = context;
  const opened = await openInWorkspace(workspace, request.path, { closedFolder });
  if (opened.kind === 'refused') return failure(`Could not read ${quotePath(request.path)}: ${opened.reason}.`);
  await using _closing = opened.handle;
  if (opened.stats.size > LARGEST_WHOLE_FILE && request.offset === undefined) {
    const mebibytes = Math.round(opened.stats.size / 1024 / 1024);
    return failure(
      `${quotePath(opened.relative)} has ${count(mebibytes)} MiB. Pass offset and limit to read a part of it.`,
    );
  }
  const binary = await binaryKind(opened);
  if (binary !== undefined) {
    return failure(
      `${quotePath(opened.relative)} is ${binary}, ${count(opened.stats.size)} bytes: it cannot be read as lines.`,
    );
  }
  return await readRange(request, opened, context.signal);
}

async function readRange(request: Input, opened: OpenedFile, signal: AbortSignal): Promise<ToolResult> {
  const offset = request.offset ?? 1;
  try {
    const range = await readLines(opened.handle, {
      offset,
      limit: request.limit,
      mostCharacters: LONGEST_RESULT,
      toTheEnd: opened.stats.size <= LARGEST_WHOLE_FILE,
      signal,
    });
    const text = range.sha256 === undefined ? null : await wholeText(opened, range.sha256);
    return describeRange(range, offset, opened.relative, text);
  } catch (error) {
    if (signal.aborted) return endedEarly('read_file', signal, 'Pass a smaller offset.');
    throw new Error('Could not read a file of the workspace', { cause: error });
  }
}

/** The text that was just read by its lines, to show later what has changed since; null where it is long or no text. */
async function wholeText({ handle, stats }: OpenedFile, sha256: string): Promise<string | null> {
  if (stats.size > LONGEST_KEPT) return null;
  const buffer = Buffer.alloc(stats.size);
  const { bytesRead } = await handle.read(buffer, 0, stats.size, 0);
  const bytes = buffer.subarray(0, bytesRead);
  return sha256Of(bytes) === sha256 ? (decodeText(bytes)?.text ?? null) : null;
}

function describeRange(range: LineRange, offset: number, path: string, text: string | null): ToolResult {
  const { lines, totalLines, sha256 } = range;
  if (lines.length === 0 && totalLines !== undefined && totalLines > 0) {
    const lineCount = totalLines === 1 ? '1 line' : `${count(totalLines)} lines`;
    return failure(`${quotePath(path)} has ${lineCount}; offset=${offset} is past its end.`);
  }
  const content = cleanText([...lines, ...remarks(range, offset)].join('\n'));
  if (sha256 === undefined) return { content, isError: false };
  return { content, isError: false, data: { path, sha256 }, files: [{ path, sha256, text }] };
}

function remarks(range: LineRange, offset: number): string[] {
  const { lines, totalLines } = range;
  if (lines.length === 0) return ['[the file is empty]'];
  const found: string[] = [];
  if (range.replaced) found.push('[some bytes are not UTF-8 and are shown as \ufffd]');
  if (range.carriageReturns) found.push('[lines of this file end with CR LF]');
  const last = offset + lines.length - 1;
  if (totalLines === undefined) found.push(`[lines ${offset}-${last}; if more follow, go on with offset=${last + 1}]`);
  else if (last < totalLines)
    found.push(`[lines ${offset}-${last} of ${count(totalLines)}; go on with offset=${last + 1}]`);
  else if (offset > 1) found.push(`[lines ${offset}-${last} of ${count(totalLines)}]`);
  return found;
}

async function binaryKind(opened: OpenedFile): Promise<string | undefined> {
  const { buffer, bytesRead } = await opened.handle.read(Buffer.alloc(PROBE_BYTES), 0, PROBE_BYTES, 0);
  const probe = buffer.subarray(0, bytesRead);
  if (!probe.includes(0)) return undefined;
  const mark = probe.toString('hex', 0, 2);
  return mark === 'fffe' || mark === 'feff' ? 'UTF-16 text' : 'a binary file';
}
