/** The two databases as a host has them: PGlite in its thread, and a Postgres server where one is installed. */
import { mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { readMigrations } from '../src/host/db/migrate.ts';
import { openDatabase } from '../src/host/db/open-database.ts';
import type { Db } from '../src/host/db/types.ts';
import { findPostgres, startPostgres } from '../test/support/postgres-server.ts';
import type { Cleanup } from './cleanup.ts';

const ROOT = path.resolve(import.meta.dirname, '..');

export type BenchDatabases = {
  openEmbedded(): Promise<Db>;
  /** Undefined where no server is installed. */
  server: { url: string; open(schema: string): Promise<Db> } | undefined;
  note: string;
};

export async function benchDatabases(cleanup: Cleanup): Promise<BenchDatabases> {
  const open = async (url: string | null, schema: string) => {
    const db = await openDatabase({
      url,
      schema,
      storeFolder: mkdtempSync(path.join(tmpdir(), 'store-')),
      template: path.join(ROOT, 'dist/host/database-template.tar.gz'),
      migrations: readMigrations(path.join(ROOT, 'migrations')),
      onLost: (reason) => console.error(`The database was lost: ${reason}`),
      onReopened: () => undefined,
      onListenerError: (error) => console.error(error),
    });
    cleanup.add(() => db.close());
    return db;
  };
  const programs = findPostgres();
  const openEmbedded = () => open(null, 'animus');
  if (!programs) {
    const note = 'Postgres: not measured, because no server is installed here (Debian: postgresql).';
    return { openEmbedded, server: undefined, note };
  }
  const { url, remove } = await startPostgres(programs);
  cleanup.add(remove);
  const note = `Postgres from ${programs}, on loopback, with fsync off, as PGlite never syncs either.`;
  return { openEmbedded, server: { url, open: (schema) => open(url, schema) }, note };
}
