/**
 * A disk without room. Run by itself, with a folder on a small one: what PGlite alone says after a CHECKPOINT that failed.
 * It may never end, which is why it is a process of its own.
 */
import { rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { PGlite } from '@electric-sql/pglite';
import { freeBytes } from '../../src/host/db/disk-space.ts';

/** Takes all that is free; gives the files that do. */
export function fillDisk(folder: string): string[] {
  const files = [path.join(folder, 'filler'), path.join(folder, 'last')];
  for (const file of files) {
    try {
      writeFileSync(file, Buffer.alloc(freeBytes(folder)));
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'ENOSPC') throw error;
    }
  }
  return files;
}

async function askBroken(folder: string): Promise<void> {
  const db = await PGlite.create({
    dataDir: folder,
    startParams: [...PGlite.defaultStartParams, '-c', 'shared_buffers=16MB'],
  });
  await db.exec('create table herons (n int); checkpoint; insert into herons values (1)');
  const fillers = fillDisk(path.dirname(folder));
  const failed = await db.exec('checkpoint').then(
    () => false,
    (error) => error.code === '53100',
  );
  for (const file of fillers) rmSync(file);
  console.log(failed ? 'no space' : 'it had room');
  for (let asked = 0; asked < 2; asked += 1) {
    const { rows } = await db.query('select count(*) from herons');
    console.log(JSON.stringify(rows));
  }
}

const [, script, folder] = process.argv;
if (script === import.meta.filename && folder) await askBroken(folder);
