/** db/backup and db/move: the embedded database as a whole. Both are a person's. */
import path from 'node:path';
import { AnimusError } from '../../../protocol/errors.ts';
import { PgliteDb } from '../../db/pglite-db.ts';
import { DbError } from '../../db/types.ts';
import type { ApiContext, Handlers } from '../context.ts';
import { refuseAgents } from '../refuse-agents.ts';
import { requirePerson } from '../require-person.ts';

export const dbHandlers: Pick<Handlers, 'db/backup' | 'db/move'> = {
  async 'db/backup'(context, { file, pid }, session) {
    refuseAgents(session, pid, 'write a backup');
    if (!path.isAbsolute(file)) {
      throw new AnimusError('invalid_params', `${file} is no absolute path.`, 'Give the whole path of the file.');
    }
    const db = await requireEmbedded(context);
    try {
      return { file, bytes: await db.dump(file) };
    } catch (error) {
      if (!(error instanceof DbError)) throw error;
      throw new AnimusError(
        'invalid_params',
        `The backup was not written: ${error.message}`,
        'Give a new file in a folder that is there, with room for it.',
        { cause: error },
      );
    }
  },

  async 'db/move'(context, { url, pid }, session) {
    await requirePerson(context, session, pid, 'move the store');
    await requireEmbedded(context);
    context.redactor.add('database_password', passwordOf(url));
    const { target, schema, tables } = await context.moveTo(url);
    return { target, schema, tables: tables.map(({ name, rows }) => ({ name, rows })) };
  },
};

function passwordOf(url: string): string {
  const { password } = new URL(url);
  // A stray percent sign stands for itself.
  return decodeURIComponent(password.replace(/%(?![0-9a-f]{2})/gi, '%25'));
}

async function requireEmbedded({ database }: ApiContext): Promise<PgliteDb> {
  const db = await database();
  if (db instanceof PgliteDb) return db;
  throw new AnimusError(
    'not_embedded',
    'The store is on a Postgres server already.',
    'Back it up with pg_dump --format=custom --schema=SCHEMA, and restore it with pg_restore.',
  );
}
