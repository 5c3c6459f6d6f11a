/** Walks a workspace in a fixed order, without what .gitignore files, .git and node_modules leave out. */
import type { Dirent } from 'node:fs';
import { opendir, stat } from 'node:fs/promises';
import path from 'node:path';
import { setImmediate } from 'node:timers/promises';
import { type IgnoreRules, type IgnoreStack, isIgnored, parseIgnoreRules } from './gitignore.ts';
import { isClosed, openReal, resolveInWorkspace } from './workspace-path.ts';

export type WalkedFile = {
  /** From the workspace's folder, with forward slashes. */
  path: string;
  /** From the folder where the walk began. */
  segments: readonly string[];
  /** Of a symbolic link to a file inside the workspace that file, as `path`; null for what is no link. */
  leadsTo: string | null;
};

/** What a walk met, filled while it goes on. */
export type WalkTally = {
  entries: number;
  /** The walk stopped at its bound; in the folder where it stopped, which files came is up to the system. */
  cutShort: boolean;
  unreadableFolders: number;
};

type Walk = {
  workspace: string;
  /** Segments above the folder where the walk began. */
  top: number;
  mostEntries: number;
  signal: AbortSignal | undefined;
  closedFolder: string | undefined;
  tally: WalkTally;
  pausedAt: number;
};
type Folder = { segments: readonly string[]; stack: IgnoreStack };

/** Files and folders looked at in one walk. */
export const MOST_ENTRIES = 200_000;
const LONGEST_STRETCH_MS = 10;
const LARGEST_IGNORE_FILE = 1024 * 1024;
const NEVER_ENTERED = new Set(['.git', 'node_modules']);

/** All names that the file is known by, from the workspace's folder. */
export const namesOf = ({ path: own, leadsTo }: WalkedFile) => (leadsTo === null ? [own] : [own, leadsTo]);

export function newTally(): WalkTally {
  return { entries: 0, cutShort: false, unreadableFolders: 0 };
}

/**
 * Yields the files under `start` (a path from the workspace, `.` for all of it), ordered by the bytes of their paths.
 * Folders behind symbolic links are not entered. `start` itself is entered though it be ignored. Throws the signal's
 * reason when it is aborted.
 */
export async function* walkFiles(
  workspace: string,
  start: string,
  tally: WalkTally,
  options: { signal?: AbortSignal; mostEntries?: number; closedFolder?: string | undefined } = {},
): AsyncGenerator<WalkedFile> {
  const segments = start === '.' ? [] : start.split('/');
  const { signal, mostEntries = MOST_ENTRIES, closedFolder } = options;
  const pausedAt = performance.now();
  const walk: Walk = { workspace, top: segments.length, mostEntries, signal, closedFolder, tally, pausedAt };
  let stack: IgnoreStack = [];
  for (let depth = 0; depth < segments.length; depth += 1)
    stack = await withRulesOf(walk, segments.slice(0, depth), stack);
  yield* walkFolder(walk, { segments, stack });
}

async function* walkFolder(walk: Walk, folder: Folder): AsyncGenerator<WalkedFile> {
  const entries = await readFolder(walk, folder);
  const stack = entries.some((entry) => entry.name === '.gitignore')
    ? await withRulesOf(walk, folder.segments, folder.stack)
    : folder.stack;
  for (const entry of entries) {
    await pause(walk);
    const segments = [...folder.segments, entry.name];
    if (isIgnored(stack, segments, entry.isDirectory())) continue;
    if (isClosed(walk.closedFolder, path.join(walk.workspace, ...segments))) continue;
    if (entry.isDirectory()) {
      if (!NEVER_ENTERED.has(entry.name)) yield* walkFolder(walk, { segments, stack });
    } else if (entry.isFile() || entry.isSymbolicLink()) {
      const leadsTo = entry.isFile() ? null : await fileBehind(walk, segments);
      if (leadsTo !== undefined) yield { path: segments.join('/'), segments: segments.slice(walk.top), leadsTo };
    }
  }
}

/** Lets others run: a folder of many files under many rules would hold the event loop for seconds. */
async function pause(walk: Walk): Promise<void> {
  if (performance.now() - walk.pausedAt > LONGEST_STRETCH_MS) {
    await setImmediate();
    walk.pausedAt = performance.now();
  }
  walk.signal?.throwIfAborted();
}

/** The folder's entries, in the order in which the paths under it sort. */
async function readFolder(walk: Walk, folder: Folder): Promise<Dirent[]> {
  walk.signal?.throwIfAborted();
  const entries: Dirent[] = [];
  try {
    // Not readdir: a folder of millions must not be read whole.
    for await (const entry of await opendir(path.join(walk.workspace, ...folder.segments), { bufferSize: 256 })) {
      if (walk.tally.entries >= walk.mostEntries) {
        walk.tally.cutShort = true;
        break;
      }
      walk.tally.entries += 1;
      entries.push(entry);
    }
  } catch (error) {
    if (!isUnreadable(error)) throw new Error(`Could not list ${folder.segments.join('/')}`, { cause: error });
    walk.tally.unreadableFolders += 1;
  }
  const keyed = entries.map((entry) => ({ entry, key: entry.isDirectory() ? `${entry.name}/` : entry.name }));
  return keyed.sort((a, b) => compareBytewise(a.key, b.key)).map(({ entry }) => entry);
}

/** Gone, replaced or forbidden meanwhile: the walk goes on without the folder. */
function isUnreadable(error: unknown): boolean {
  const code = error instanceof Error && 'code' in error ? error.code : undefined;
  return ['ENOENT', 'ENOTDIR', 'EACCES', 'EPERM', 'ELOOP', 'ENAMETOOLONG'].includes(String(code));
}

async function withRulesOf(walk: Walk, folder: readonly string[], stack: IgnoreStack): Promise<IgnoreStack> {
  const rules = await readRules(walk.workspace, path.join(walk.workspace, ...folder, '.gitignore'));
  return rules.length === 0 ? stack : [...stack, { depth: folder.length, rules }];
}

async function readRules(workspace: string, file: string): Promise<IgnoreRules> {
  const opened = await openReal(workspace, file);
  if (opened.kind === 'refused') return [];
  await using handle = opened.handle;
  return opened.stats.size > LARGEST_IGNORE_FILE ? [] : parseIgnoreRules(await handle.readFile('utf8'));
}

/** Undefined where the link leads to no file of the workspace. */
async function fileBehind({ workspace, closedFolder }: Walk, segments: readonly string[]): Promise<string | undefined> {
  const resolved = await resolveInWorkspace(workspace, path.join(workspace, ...segments), undefined, closedFolder);
  if (resolved.kind === 'refused' || !resolved.exists) return undefined;
  try {
    return (await stat(resolved.real)).isFile() ? resolved.relative : undefined;
  } catch (error) {
    if (isUnreadable(error)) return undefined;
    throw new Error(`Could not look at ${segments.join('/')}`, { cause: error });
  }
}

/** Order of the UTF-8 bytes. JavaScript's own order differs where surrogates meet characters from U+E000 on. */
export function compareBytewise(a: string, b: string): number {
  const length = Math.min(a.length, b.length);
  for (let at = 0; at < length; at += 1) {
    const left = a.charCodeAt(at);
    const right = b.charCodeAt(at);
    if (left !== right) return rank(left) - rank(right);
  }
  return a.length - b.length;
}

function rank(unit: number): number {
  return unit >= 0xd800 && unit <= 0xdfff ? unit + 0x10000 : unit;
}
