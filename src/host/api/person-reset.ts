/** Starting over with who may decide, for whoever lost the keys: laid down while no host runs, and said to those who had one. */
import { existsSync, rmSync } from 'node:fs';
import type { Db } from '../db/types.ts';
import type { Log } from '../engine/focus/types.ts';
import { removeAllPersonKeys } from '../store/person/person-keys.ts';

/** Does what the file asks, once. */
export async function takePersonReset(db: Db, place: string, file: string, log: Log): Promise<void> {
  if (!existsSync(file)) return;
  const removed = await removeAllPersonKeys(db, place);
  log('warn', 'person.reset', { removed });
  try {
    rmSync(file, { force: true });
  } catch (error) {
    // The database opens all the same; whoever enrolls until the file is gone loses that at the next start.
    log('error', 'person.reset_stays', { file, message: (error as Error).message });
  }
}
