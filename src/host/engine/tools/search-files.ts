/** Searching file after file for a regular expression. Runs in the search worker: a pattern may never come to an end. */

import path from 'node:path';
import type { FileRules } from '../engage/file-rules.ts';
import { compileGlob } from './glob.ts';
import { type LeftOut, leavingOut, nothingLeftOut } from './left-out.ts';
import { readWholeFile } from './read-whole-file.ts';
import { LONGEST_RESULT, quotePath } from './tool-text.ts';
import { newTally, type WalkTally, walkFiles } from './walk-files.ts';

/** Plain data: it is posted to a thread. */
export type SearchOrder = {
  workspace: string;
  closedFolder: string | undefined;
  /** A folder or file, from the workspace's folder, with forward slashes. */
  start: string;
  startIsFile: boolean;
  /** Already known to compile. */
  glob: string;
  pattern: string;
  flags: string;
  maxResults: number;
  fileRules: FileRules | undefined;
};

export type SearchFindings = {
  /** `path:line: text` each, in the order of list_files. */
  lines: string[];
  /** The bound of results was met: there may be more. */
  full: boolean;
  binaryFiles: number;
  largeFiles: number;
  unreadableFiles: number;
  walk: WalkTally;
  leftOut: LeftOut;
};

type Search = { order: SearchOrder; pattern: RegExp; findings: SearchFindings; characters: number };

export const LARGEST_SEARCHED_FILE = 8 * 1024 * 1024;
const PROBE_BYTES = 8192;
const LONGEST_EXCERPT = 300;
/** Characters shown in front of a match in a line that is too long to be shown. */
const EXCERPT_LEAD = 100;

export async function searchFiles(order: SearchOrder): Promise<SearchFindings> {
  const counts = { binaryFiles: 0, largeFiles: 0, unreadableFiles: 0 };
  const findings: SearchFindings = { lines: [], full: false, ...counts, walk: newTally(), leftOut: nothingLeftOut() };
  const search: Search = { order, pattern: new RegExp(order.pattern, order.flags), findings, characters: 0 };
  for await (const file of filesOf(search)) {
    searchFile(search, file);
    if (findings.full) break;
  }
  return findings;
}

/** Links are left out: their targets are searched where they lie. */
async function* filesOf({ order, findings }: Search): AsyncGenerator<string> {
  const isLeftOut = leavingOut(order.fileRules, 'content', findings.leftOut);
  if (order.startIsFile) {
    if (!isLeftOut([order.start])) yield order.start;
    return;
  }
  const glob = compileGlob(order.glob);
  if (glob.kind === 'invalid') throw new Error(`Invalid glob: ${glob.reason}`);
  for await (const file of walkFiles(order.workspace, order.start, findings.walk, {
    closedFolder: order.closedFolder,
  })) {
    if (file.leadsTo === null && glob.matches(file.segments) && !isLeftOut([file.path])) yield file.path;
  }
}

function searchFile(search: Search, file: string): void {
  const { order, findings } = search;
  const real = path.join(order.workspace, ...file.split('/'));
  const read = readWholeFile(order.workspace, real, LARGEST_SEARCHED_FILE, order.closedFolder);
  if (read.kind === 'unreadable') findings.unreadableFiles += 1;
  else if (read.kind === 'too_large') findings.largeFiles += 1;
  else if (read.bytes.subarray(0, PROBE_BYTES).includes(0)) findings.binaryFiles += 1;
  else {
    searchText(search, quotePath(file), read.bytes.toString('utf8'));
  }
}

function searchText(search: Search, name: string, text: string): void {
  const { findings, order } = search;
  let lineNumber = 0;
  for (let from = 0; from < text.length; ) {
    const newline = text.indexOf('\n', from);
    const end = newline < 0 ? text.length : newline;
    const line = text.slice(from, text[end - 1] === '\r' && end > from ? end - 1 : end);
    from = end + 1;
    lineNumber += 1;
    const match = search.pattern.exec(line);
    if (match === null) continue;
    if (findings.lines.length >= order.maxResults || search.characters >= LONGEST_RESULT) {
      findings.full = true;
      return;
    }
    const found = `${name}:${lineNumber}: ${excerpt(line, match.index)}`;
    findings.lines.push(found);
    search.characters += found.length + 1;
  }
}

/** The line, or 300 characters of it around the match, with `…` where something is missing. */
export function excerpt(line: string, matchAt: number): string {
  if (line.length <= LONGEST_EXCERPT) return line.trim();
  const from = Math.max(0, Math.min(matchAt - EXCERPT_LEAD, line.length - LONGEST_EXCERPT));
  const to = from + LONGEST_EXCERPT;
  const part = line.slice(from, to).trim().toWellFormed();
  return `${from > 0 ? '…' : ''}${part}${to < line.length ? '…' : ''}`;
}
