/**
 * A folder as its content: what a person accepts is the hash of all that is in it. What is not plain files and folders has no
 * content that could be accepted.
 */
import { createHash } from 'node:crypto';
import {
  closeSync,
  constants,
  type Dirent,
  fstatSync,
  lstatSync,
  opendirSync,
  openSync,
  readFileSync,
  type Stats,
} from 'node:fs';
import path from 'node:path';

export type ContentFile = {
  /** Relative, with slashes. */
  name: string;
  bytes: Buffer;
  isExecutable: boolean;
};

export type FolderContent =
  | { kind: 'content'; files: ContentFile[]; hash: string }
  | { kind: 'unacceptable'; reason: string };

const MOST_FILES = 500;
const MOST_BYTES = 16 * 1024 * 1024;
/** Files and folders together: no look at a folder holds the host up for long. */
const MOST_ENTRIES = 2000;

const TOO_LARGE = 'it holds more than 16 MiB';

/** Reads everything at once: the hash and the bytes are of one look. */
export function readFolderContent(folder: string): FolderContent {
  try {
    const found = filesIn(folder, MOST_ENTRIES);
    if (found.reason !== undefined) return { kind: 'unacceptable', reason: found.reason };
    const files: ContentFile[] = [];
    let room = MOST_BYTES;
    for (const name of found.names) {
      const file = readPlainFile(path.join(folder, name), room);
      if (typeof file === 'string') return { kind: 'unacceptable', reason: `${name} ${file}` };
      if (file === undefined) return { kind: 'unacceptable', reason: TOO_LARGE };
      room -= file.bytes.length;
      files.push({ name, ...file });
    }
    return { kind: 'content', files, hash: hashOf(files) };
  } catch (error) {
    return { kind: 'unacceptable', reason: (error as Error).message };
  }
}

/** What can be told of a folder without reading any of its files. */
export type FolderState = {
  /** Changes when anything in the folder does. */
  stamp: string;
  /** Of its files together. */
  bytes: number;
  /** Files and folders that were looked at. */
  entries: number;
  /** When a file last changed its state, in milliseconds since 1970. */
  changedAtMs: number;
  /** Why it has no content that could be accepted, as far as can be told already. */
  reason: string | undefined;
  /** There are more of them than were to be looked at. */
  isCut: boolean;
};

/** `mostEntries`: more are not looked at. */
export function folderState(folder: string, mostEntries: number = MOST_ENTRIES): FolderState {
  const most = Math.min(mostEntries, MOST_ENTRIES);
  try {
    const { names, ...found } = filesIn(folder, most);
    const stats = names.map((name) => ({ name, stat: lstatSync(path.join(folder, name)) }));
    const bytes = stats.reduce((sum, { stat }) => sum + stat.size, 0);
    const changedAtMs = stats.reduce((latest, { stat }) => Math.max(latest, stat.ctimeMs), 0);
    const reason = found.reason ?? (bytes > MOST_BYTES ? TOO_LARGE : undefined);
    const files = stats.map(({ name, stat }) => `${name}=${stampOf(stat)}`).join('\n');
    return { stamp: reason ?? files, bytes, changedAtMs, ...found, reason };
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException;
    return { stamp: String(code), bytes: 0, entries: 0, changedAtMs: 0, reason: message, isCut: false };
  }
}

/** As the state's stamp: at the price of asking for each file's state. */
export function folderStamp(folder: string): string {
  return folderState(folder).stamp;
}

/** Also with the time of its last change of state, which nobody sets. */
function stampOf({ size, mtimeMs, ctimeMs, ino, mode }: Stats): string {
  return `${size}/${mtimeMs}/${ctimeMs}/${ino}/${mode}`;
}

type FoundFiles = { names: string[] } & Pick<FolderState, 'entries' | 'isCut' | 'reason'>;

/** By their names, sorted, each folder's files where the folder stands. With a reason none are named. */
function filesIn(folder: string, most: number): FoundFiles {
  const names: string[] = [];
  let [entries, isCut] = [0, false];
  const walk = (relative: string): string | undefined => {
    const found = entriesOf(path.join(folder, relative), most - entries);
    if (found === undefined) {
      isCut = true;
      entries = most;
      return `it holds more than ${MOST_ENTRIES} files and folders`;
    }
    entries += found.length;
    for (const entry of found) {
      const name = relative === '' ? entry.name : `${relative}/${entry.name}`;
      if (entry.isDirectory()) {
        const reason = walk(name);
        if (reason !== undefined) return reason;
      } else if (!entry.isFile()) return `${name} is neither a file nor a folder`;
      else if (names.push(name) > MOST_FILES) return `it holds more than ${MOST_FILES} files`;
    }
    return undefined;
  };
  const reason = walk('');
  return { names: reason === undefined ? names : [], entries, isCut, reason };
}

/** Undefined where there are more than `most`, which are not all read then. */
function entriesOf(folder: string, most: number): Dirent[] | undefined {
  const directory = opendirSync(folder);
  try {
    const entries: Dirent[] = [];
    for (let entry = directory.readSync(); entry !== null; entry = directory.readSync()) {
      if (entries.push(entry) > most) return undefined;
    }
    return entries.sort((a, b) => (a.name < b.name ? -1 : 1));
  } finally {
    directory.closeSync();
  }
}

/** Neither follows a link nor waits for a pipe that took the file's place meanwhile. Undefined where it is too long. */
function readPlainFile(file: string, most: number): Omit<ContentFile, 'name'> | string | undefined {
  const { O_RDONLY, O_NOFOLLOW = 0, O_NONBLOCK = 0 } = constants;
  const descriptor = openSync(file, O_RDONLY | O_NOFOLLOW | O_NONBLOCK);
  try {
    const stat = fstatSync(descriptor);
    if (!stat.isFile()) return 'is neither a file nor a folder';
    if (stat.size > most) return undefined;
    return { bytes: readFileSync(descriptor), isExecutable: (stat.mode & 0o100) !== 0 };
  } finally {
    closeSync(descriptor);
  }
}

/** Each part with its length before it, so that no two contents read the same. */
function hashOf(files: readonly ContentFile[]): string {
  const hash = createHash('sha256');
  for (const { name, bytes, isExecutable } of files) {
    const head = Buffer.from(`${Buffer.byteLength(name)}:${name}:${isExecutable ? 'x' : '-'}:${bytes.length}:`);
    hash.update(head).update(bytes);
  }
  return hash.digest('hex');
}
