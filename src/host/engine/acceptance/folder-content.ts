/**
 * A folder as its content: what a person accepts is the hash of all that is in it. What is not plain files and folders has no
 * content that could be accepted.
 */
import { createHash } from 'node:crypto';
import { type Dirent, readdirSync, readFileSync, statSync } from 'node:fs';
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

/** Reads everything at once: the hash and the bytes are of one look. */
export function readFolderContent(folder: string): FolderContent {
  const files: ContentFile[] = [];
  let bytes = 0;
  const walk = (relative: string): string | undefined => {
    for (const entry of entriesOf(path.join(folder, relative))) {
      const name = relative === '' ? entry.name : `${relative}/${entry.name}`;
      const absolute = path.join(folder, name);
      if (entry.isDirectory()) {
        const reason = walk(name);
        if (reason !== undefined) return reason;
      } else if (entry.isFile()) {
        const { size, mode } = statSync(absolute);
        bytes += size;
        if (files.length >= MOST_FILES) return `it holds more than ${MOST_FILES} files`;
        if (bytes > MOST_BYTES) return 'it holds more than 16 MiB';
        files.push({ name, bytes: readFileSync(absolute), isExecutable: (mode & 0o100) !== 0 });
      } else return `${name} is neither a file nor a folder`;
    }
    return undefined;
  };
  try {
    const reason = walk('');
    return reason === undefined ? { kind: 'content', files, hash: hashOf(files) } : { kind: 'unacceptable', reason };
  } catch (error) {
    return { kind: 'unacceptable', reason: (error as Error).message };
  }
}

function entriesOf(folder: string): Dirent[] {
  return readdirSync(folder, { withFileTypes: true }).sort((a, b) => (a.name < b.name ? -1 : 1));
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
