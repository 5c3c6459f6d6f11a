/**
 * A fresh PGlite data folder with pgvector in it, packed: a first start that unpacks it takes a second instead of four.
 * Made once for each version of PGlite and kept in .cache.
 */
import { existsSync, mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { constants, gzipSync } from 'node:zlib';
import { PGlite } from '@electric-sql/pglite';
import { vector } from '@electric-sql/pglite-pgvector';

/** Gives the file's path. */
export async function databaseTemplate(root: string): Promise<string> {
  const versions = ['pglite', 'pglite-pgvector'].map((name) => {
    const manifest = readFileSync(path.join(root, 'node_modules/@electric-sql', name, 'package.json'), 'utf8');
    return (JSON.parse(manifest) as { version: string }).version;
  });
  const file = path.join(root, '.cache', `database-${versions.join('-')}.tar.gz`);
  if (existsSync(file)) return file;
  const db = await PGlite.create({ extensions: { vector } });
  await db.exec('create extension vector');
  const dump = await db.dumpDataDir('none');
  await db.close();
  mkdirSync(path.dirname(file), { recursive: true });
  const packed = gzipSync(Buffer.from(await dump.arrayBuffer()), { level: constants.Z_BEST_COMPRESSION });
  writeFileSync(`${file}.new`, packed);
  renameSync(`${file}.new`, file);
  return file;
}
