/** Who may decide, at the terminal: the key of this user's terminals, codes for others, and what has no key. */
import assert from 'node:assert/strict';
import { existsSync, mkdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import type { HostClient } from '../../src/client/host-client.ts';
import { provePerson } from '../../src/client/prove-person.ts';
import type { Method, Params } from '../../src/protocol/requests.ts';
import { personResetFile } from '../../src/rendezvous/store-files.ts';
import { CliSandbox } from '../support/cli-sandbox.ts';
import { writeHook } from '../support/engine-hooks.ts';
import { decideWith, newPersonKey } from '../support/person.ts';

type Failure = { error: { kind: string; message: string; next: string } };
type Keys = { keys: { id: string; short_id: string; kind: string; name: string; own: boolean }[] };

const ASKS = `[faculty]
name = "general"
description = "Asks before it reads secrets."
[faculty.permissions]
ask = ["read_file(secret*)"]
`;

const SCRIPT = {
  name: 'asks',
  turns: [{ tool_calls: [{ name: 'read_file', input: { path: 'secret.md' } }] }, { text: 'Done.' }],
};

describe('who may decide', function () {
  this.timeout(180_000);
  let sandbox: CliSandbox;
  const open: HostClient[] = [];

  beforeEach(() => {
    sandbox = new CliSandbox();
    mkdirSync(path.join(sandbox.home, 'faculties'));
    writeFileSync(path.join(sandbox.home, 'faculties/general.toml'), ASKS);
    sandbox.write({ 'secret.md': 'seven herons\n' });
  });
  afterEach(async () => {
    for (const client of open.splice(0)) await client.close();
    await sandbox.remove();
  });

  const keys = async () => (await sandbox.json<Keys>(['person'])).keys;
  async function attach(): Promise<HostClient> {
    const client = await sandbox.attach();
    open.push(client);
    return client;
  }

  it('is the terminal that trusts the folder first', async () => {
    assert.match((await sandbox.animus(['person'])).stdout, /^Nobody is enrolled here yet/);
    const trusted = await sandbox.animus(['trust']);
    assert.deepEqual([trusted.code, trusted.stdout.trim()], [0, `Trusted: ${sandbox.workspace}`]);
    assert.match(trusted.stderr, /This terminal may decide here from now on/);
    assert.equal((await sandbox.animus(['trust'])).stderr, '', 'said once');
    const [key, ...others] = await keys();
    assert.deepEqual([key?.kind, key?.own, others], ['cli', true, []]);
    assert.match(
      (await sandbox.animus(['person'])).stdout,
      /^May approve, answer, .*\n\n.*\n[0-9a-f]{8} .*\(this one\)/,
    );
    const file = path.join(sandbox.home, 'person.key');
    assert.match(readFileSync(file, 'utf8'), /PRIVATE KEY/);
    assert.equal(statSync(file).mode & 0o777, 0o600);
  });

  it('[S20] is nobody who merely found the token of the host, whatever process it is', async () => {
    const env = { ANIMUS_MODEL: sandbox.script(SCRIPT) };
    const { id } = await sandbox.json<{ id: string }>(['work', 'submit', '--trust', 'read it'], { env });
    assert.equal((await sandbox.animus(['work', 'wait', id])).code, 4);
    const { approvals } = await sandbox.json<{ approvals: { id: string }[] }>(['approvals']);
    writeHook(path.join(sandbox.workspace, '.animus/hooks'), 'own', { command: 'true' });
    const [asks] = approvals;
    assert.ok(asks);
    const client = await attach();
    const { pid } = process;
    const hash = '0'.repeat(64);
    const tries: { [M in Method]?: Params<M> } = {
      'approval/decide': { id: asks.id, decision: 'allow', pid },
      'approval/forget': { rule_id: asks.id, pid },
      'question/answer': { id: asks.id, answer: { choice: 1 }, pid },
      'trust/grant': { folder: sandbox.workspace, pid },
      'hook/accept': { name: 'own', hash, pid },
      'faculty/accept': { hash, pid },
      'person/invite': { pid },
      'person/remove': { id: asks.id, pid },
    };
    const stranger = newPersonKey();
    for (const isProven of [false, true]) {
      if (isProven) assert.deepEqual(await provePerson(client, stranger), { state: 'unknown', anybody: true });
      for (const [method, params] of Object.entries(tries)) {
        await assert.rejects(client.request(method as Method, params as never), { kind: 'not_enrolled' }, method);
      }
    }
    await assert.rejects(client.request('person/enroll', { name: 'x', pid }), { kind: 'not_enrolled' });
    await assert.rejects(client.request('person/enroll', { name: 'x', code: 'ABCD-2345', pid }), {
      kind: 'not_enrolled',
    });
    const { challenge } = client.host;
    const other = await attach();
    assert.notEqual(other.host.challenge, challenge);
    assert.equal((await sandbox.json<{ approvals: object[] }>(['approvals'])).approvals.length, 1);
    assert.equal((await sandbox.animus(['approvals', 'allow', asks.id])).code, 0);
    assert.equal((await sandbox.animus(['work', 'wait', id])).code, 0);
  });

  it('is at the terminal only who was let in, where a window was there first', async () => {
    await sandbox.animus(['host', 'start']);
    const window = await attach();
    await decideWith(window, newPersonKey());
    const refused = await sandbox.json<Failure>(['trust']);
    assert.deepEqual([refused.code, refused.error.kind], [5, 'not_enrolled']);
    assert.match(refused.error.next, /Who May Decide.*animus person enroll CODE/);
    const alone = await sandbox.animus(['person', 'enroll']);
    assert.equal(alone.code, 5);
    assert.match((await sandbox.animus(['person'])).stdout, /This terminal may not/);
    const mistyped = await sandbox.animus(['person', 'enroll', 'ABC']);
    assert.deepEqual(
      [mistyped.code, mistyped.stderr.split('\n')[0]],
      [2, 'error: "ABC" is no code. Nobody was enrolled.'],
    );
    const { code } = await window.request('person/invite', { pid: process.pid });
    const enrolled = await sandbox.animus(['person', 'enroll', code.toLowerCase()]);
    assert.deepEqual(
      [enrolled.code, enrolled.stdout],
      [0, 'This terminal may approve, answer, trust and accept here.\n'],
    );
    assert.equal((await sandbox.animus(['trust'])).code, 0);
    const invited = await sandbox.animus(['person', 'invite']);
    assert.match(invited.stdout, /^[2-9A-Z]{4}-[2-9A-Z]{4} {3}for once, and for ten minutes\n/);
    const first = (await keys()).find(({ own }) => !own);
    const removed = await sandbox.animus(['person', 'remove', first?.short_id ?? '']);
    assert.match(removed.stdout, /^removed: [0-9a-f]{8} {2}test may not decide any more$/m);
    const asked = window.request('person/invite', { pid: process.pid });
    await assert.rejects(asked, { kind: 'not_enrolled' }, 'at once, on a connection that had shown it before');
  });

  it('[S20] is no process that an agent started, be it the first or with a code', async () => {
    const env = { ANIMUS_RUN: '5f0c1f5e-8f5b-4f0e-9a53-3a1f6f9b1c11/run' };
    for (const args of [['trust'], ['person', 'enroll']]) {
      const refused = await sandbox.json<Failure>(args, { env });
      assert.deepEqual([refused.code, refused.error.kind], [5, 'not_permitted'], args.join(' '));
    }
    assert.deepEqual(await keys(), []);
    await sandbox.animus(['trust']);
    for (const args of [
      ['person', 'invite'],
      ['person', 'remove', (await keys())[0]?.id ?? ''],
    ]) {
      const refused = await sandbox.json<Failure>(args, { env });
      assert.deepEqual([refused.code, refused.error.kind], [5, 'not_permitted'], args.join(' '));
    }
    assert.equal((await keys()).length, 1);
  });

  it('is started over only at a terminal, and while no host runs', async () => {
    await sandbox.animus(['trust']);
    const refused = await sandbox.json<Failure>(['person', 'reset']);
    assert.deepEqual([refused.code, refused.error.kind], [5, 'not_permitted']);
    assert.ok(!existsSync(personResetFile(sandbox.store)));
    await sandbox.killHost();
    // What the command lays down after a person has typed it.
    writeFileSync(personResetFile(sandbox.store), '');
    assert.deepEqual(await keys(), []);
    assert.ok(!existsSync(personResetFile(sandbox.store)));
    const again = await sandbox.json<Failure>(['trust']);
    assert.deepEqual([again.code, again.error.kind], [5, 'not_enrolled'], 'who had it before has to say so');
    assert.match(again.error.next, /animus person enroll/);
    assert.equal((await sandbox.animus(['person', 'enroll'])).code, 0);
    assert.equal((await sandbox.animus(['trust'])).code, 0);
  });

  it('says what to do about a key file that is none', async () => {
    writeFileSync(path.join(sandbox.home, 'person.key'), 'hello');
    const result = await sandbox.animus(['trust']);
    assert.equal(result.code, 2);
    assert.match(result.stderr, /person\.key, cannot be used: it is no Ed25519 key.*\n {2}Delete the file/);
  });
});
