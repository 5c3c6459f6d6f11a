/**
 * Whether a folder lies on a file system that cannot hold the embedded database: locks there exclude nobody for sure, and
 * two hosts on one folder would corrupt it without a word.
 */
import { statfsSync } from 'node:fs';
import { AnimusError } from '../../protocol/errors.ts';

/** Linux's magic numbers, from its linux/magic.h and the file systems' own headers. */
const UNFIT: Readonly<Record<number, string>> = {
  26985: 'NFS',
  20859: 'SMB',
  4283649346: 'CIFS',
  4266872130: 'SMB2',
  16914839: '9P',
  1702057286: 'FUSE',
  1397113167: 'AFS',
  12805120: 'Ceph',
};

/** The file system's name where it is one of those; undefined elsewhere, and where the system does not tell its kind. */
export function unfitFileSystem(magic: number): string | undefined {
  return process.platform === 'linux' ? UNFIT[magic >>> 0] : undefined;
}

/** Throws AnimusError `network_folder`. `folder` must exist. */
export function requireLocalFolder(folder: string): void {
  const name = unfitFileSystem(statfsSync(folder).type);
  if (name === undefined) return;
  throw new AnimusError(
    'network_folder',
    `The store would lie on ${name} (${folder}), where the embedded database cannot be kept safe. Nothing was written.`,
    'Set ANIMUS_HOME to a folder on a local disk, or ANIMUS_DATABASE_URL to a Postgres server.',
  );
}
