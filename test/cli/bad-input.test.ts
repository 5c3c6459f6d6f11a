import assert from 'node:assert/strict';
import { mkdirSync, readdirSync, symlinkSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { readMigrations } from '../../src/host/db/migrate.ts';
import { openDatabase } from '../../src/host/db/open-database.ts';
import { CliSandbox, ROOT } from '../support/cli-sandbox.ts';
import { QUICK } from '../support/cli-scenarios.ts';

describe('bad input', () => {
  let sandbox: CliSandbox;
  beforeEach(() => {
    sandbox = new CliSandbox();
  });
  afterEach(() => sandbox.remove());

  async function refused(args: string[], code: number, ...texts: RegExp[]): Promise<void> {
    const result = await sandbox.animus(args);
    assert.equal(result.code, code, `${args.join(' ')}: ${result.stdout}${result.stderr}`);
    for (const text of texts) assert.match(result.stderr, text);
    assert.doesNotMatch(result.stderr, /\n\s+at /, 'no stack trace');
    const json = await sandbox.animus([...args, '--json']);
    assert.equal(json.code, code);
    assert.equal(typeof (JSON.parse(json.stdout) as { error: { kind: string } }).error.kind, 'string');
  }

  it('an untrusted folder is refused before anything is stored', async () => {
    await refused(['work', 'submit', 'hello'], 5, /not trusted/, /Nothing was submitted/, /animus trust/);
    const { items } = await sandbox.json<{ items: [] }>(['work', 'list']);
    assert.deepEqual(items, []);
  });

  it('an unknown faculty is refused with the names there are, or queued when insisted on', async () => {
    await sandbox.animus(['trust']);
    await refused(['work', 'submit', '-f', 'nobody', 'x'], 2, /"nobody"/, /general, researcher/, /--allow-unknown/);
    assert.equal((await sandbox.json(['work', 'submit', '-f', 'nobody', '--allow-unknown', 'x'])).code, 0);
    const { stdout } = await sandbox.animus(['work', 'list']);
    assert.match(stdout, /queued: unroutable: no host here knows the faculty "nobody"/);
  });

  it('a broken faculty file is named with its line, and hides no other', async () => {
    await sandbox.animus(['trust']);
    const folder = path.join(sandbox.home, 'faculties');
    mkdirSync(folder);
    writeFileSync(path.join(folder, 'broken.toml'), '[faculty]\nname = "broken"\ndescription = "x"\nmax_turns = 3\n');
    writeFileSync(path.join(folder, 'torn.toml'), '[faculty\n');
    const { stdout } = await sandbox.animus(['faculty', 'list']);
    assert.match(stdout, /broken\.toml:4: faculty\.max_turns: there is no such key/);
    assert.match(stdout, /torn\.toml:1:\d+: not TOML/);
    assert.match(stdout, /general/);
    await refused(['work', 'submit', '-f', 'broken', 'x'], 2, /broken\.toml:4/);
  });

  it("a workspace's faculties are named, and not used before a person accepted them", async () => {
    sandbox.write({ '.animus/faculties/own.toml': '[faculty]\nname = "own"\ndescription = "x"\n' });
    await sandbox.animus(['trust']);
    const { stdout } = await sandbox.animus(['faculty', 'list']);
    assert.match(stdout, /own/);
    await refused(['work', 'submit', '-f', 'own', 'x'], 5, /own/, /animus faculty accept/);
  });

  it('empty text, malformed, unknown and ambiguous ids are usage errors', async () => {
    await sandbox.animus(['trust']);
    await refused(['work', 'submit', '  \n '], 2, /no text/, /Nothing was submitted/);
    await refused(['work', 'show', 'x!'], 2, /no id/);
    await refused(['ledger', 'show', '12'], 2, /no id/);
    await refused(['work', 'wait', 'abcdef012345'], 2, /No work item here/, /animus work list/);
    const env = { ANIMUS_MODEL: sandbox.script(QUICK) };
    const first = await sandbox.json<{ id: string }>(['work', 'submit', 'one'], { env });
    await sandbox.json(['work', 'submit', 'two'], { env });
    // Both were made within the same hours: their first digits are the time.
    await refused(['work', 'show', first.id.slice(0, 7)], 2, /Several work items match/, /more digits/);
  });

  it('[S18] values that look like flags are values after --', async () => {
    await sandbox.animus(['trust']);
    await refusedByParser(['work', 'submit', '--frobnicate'], /unknown option '--frobnicate'/);
    await refusedByParser(['work', 'submit', '--priority', 'high', 'x'], /expected a whole number/);
    await refusedByParser(['work', 'submit', '--params', '[1]', 'x'], /expected a JSON object/);
    const env = { ANIMUS_MODEL: sandbox.script(QUICK) };
    const { id } = await sandbox.json<{ id: string }>(['work', 'submit', '--json', '--', '--trust', '-f', 'nobody'], {
      env,
    });
    const { item } = await sandbox.json<{ item: { description: string } }>(['work', 'show', id]);
    assert.equal(item.description, '--trust -f nobody --json', 'everything behind -- is text');
  });

  async function refusedByParser(args: string[], text: RegExp): Promise<void> {
    const result = await sandbox.animus(args);
    assert.equal(result.code, 2);
    assert.match(result.stderr, text);
  }

  it('configuration that is wrong is named with its source', async () => {
    writeFileSync(path.join(sandbox.home, 'config.toml'), 'model = 3\n[host]\nidle = 5\n');
    await refused(['status'], 2, /config\.toml:1: model/, /config\.toml:3: host\.idle: there is no such key/);
    writeFileSync(path.join(sandbox.home, 'config.toml'), '');
    const result = await sandbox.animus(['status'], { env: { ANIMUS_HOST_MAX_CONCURRENT: 'many' } });
    assert.equal(result.code, 2);
    assert.match(result.stderr, /ANIMUS_HOST_MAX_CONCURRENT/);
    const model = await sandbox.animus(['work', 'submit', '--trust', 'x'], { env: { ANIMUS_MODEL: 'gpt' } });
    assert.equal(model.code, 2);
    assert.match(model.stderr, /write provider\/model/);
  });

  it('[F24] a store of a newer version is refused and not changed', async () => {
    await sandbox.animus(['trust']);
    await sandbox.animus(['host', 'stop']);
    const migrations = readMigrations(path.join(ROOT, 'migrations'));
    const db = await openDatabase({
      url: null,
      schema: 'animus',
      storeFolder: sandbox.store,
      template: null,
      migrations,
      onLost: assert.fail,
      onReopened: assert.fail,
      onListenerError: assert.fail,
    });
    const next = migrations.length + 1;
    await db.query('insert into animus.migrations (number, name, checksum) values ($1, $2, $3)', [next, 'later', 'x']);
    await db.close();
    await refused(['work', 'list'], 3, /written by a newer Animus/, /Nothing was changed/, /Update Animus/);
    const status = await sandbox.animus(['host', 'status']);
    assert.match(status.stdout, /No host runs here|failed: The store was written by a newer/);
  });

  it('a Postgres server that is not there is named without its password', async () => {
    const env = { ANIMUS_DATABASE_URL: 'postgres://me:hunter2hunter2@127.0.0.1:1/animus' };
    const result = await sandbox.animus(['work', 'list'], { env });
    assert.equal(result.code, 3);
    assert.match(result.stderr, /ECONNREFUSED/);
    assert.match(result.stderr, /ANIMUS_DATABASE_URL/);
    assert.doesNotMatch(result.stderr, /hunter2/);
  });

  it('a folder that does not exist is a usage error', async () => {
    await refused(['--workspace', '/no/such/folder', 'status'], 2, /no folder/);
  });

  it('one workspace reached by two names is one store', async () => {
    await sandbox.animus(['trust']);
    const link = path.join(path.dirname(sandbox.workspace), 'link');
    symlinkSync(sandbox.workspace, link);
    const status = await sandbox.json<{ host: { trusted: boolean } }>(['status'], { cwd: link });
    assert.equal(status.host.trusted, true);
    sandbox.write({ 'deep/er/file.txt': '' });
    const below = await sandbox.json<{ host: { folder: string } }>(['status'], {
      cwd: path.join(sandbox.workspace, 'deep/er'),
    });
    assert.equal(below.host.folder, sandbox.workspace, 'a folder below belongs to the store above');
    assert.equal(readdirSync(path.join(sandbox.home, 'stores')).length, 1);
  });
});
