import assert from 'node:assert/strict';
import { PostgresDb } from '../../src/host/db/postgres-db.ts';
import { type Submission, submitWork } from '../../src/host/store/work/submit.ts';
import { uuidv7 } from '../../src/rendezvous/ids.ts';
import { CliSandbox } from '../support/cli-sandbox.ts';
import { longRun, NOTES, QUICK } from '../support/cli-scenarios.ts';

describe('a store on a Postgres server', () => {
  let sandbox: CliSandbox;
  let url: string;
  let schema: string;

  before(function () {
    const given = process.env.ANIMUS_TEST_POSTGRES_URL;
    if (!given) this.skip(); // no Postgres server on this machine
    url = given;
  });
  beforeEach(() => {
    schema = `animus_cli_${uuidv7().slice(-12)}`;
    sandbox = new CliSandbox({ ANIMUS_DATABASE_URL: url, ANIMUS_DATABASE_SCHEMA: schema });
  });
  afterEach(() => sandbox?.remove());

  it('does the main job', async () => {
    const env = { ANIMUS_MODEL: sandbox.script(QUICK) };
    const { id } = await sandbox.json<{ id: string }>(['work', 'submit', '--trust', 'look'], { env });
    const waited = await sandbox.json<{ item: { outcome: { summary: string } } }>(['work', 'wait', id]);
    assert.equal(waited.code, 0);
    assert.equal(waited.item.outcome.summary, 'All is well.');
  });

  it('goes on after its host was killed', async () => {
    sandbox.write(NOTES);
    const env = { ANIMUS_MODEL: sandbox.script(longRun(10, 100)) };
    const { id } = await sandbox.json<{ id: string }>(['work', 'submit', '--trust', 'read'], { env });
    for (let kills = 0; kills < 3; kills += 1) {
      await new Promise((resolve) => setTimeout(resolve, 300));
      await sandbox.killHost();
      await sandbox.json(['work', 'show', id]);
    }
    const waited = await sandbox.json<{ foci: unknown[] }>(['work', 'wait', id]);
    assert.deepEqual([waited.code, waited.foci.length], [0, 1]);
  });

  it('[F10] keeps one item of 50 equal submissions over 50 connections at once', async () => {
    await sandbox.animus(['trust']);
    await sandbox.animus(['host', 'stop']);
    const connections = Array.from({ length: 50 }, () => new PostgresDb({ url, schema, maxConnections: 1 }));
    try {
      await Promise.all(connections.map((db) => db.query('select 1')));
      const place = uuidv7();
      const results = await Promise.all(connections.map((db) => submitWork(db, submission(place))));
      assert.equal(results.filter(({ kind }) => kind === 'queued').length, 1);
      const ids = new Set(results.map((result) => (result.kind === 'merged' ? result.canonicalId : result.id)));
      assert.equal(ids.size, 1);
    } finally {
      await Promise.all(connections.map((db) => db.close()));
    }
  });
});

function submission(place: string): Submission {
  return {
    id: uuidv7(),
    place,
    faculty: 'general',
    description: 'the same',
    params: {},
    attachments: [],
    model: null,
    priority: 0,
    dedup: 'structural',
    delayMs: 0,
    maxAttempts: 3,
    provenance: { source: 'cli' },
  };
}
