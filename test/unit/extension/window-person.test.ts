/** The person's key of VS Code: made, shared by its windows, shown to hosts, and let in by others. */
import assert from 'node:assert/strict';
import type { HostClient } from '../../../src/client/host-client.ts';
import type { Secrets } from '../../../src/extension/host/api-key.ts';
import { greet } from '../../../src/extension/host/greet.ts';
import { PERSON_KEY, WindowPerson } from '../../../src/extension/host/window-person.ts';
import type { ApiContext, Session } from '../../../src/host/api/context.ts';
import { personHandlers } from '../../../src/host/api/handlers/person.ts';
import { Invitations } from '../../../src/host/api/invitations.ts';
import { PersonProof } from '../../../src/host/api/person-proof.ts';
import { personKeysOf, removePersonKey } from '../../../src/host/store/person/person-keys.ts';
import { AnimusError } from '../../../src/protocol/errors.ts';
import { type Method, REQUESTS } from '../../../src/protocol/requests.ts';
import { OPENING_LIMIT_MS } from '../../support/engine-database.ts';
import { openBench } from '../../support/engine-focus.ts';

class MemorySecrets implements Secrets {
  #values = new Map<string, string>();
  /** Each comes a little later, as from another process. */
  async get(name: string) {
    await undefined;
    return this.#values.get(name);
  }
  async store(name: string, value: string) {
    this.#values.set(name, value);
  }
  async delete(name: string) {
    this.#values.delete(name);
  }
}

describe("a window's person", function () {
  this.timeout(OPENING_LIMIT_MS);

  async function openHost() {
    const { db, place } = await openBench();
    const context = { database: async () => db, place, invitations: new Invitations() } as unknown as ApiContext;
    const asked: string[] = [];
    /** A window's connection; `isOf` is false in one that nobody can be held to. */
    const connect = (isOf = true): HostClient => {
      const person = new PersonProof();
      const session = { client: { kind: 'vscode' }, isOf: () => isOf, person } as unknown as Session;
      const request = async (method: Method, params: unknown) => {
        asked.push(method);
        if (method === 'trust/show') return { folder: '/w', trusted: false };
        if (method === 'trust/grant') return {};
        const handler = personHandlers[method as keyof typeof personHandlers];
        return handler(context, REQUESTS[method].params.parse(params) as never, session);
      };
      return { host: { challenge: person.challenge }, request } as unknown as HostClient;
    };
    const code = async (window: WindowPerson, client = connect()) => {
      await window.introduce(client);
      return (await client.request('person/invite', { pid: process.pid })).code;
    };
    return {
      connect,
      code,
      asked,
      keys: () => personKeysOf(db, place),
      remove: (id: string) => removePersonKey(db, id),
    };
  }

  const windowOf = (secrets: Secrets) => new WindowPerson({ secrets, name: 'Code', pid: process.pid });

  it('is enrolled by itself where nobody is, and with the same key ever after', async () => {
    const { connect, keys } = await openHost();
    const secrets = new MemorySecrets();
    assert.equal(await windowOf(secrets).introduce(connect()), 'enrolled');
    assert.match((await secrets.get(PERSON_KEY)) ?? '', /PRIVATE KEY/);
    assert.equal(await windowOf(secrets).introduce(connect()), 'enrolled');
    assert.deepEqual(
      (await keys()).map(({ kind, name }) => [kind, name]),
      [['vscode', 'Code']],
    );
    const other = await openHost();
    assert.equal(await windowOf(secrets).introduce(other.connect()), 'enrolled', 'another store knows the same key');
    assert.equal((await other.keys())[0]?.publicKey, (await keys())[0]?.publicKey);
  });

  it('is one where several windows come first at once', async () => {
    const { connect, keys } = await openHost();
    const secrets = new MemorySecrets();
    const standings = await Promise.all(Array.from({ length: 4 }, () => windowOf(secrets).introduce(connect())));
    assert.deepEqual(standings, ['enrolled', 'enrolled', 'enrolled', 'enrolled']);
    assert.equal((await keys()).length, 1);
    assert.equal(await windowOf(secrets).introduce(connect()), 'enrolled', 'what is stored is what was enrolled');
  });

  it('[S20] is a stranger where others decide, until it has a code', async () => {
    const { connect, code, keys } = await openHost();
    const [mine, theirs] = [new MemorySecrets(), new MemorySecrets()];
    const invitation = await code(windowOf(theirs));
    const [window, client] = [windowOf(mine), connect()];
    assert.equal(await window.introduce(client), 'stranger');
    assert.equal(await mine.get(PERSON_KEY), undefined);
    const refused = (error: unknown) => error instanceof AnimusError && error.kind === 'not_enrolled';
    await assert.rejects(window.enroll(client, undefined), refused);
    await assert.rejects(window.enroll(client, 'ABCD-2345'), refused);
    assert.equal(await mine.get(PERSON_KEY), undefined, 'a key that nobody let in is not kept');
    await window.enroll(client, invitation);
    assert.equal(await windowOf(mine).introduce(connect()), 'enrolled');
    assert.equal((await keys()).length, 2);
  });

  it('is not enrolled again by itself after somebody took that back', async () => {
    const { connect, code, keys, remove } = await openHost();
    const secrets = new MemorySecrets();
    await windowOf(secrets).introduce(connect());
    for (const { id } of await keys()) await remove(id);
    assert.equal(await windowOf(secrets).introduce(connect()), 'removed');
    assert.deepEqual(await keys(), []);
    await windowOf(secrets).enroll(connect(), undefined);
    assert.equal(await windowOf(secrets).introduce(connect()), 'enrolled');
    await code(windowOf(secrets));
  });

  it('brings trust along where it counts, and says where it does not', async () => {
    const { connect, asked, keys } = await openHost();
    const told: string[] = [];
    const hello = (secrets: Secrets, client: HostClient) =>
      greet(client, {
        ...{ secrets, person: windowOf(secrets), env: {}, folder: '/w', providers: [], pid: process.pid },
        onStranger: (standing) => told.push(standing),
        log: (_, message) => told.push(message),
      });
    await hello(new MemorySecrets(), connect());
    assert.deepEqual([told, asked.at(-1)], [[], 'trust/grant']);
    asked.length = 0;
    await hello(new MemorySecrets(), connect());
    assert.deepEqual([told, asked.includes('trust/grant')], [['stranger'], false]);
    const empty = await openHost();
    await hello(new MemorySecrets(), empty.connect(false));
    assert.match(told[1] ?? '', /does not belong to process/);
    assert.deepEqual(await empty.keys(), [], 'what nobody can be held to is enrolled nowhere');
    assert.equal((await keys()).length, 1);
  });
});
