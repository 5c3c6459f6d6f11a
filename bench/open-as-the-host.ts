/** The embedded database as a host of the build has it: a thread, a folder, the template, and who listens. */
import path from 'node:path';
import { readMigrations } from '../src/host/db/migrate.ts';
import { openDatabase } from '../src/host/db/open-database.ts';
import type { Db } from '../src/host/db/types.ts';
import { forwardNotifications } from '../src/host/forward-notifications.ts';

const ROOT = path.resolve(import.meta.dirname, '..');

export async function openAsTheHost(folder: string): Promise<Db> {
  const db = await openDatabase({
    url: null,
    schema: 'animus',
    storeFolder: path.join(folder, 'store'),
    template: path.join(ROOT, 'dist/host/database-template.tar.gz'),
    migrations: readMigrations(path.join(ROOT, 'migrations')),
    onLost: (reason) => console.error(`The database was lost: ${reason}`),
    onReopened: () => undefined,
    onListenerError: (error) => console.error(error),
  });
  await forwardNotifications(db, () => undefined);
  return db;
}
