/** The person's key of VS Code: made, shared by its windows, shown to hosts, let in by others, and lost. */
import assert from 'node:assert/strict';
import type { HostClient } from '../../../src/client/host-client.ts';
import type { Secrets } from '../../../src/extension/host/api-key.ts';
import { greet, lookAgain } from '../../../src/extension/host/greet.ts';
import { personKeyName, WindowPerson } from '../../../src/extension/host/window-person.ts';
import type { ApiContext, Session } from '../../../src/host/api/context.ts';
import { personHandlers } from '../../../src/host/api/handlers/person.ts';
import { PersonProof } from '../../../src/host/api/person-proof.ts';
import { personKeysOf, removePersonKey } from '../../../src/host/store/person/person-keys.ts';
import { AnimusError } from '../../../src/protocol/errors.ts';
import { type Method, REQUESTS } from '../../../src/protocol/requests.ts';
import { uuidv7 } from '../../../src/rendezvous/ids.ts';
import { OPENING_LIMIT_MS } from '../../support/engine-database.ts';
import { openBench } from '../../support/engine-focus.ts';

/** Of one VS Code: all its windows see the same, each a little later. */
class Editor implements Secrets {
  values = new Map<string, string>();
  remembered = new Map<string, unknown>();
  #listeners: ((name: string) => Promise<void>)[] = [];
  memory = {
    get: (name: string) => this.remembered.get(name),
    update: async (name: string, value: unknown) => void this.remembered.set(name, value),
  };
  async get(name: string) {
    await undefined;
    return this.values.get(name);
  }
  async store(name: string, value: string) {
    await undefined;
    this.values.set(name, value);
    for (const hear of this.#listeners) await hear(name);
  }
  async delete(name: string) {
    this.values.delete(name);
  }
  onDidChange(hear: (name: string) => Promise<void>) {
    this.#listeners.push(hear);
  }
}

async function openHost() {
  const { db, place } = await openBench();
  const context = { database: async () => db, place } as unknown as ApiContext;
  const asked: string[] = [];
  const storeId = uuidv7();
  let lost = 0;
  let locked = false;
  /** A window's connection; `isOf` is false in one that nobody can be held to. */
  const connect = (isOf = true): HostClient => {
    const person = new PersonProof();
    const session = { client: { kind: 'vscode' }, isOf: () => isOf, person } as unknown as Session;
    const request = async (method: Method, params: unknown) => {
      asked.push(method);
      if (method === 'trust/show') return { folder: '/w', trusted: false };
      if (method === 'trust/grant') return {};
      const handler = personHandlers[method as keyof typeof personHandlers];
      const answer = await handler(context, REQUESTS[method].params.parse(params) as never, session);
      if (method !== 'person/enroll' || lost === 0) return answer;
      lost -= 1;
      throw new Error('The answer was lost, by the test.');
    };
    return { host: { challenge: person.challenge, store_id: storeId }, request } as unknown as HostClient;
  };
  const windowOf = (editor: Editor) =>
    new WindowPerson({
      ...{ secrets: editor, memory: editor.memory, name: 'Code', pid: process.pid },
      tryLock: () => {
        if (locked) return undefined;
        locked = true;
        return { release: () => (locked = false) };
      },
    });
  return {
    ...{ connect, asked, windowOf },
    name: personKeyName(storeId),
    loseAnswers: (count: number) => (lost = count),
    introduce: (editor: Editor, client = connect()) => windowOf(editor).introduce(client),
    async code(editor: Editor) {
      const client = connect();
      await windowOf(editor).introduce(client);
      return (await client.request('person/invite', { pid: process.pid })).code;
    },
    keys: () => personKeysOf(db, place),
    async removeAll() {
      for (const { id } of await personKeysOf(db, place)) await removePersonKey(db, id);
    },
    mayInvite: (client: HostClient) => client.request('person/invite', { pid: process.pid }),
  };
}

const refused = (error: unknown) => error instanceof AnimusError && error.kind === 'not_enrolled';

describe("a window's person", function () {
  this.timeout(OPENING_LIMIT_MS);

  it('is enrolled by itself where nobody is, and with the same key ever after', async () => {
    const { introduce, keys, name } = await openHost();
    const editor = new Editor();
    assert.equal(await introduce(editor), 'enrolled');
    assert.match(editor.values.get(name) ?? '', /PRIVATE KEY/);
    assert.equal(await introduce(editor), 'enrolled');
    assert.deepEqual(
      (await keys()).map(({ kind, name: called }) => [kind, called]),
      [['vscode', 'Code']],
    );
  });

  it('is one where several windows come first at once, and they all may decide', async () => {
    const { connect, introduce, keys, mayInvite } = await openHost();
    const editor = new Editor();
    const clients = Array.from({ length: 4 }, () => connect());
    const standings = await Promise.all(clients.map((client) => introduce(editor, client)));
    assert.deepEqual(standings, ['enrolled', 'enrolled', 'enrolled', 'enrolled']);
    assert.equal((await keys()).length, 1);
    for (const client of clients) await mayInvite(client);
    assert.equal(await introduce(editor), 'enrolled', 'what is stored is what was enrolled');
  });

  it('is one for each store, where windows on two come first at once', async () => {
    const hosts = [await openHost(), await openHost()] as const;
    const editor = new Editor();
    const clients = hosts.map(({ connect }) => connect());
    const windows = hosts.map(({ windowOf }) => windowOf(editor));
    for (const [at, window] of windows.entries()) {
      editor.onDidChange(async () => window.introduceAgain(clients[at] as HostClient));
    }
    const standings = await Promise.all(windows.map((window, at) => window.introduce(clients[at] as HostClient)));
    assert.deepEqual(standings, ['enrolled', 'enrolled']);
    for (const [at, host] of hosts.entries()) {
      await host.mayInvite(clients[at] as HostClient);
      assert.equal(await host.introduce(editor), 'enrolled', 'also when it is loaded anew');
    }
  });

  it('loses nothing where it cannot store its key, or is not told that it was enrolled', async () => {
    const { introduce, keys, loseAnswers, name } = await openHost();
    const editor = new Editor();
    const { store } = editor;
    editor.store = async () => {
      throw new Error('The keyring is locked.');
    };
    await assert.rejects(introduce(editor), /keyring is locked/);
    editor.store = async () => undefined;
    await assert.rejects(introduce(editor), /did not keep the key.*Nobody was enrolled/);
    assert.deepEqual(await keys(), []);
    editor.store = store.bind(editor);
    loseAnswers(1);
    await assert.rejects(introduce(editor), /answer was lost/);
    assert.equal((await keys()).length, 1);
    assert.ok(editor.values.get(name));
    assert.equal(await introduce(editor), 'enrolled');
    assert.equal((await keys()).length, 1);
  });

  it('[S20] is a stranger where others decide, until it has a code', async () => {
    const { connect, code, keys, introduce, windowOf, loseAnswers } = await openHost();
    const [mine, theirs] = [new Editor(), new Editor()];
    const invitation = await code(theirs);
    const [window, client] = [windowOf(mine), connect()];
    assert.equal(await window.introduce(client), 'stranger');
    assert.equal(mine.values.size, 0);
    await assert.rejects(window.enroll(client, undefined), refused);
    await assert.rejects(window.enroll(client, 'ABCD-2345'), refused);
    loseAnswers(1);
    await assert.rejects(window.enroll(client, invitation), /answer was lost/);
    await window.enroll(client, invitation);
    assert.equal(await introduce(mine), 'enrolled');
    assert.equal((await keys()).length, 2);
  });

  it('is a stranger with its key, where somebody else was first', async () => {
    const { code, introduce, name } = await openHost();
    const mine = new Editor();
    await code(new Editor());
    const elsewhere = await openHost();
    await elsewhere.introduce(mine);
    mine.values.set(name, mine.values.get(elsewhere.name) ?? '');
    assert.equal(await introduce(mine), 'stranger');
  });

  it('says that its key is lost where its secret storage has forgotten it, and comes in again', async () => {
    const { connect, introduce, windowOf, removeAll } = await openHost();
    const editor = new Editor();
    await introduce(editor);
    editor.values.clear();
    assert.equal(await introduce(editor), 'lost');
    assert.equal(await windowOf(editor).look(connect()), 'lost');
    await removeAll();
    assert.equal(await introduce(editor), 'enrolled', 'after starting over');
  });

  it('is not enrolled again by itself after somebody took that back', async () => {
    const { connect, code, keys, introduce, windowOf, removeAll } = await openHost();
    const editor = new Editor();
    await introduce(editor);
    await removeAll();
    assert.equal(await introduce(editor), 'removed');
    assert.equal(await windowOf(editor).look(connect()), 'removed');
    assert.deepEqual(await keys(), []);
    await windowOf(editor).enroll(connect(), undefined);
    assert.equal(await introduce(editor), 'enrolled');
    await code(editor);
  });

  it('brings trust along where it counts, and says where it does not, and who decides there', async () => {
    const { connect, asked, keys, windowOf, removeAll } = await openHost();
    const told: unknown[] = [];
    const greetingOf = (editor: Editor) => ({
      ...{ secrets: editor, person: windowOf(editor), env: {}, folder: '/w', providers: [], pid: process.pid },
      onStranger: (standing: string, list: readonly { name: string }[]) =>
        void told.push([standing, ...list.map(({ name }) => name)]),
      log: (_: string, message: string) => void told.push(message),
    });
    const [first, second] = [new Editor(), new Editor()];
    const client = connect();
    await greet(client, greetingOf(first));
    assert.deepEqual([told, asked.at(-1)], [[], 'trust/grant']);
    asked.length = 0;
    await greet(connect(), greetingOf(second));
    assert.deepEqual([told, asked.includes('trust/grant')], [[['stranger', 'Code']], false]);
    await lookAgain(client, greetingOf(first));
    assert.equal(told.length, 1);
    await removeAll();
    await lookAgain(client, greetingOf(first));
    assert.deepEqual(told[1], ['removed']);
    const empty = await openHost();
    await greet(empty.connect(false), { ...greetingOf(new Editor()), person: empty.windowOf(new Editor()) });
    assert.match(String(told[2]), /does not belong to process/);
    assert.deepEqual([await empty.keys(), await keys()], [[], []], 'what nobody can be held to is enrolled nowhere');
  });
});
