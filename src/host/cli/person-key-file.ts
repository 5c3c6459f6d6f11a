/** The key of this user's terminals: a file in Animus's own folder, which no tool opens and which confined commands find empty. */
import { constants, copyFileSync, linkSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { AnimusError } from '../../protocol/errors.ts';
import { createPersonKey, type PersonKey, readPersonKey } from '../../rendezvous/person-key.ts';

const keyFile = (home: string) => path.join(home, 'person.key');

/** Undefined before there is one. Throws AnimusError where the file holds something else. */
export function readTerminalKey(home: string): PersonKey | undefined {
  const file = keyFile(home);
  let text: string;
  try {
    text = readFileSync(file, 'utf8');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw unusable(file, (error as Error).message);
  }
  const key = readPersonKey(text);
  if (!key) throw unusable(file, 'it is no Ed25519 key');
  return key;
}

/** The key there is, else a new one. Of two terminals that make one at the same moment both get the same. */
export function obtainTerminalKey(home: string): PersonKey {
  const present = readTerminalKey(home);
  if (present) return present;
  mkdirSync(home, { recursive: true, mode: 0o700 });
  const aside = `${keyFile(home)}.${process.pid}.new`;
  writeFileSync(aside, createPersonKey(), { mode: 0o600 });
  try {
    putInPlace(aside, keyFile(home));
  } finally {
    rmSync(aside, { force: true });
  }
  return obtainTerminalKey(home);
}

/** Never over one that is there. A link is made whole; not every file system has them. */
function putInPlace(aside: string, file: string): void {
  const isThere = (error: unknown) => (error as NodeJS.ErrnoException).code === 'EEXIST';
  try {
    linkSync(aside, file);
  } catch (error) {
    if (isThere(error)) return;
    try {
      copyFileSync(aside, file, constants.COPYFILE_EXCL);
    } catch (fault) {
      if (!isThere(fault)) throw fault;
    }
  }
}

function unusable(file: string, why: string): AnimusError {
  return new AnimusError(
    'bad_config',
    `The key of this terminal, ${file}, cannot be used: ${why}. Nothing was changed.`,
    'Delete the file, then: animus person enroll CODE, with a code from where you are enrolled.',
  );
}
