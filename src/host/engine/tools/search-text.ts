/** search_text: a regular expression over the files of the workspace. */
import { Worker } from 'node:worker_threads';
import * as z from 'zod';
import { defineTool, type Tool, type ToolContext, type ToolResult } from '../engage/tool.ts';
import { compileGlob } from './glob.ts';
import { resolveStart, walkRemarks } from './list-files.ts';
import type { SearchFindings, SearchOrder } from './search-files.ts';
import { answer, count, endedEarly, failure, quotePath } from './tool-text.ts';

const WORKER = new URL(import.meta.url.endsWith('.ts') ? './search-worker.ts' : './search-worker.mjs', import.meta.url);
const WORKER_MEMORY_MIB = 256;
const SLOW_PATTERN_ADVICE =
  'Avoid nested repetitions such as (a+)+ in the pattern, or pass path or glob to search less.';

const input = z.strictObject({
  pattern: z.string().min(1).max(2000).describe('JavaScript regular expression with the u flag, tried on each line.'),
  path: z.string().default('.').describe('Folder or file to search, from the workspace folder.'),
  glob: z.string().min(1).max(1000).default('**/*').describe('Which files, as in list_files.'),
  ignore_case: z.boolean().default(false),
  max_results: z.int().min(1).max(1000).default(100).describe('Most lines to return.'),
});

type Input = z.output<typeof input>;
type Outcome =
  | { kind: 'found'; findings: SearchFindings }
  | { kind: 'ended'; signal: AbortSignal }
  | { kind: 'out_of_memory' };

export const searchText: Tool = createSearchText(30_000);

/** `timeoutMs`: how long a search may run; the call's own signal may end it earlier. */
export function createSearchText(timeoutMs: number): Tool {
  return defineTool({
    kind: 'world',
    name: 'search_text',
    description:
      'Searches the files that list_files lists for a regular expression, line by line, and returns `path:line: text` for ' +
      'each line that matches, in the order of the paths. Long lines are trimmed to 300 characters around the match. At ' +
      'most 100 lines come back unless max_results says otherwise. Binary files and files over 8 MiB are skipped; a last ' +
      'line in square brackets says so, and whether there was more. Files that may not be read, or not without asking a ' +
      'person, are left out and counted there too. Escape what has a meaning in regular expressions: ' +
      'to find f(x) search for f\\(x\\).',
    input,
    subject: ({ path }) => ({ kind: 'path', text: path }),
    walks: true,
    effect: 'read',
    timeoutMs,
    run: (request, context) => searchWorkspace(request, context, timeoutMs),
  });
}

async function searchWorkspace(request: Input, context: ToolContext, timeoutMs: number): Promise<ToolResult> {
  const flags = request.ignore_case ? 'ui' : 'u';
  const fault = patternFault(request.pattern, flags);
  if (fault !== undefined) return failure(`The pattern cannot be used: ${fault}.`);
  const glob = compileGlob(request.glob);
  if (glob.kind === 'invalid') return failure(`The glob cannot be used: ${glob.reason}.`);
  const start = await resolveStart(context, request.path);
  if (start.kind === 'refused') return failure(`Could not search ${quotePath(request.path)}: ${start.reason}.`);
  const order: SearchOrder = {
    workspace: context.workspace,
    closedFolder: context.closedFolder,
    start: start.relative,
    startIsFile: start.kind === 'file',
    glob: request.glob,
    pattern: request.pattern,
    flags,
    maxResults: request.max_results,
    fileRules: context.fileRules,
  };
  return describeOutcome(await searchInThread(order, context.signal, timeoutMs));
}

/** Why the pattern is none; undefined if it is fine. Making a RegExp parses it and runs nothing. */
function patternFault(pattern: string, flags: string): string | undefined {
  try {
    new RegExp(pattern, flags);
    return undefined;
  } catch (error) {
    if (error instanceof SyntaxError) return error.message;
    throw error;
  }
}

/** Runs the search in a thread of its own, which is gone when this settles. */
async function searchInThread(order: SearchOrder, outer: AbortSignal, timeoutMs: number): Promise<Outcome> {
  const late = new AbortController();
  const timer = setTimeout(() => late.abort(new DOMException('over its time', 'TimeoutError')), timeoutMs);
  const signal = AbortSignal.any([outer, late.signal]);
  const { promise, resolve, reject } = Promise.withResolvers<Outcome>();
  const end = () => resolve({ kind: 'ended', signal });
  signal.addEventListener('abort', end);
  const worker = new Worker(WORKER, {
    workerData: order,
    resourceLimits: { maxOldGenerationSizeMb: WORKER_MEMORY_MIB },
  });
  worker.once('message', (findings: SearchFindings) => resolve({ kind: 'found', findings }));
  worker.on('error', (error) => {
    if ('code' in error && error.code === 'ERR_WORKER_OUT_OF_MEMORY') resolve({ kind: 'out_of_memory' });
    else reject(new Error('The search thread failed', { cause: error }));
  });
  worker.once('exit', (code) => reject(new Error(`The search thread ended with ${code} and without an answer`)));
  if (signal.aborted) end();
  try {
    return await promise;
  } finally {
    clearTimeout(timer);
    signal.removeEventListener('abort', end);
    await worker.terminate();
  }
}

function describeOutcome(outcome: Outcome): ToolResult {
  switch (outcome.kind) {
    case 'found':
      return describeFindings(outcome.findings);
    case 'out_of_memory':
      return failure(`The search needed more than ${WORKER_MEMORY_MIB} MiB and was ended. Simplify the pattern.`);
    case 'ended':
      return endedEarly('search_text', outcome.signal, SLOW_PATTERN_ADVICE);
  }
}

function describeFindings(findings: SearchFindings): ToolResult {
  const lines = findings.lines.length > 0 ? findings.lines : ['[no line matches]'];
  const remarks: string[] = [];
  if (findings.full) remarks.push('there are more matches: narrow pattern, path or glob');
  const skipped = [
    findings.binaryFiles > 0 ? `${count(findings.binaryFiles)} binary` : '',
    findings.largeFiles > 0 ? `${count(findings.largeFiles)} over 8 MiB` : '',
    findings.unreadableFiles > 0 ? `${count(findings.unreadableFiles)} unreadable` : '',
  ].filter((part) => part !== '');
  if (skipped.length > 0) remarks.push(`skipped files: ${skipped.join(', ')}`);
  const closing = remarks.length > 0 ? [`[${remarks.join('; ')}]`] : [];
  return answer([...lines, ...walkRemarks(findings.walk, findings.leftOut), ...closing].join('\n'));
}
