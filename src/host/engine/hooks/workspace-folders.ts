/**
 * The folders of a workspace's hooks, as they are now. Whoever can write there decides how much there is, so a look has a bound for
 * all of them together: it asks for the state of the files, and reads only those folders again in which something changed.
 */
import { statSync } from 'node:fs';
import path from 'node:path';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { type FolderState, folderState, readFolderContent } from '../acceptance/folder-content.ts';
import { namesIn } from '../acceptance/folder-names.ts';
import { HOOK_NAME } from './hook.ts';
import { type FoundFolder, MOST_HOOKS } from './hook-folders.ts';

export type WorkspaceFolder = FoundFolder & {
  /** Of all that is in it; null where it cannot be accepted as it is, or was not read. */
  hash: string | null;
  problem: string | null;
};

/** What was read of a folder, and of which state. */
type Read = Pick<WorkspaceFolder, 'hash' | 'problem'> & { stamp: string; isSettled: boolean };

type Room = { entries: number; bytes: number };

/** Of all hooks together. */
const MOST_ENTRIES = 2000;
const MOST_MEBIBYTES = 32;
const TOO_MUCH =
  `with it the hooks of this workspace hold more than ${MOST_ENTRIES} files and folders or ${MOST_MEBIBYTES} MiB together, ` +
  'and no more is looked at';

/** A file that changed a moment ago may change again within the same tick of its file system's clock. */
const SETTLED_AFTER_MS = 2000;

export type WorkspaceFoldersOptions = {
  /** Milliseconds since 1970, as file systems count. */
  now?: () => number;
  read?: typeof readFolderContent;
};

export class WorkspaceFolders {
  #root: string;
  #now: () => number;
  #read: typeof readFolderContent;
  #known = new Map<string, Read>();

  constructor(root: string, { now = Date.now, read = readFolderContent }: WorkspaceFoldersOptions = {}) {
    this.#root = root;
    this.#now = now;
    this.#read = read;
  }

  /** Without a look into any. `accepted` are there however many others there are: nobody ends a guard by adding folders. */
  find(accepted: readonly string[]): FoundFolder[] {
    const names = new Set([...accepted, ...hookNamesIn(this.#root).slice(0, MOST_HOOKS)]);
    return [...names].map((name) => this.folderOf(name)).filter(isThere);
  }

  folderOf(name: string): FoundFolder {
    return { name, folder: path.join(this.#root, name) };
  }

  /** The first of them have the room; by their names, sorted. Others run between one folder and the next. */
  async read(found: readonly FoundFolder[]): Promise<WorkspaceFolder[]> {
    const room = { entries: MOST_ENTRIES, bytes: MOST_MEBIBYTES * 1024 * 1024 };
    const known = new Map<string, Read>();
    const folders: WorkspaceFolder[] = [];
    for (const one of found) {
      const read = await this.#readOne(one, room);
      known.set(one.name, read);
      folders.push({ ...one, hash: read.hash, problem: read.problem });
    }
    this.#known = known;
    return folders.sort(byName);
  }

  async #readOne({ name, folder }: FoundFolder, room: Room): Promise<Read> {
    const readAtMs = this.#now();
    const state = folderState(folder, room.entries);
    const reason = whyUnread(state, room);
    room.entries -= state.entries;
    if (reason !== undefined) return { stamp: state.stamp, hash: null, problem: reason, isSettled: false };
    room.bytes -= state.bytes;
    const known = this.#known.get(name);
    if (known?.isSettled && known.stamp === state.stamp) return known;
    await nextTurn();
    const content = this.#read(folder);
    const said =
      content.kind === 'content' ? { hash: content.hash, problem: null } : { hash: null, problem: content.reason };
    return { ...said, stamp: state.stamp, isSettled: isSettled(state, readAtMs) };
  }
}

function whyUnread(state: FolderState, room: Room): string | undefined {
  if (state.isCut && room.entries < MOST_ENTRIES) return TOO_MUCH;
  return state.reason ?? (state.bytes > room.bytes ? TOO_MUCH : undefined);
}

const isSettled = ({ changedAtMs }: FolderState, nowMs: number) => Math.abs(nowMs - changedAtMs) > SETTLED_AFTER_MS;

/** One that cannot be looked at is there all the same: nobody ends a guard by locking its folder. */
function isThere({ folder }: FoundFolder): boolean {
  try {
    return statSync(folder).isDirectory();
  } catch (error) {
    return !['ENOENT', 'ENOTDIR'].includes(String((error as NodeJS.ErrnoException).code));
  }
}

const byName = (a: FoundFolder, b: FoundFolder) => (a.name < b.name ? -1 : 1);

/** Those that hooks may have, sorted. A folder that cannot be read tells none; what was accepted there is found by its name. */
function hookNamesIn(root: string): string[] {
  try {
    return namesIn(root, (name) => HOOK_NAME.test(name));
  } catch {
    return [];
  }
}
