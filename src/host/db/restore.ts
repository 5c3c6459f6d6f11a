/** Puts a backup in the place of the data folder. Cut off at any point it is done again at the next start. */
import { existsSync, renameSync, rmSync } from 'node:fs';
import { AnimusError } from '../../protocol/errors.ts';

/**
 * What was there is kept beside it until `open` has resolved, which opens the folder from the backup, and is put back where
 * that rejects. Then it throws AnimusError `store_unavailable`, and the backup counts as dealt with.
 */
export async function restoreFolder(folder: string, backup: string, open: () => Promise<void>): Promise<void> {
  const before = `${folder}.before-restore`;
  // Where it is there, an earlier try was cut off, and the folder is what that one had made so far.
  if (existsSync(before)) rmSync(folder, { recursive: true, force: true });
  else if (existsSync(folder)) renameSync(folder, before);
  try {
    await open();
  } catch (error) {
    rmSync(folder, { recursive: true, force: true });
    if (existsSync(before)) renameSync(before, folder);
    rmSync(backup);
    throw new AnimusError(
      'store_unavailable',
      `The backup was not restored: ${(error as Error).message}`,
      'The store is as it was. Give a file that animus db backup made, of this version or an older one.',
      { cause: error },
    );
  }
  // In this order: without the backup's file nobody would know what the old folder is.
  rmSync(before, { recursive: true, force: true });
  rmSync(backup);
}
