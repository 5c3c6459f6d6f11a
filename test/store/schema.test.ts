/** The schema that the migrations make is the one that is checked in, on both databases. */
import assert from 'node:assert/strict';
import { readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { dumpSchema } from '../support/database-schema.ts';
import { onEachDatabase } from '../support/databases.ts';

const CHECKED_IN = path.resolve(import.meta.dirname, '../schema.sql');
const HEADER =
  '-- What the migrations make, for reading and reviewing. UPDATE_SCHEMA=1 with the store lane writes it anew.\n\n';

onEachDatabase('schema', {}, (database) => {
  it('is the one in test/schema.sql', async () => {
    const dump = HEADER + (await dumpSchema(database.db, database.schema));
    // One database writes it, so that the other one is still compared.
    if (process.env.UPDATE_SCHEMA === '1' && database.kind === 'pglite') writeFileSync(CHECKED_IN, dump);
    assert.equal(dump, readFileSync(CHECKED_IN, 'utf8'));
  });

  it('names no schema but its own', async () => {
    const dump = await dumpSchema(database.db, database.schema);
    assert.doesNotMatch(dump, /animus_test|public\./);
    assert.match(dump, /create table animus\.work_items \(\n {2}id uuid not null,\n {2}place uuid not null,/);
  });
});
