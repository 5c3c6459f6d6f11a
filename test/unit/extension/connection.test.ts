import assert from 'node:assert/strict';
import { setTimeout as sleep } from 'node:timers/promises';
import { HostGone } from '../../../src/client/host-client.ts';
import { HostConnection } from '../../../src/extension/host/connection.ts';
import { viewStateOf } from '../../../src/extension/host/host-state.ts';
import { AnimusError } from '../../../src/protocol/errors.ts';
import { FakeHost } from '../../support/vscode-fakes.ts';

type Setup = { isTrusted?: boolean; find?: () => Promise<FakeHost>; isRunning?: () => Promise<boolean> };

describe("a window's connection", () => {
  const open: HostConnection[] = [];
  afterEach(async () => {
    for (const connection of open.splice(0)) await connection.dispose();
  });

  function connect(setup: Setup = {}) {
    const hosts: FakeHost[] = [];
    const states: string[] = [];
    const world = { isTrusted: setup.isTrusted ?? true, isRunning: false };
    const connection = new HostConnection({
      isTrusted: () => world.isTrusted,
      findOrStart: async () => {
        const host = setup.find ? await setup.find() : new FakeHost();
        hosts.push(host);
        return host.client;
      },
      isRunning: setup.isRunning ?? (async () => world.isRunning),
      greet: async () => undefined,
      log: () => undefined,
    });
    connection.onStateChange(({ kind }) => states.push(kind));
    open.push(connection);
    return { connection, hosts, states, world };
  }

  async function until(look: () => boolean): Promise<void> {
    for (let tries = 0; !look(); tries += 1) {
      assert.ok(tries < 400, 'it did not come to it');
      await sleep(10);
    }
  }

  it('starts nothing before somebody looks', async () => {
    const { connection, hosts } = connect();
    await sleep(20);
    assert.equal(connection.state.kind, 'idle');
    assert.equal(hosts.length, 0);
    connection.hold();
    await until(() => connection.state.kind === 'ready');
    assert.equal(hosts.length, 1);
  });

  it('[S7] starts nothing in a folder that is not trusted, and goes on when it is', async () => {
    const { connection, hosts, world } = connect({ isTrusted: false });
    connection.hold();
    await assert.rejects(connection.start(), /Restricted Mode/);
    assert.equal(connection.state.kind, 'untrusted');
    assert.equal(hosts.length, 0);
    world.isTrusted = true;
    connection.reconsider();
    await until(() => connection.state.kind === 'ready');
  });

  it('starts one host for many that ask at once', async () => {
    const { connection, hosts } = connect();
    const clients = await Promise.all([connection.start(), connection.start(), connection.start()]);
    assert.equal(new Set(clients).size, 1);
    assert.equal(hosts.length, 1);
  });

  it('brings a host back that ended without a word, also where nobody looks', async () => {
    const { connection, hosts, states } = connect();
    await connection.start();
    await hosts[0]?.close();
    await until(() => hosts.length === 2 && connection.state.kind === 'ready');
    assert.deepEqual(states, ['starting', 'ready', 'down', 'starting', 'ready']);
  });

  it('says that the host ended until another has answered', async () => {
    const { connection, hosts } = connect();
    const messages: string[] = [];
    connection.onStateChange((state) => messages.push(viewStateOf(state).message));
    await connection.start();
    await hosts[0]?.close();
    await until(() => hosts.length === 2 && connection.state.kind === 'ready');
    const [first, ready, , again] = messages;
    assert.deepEqual([first, ready], ['Starting Animus …', '']);
    assert.match(again ?? '', /ended unexpectedly and is being started again/);
  });

  it('brings a host that keeps dying back ever more seldom', async () => {
    const { connection, hosts } = connect();
    await connection.start();
    await hosts[0]?.close();
    await until(() => hosts.length === 2 && connection.state.kind === 'ready');
    const diedAt = Date.now();
    await hosts[1]?.close();
    await until(() => hosts.length === 3);
    assert.ok(Date.now() - diedAt >= 450);
  });

  it('leaves a host alone that was stopped on purpose, until another runs or somebody starts one', async () => {
    const { connection, hosts, world } = connect();
    connection.hold();
    await until(() => connection.state.kind === 'ready');
    hosts[0]?.notify('host/changed', { state: 'draining' });
    await hosts[0]?.close();
    await until(() => connection.state.kind === 'down');
    await sleep(1300);
    assert.equal(hosts.length, 1);
    world.isRunning = true;
    await until(() => connection.state.kind === 'ready');
    assert.equal(hosts.length, 2);
  });

  it('restarts: the old host drains, then another is found', async () => {
    const { connection, hosts, states } = connect();
    await connection.start();
    const [first] = hosts;
    assert.ok(first);
    first.answers['host/drain'] = () => {
      void first.close();
      return { running: 0 };
    };
    await connection.restart();
    assert.equal(connection.state.kind, 'ready');
    assert.equal(hosts.length, 2);
    assert.ok(!states.includes('down'));
  });

  it('says what the host said when it could not start, and does not try again what only a person can mend', async () => {
    let tries = 0;
    const find = async () => {
      tries += 1;
      throw new AnimusError('bad_config', 'config.toml:3: modell: there is no such key', 'Correct config.toml.');
    };
    const { connection } = connect({ find });
    connection.hold();
    await until(() => connection.state.kind === 'failed');
    assert.deepEqual(viewStateOf(connection.state), {
      kind: 'failed',
      message: 'config.toml:3: modell: there is no such key. Correct config.toml.',
      actions: [
        { command: 'startHost', title: 'Try Again' },
        { command: 'showLogs', title: 'Show Logs' },
      ],
    });
    await sleep(700);
    assert.equal(tries, 1);
  });

  it('tries again what passes by itself while somebody looks, with the reason in sight', async () => {
    let tries = 0;
    const find = async () => {
      tries += 1;
      if (tries < 3) throw new AnimusError('store_unavailable', 'The database does not answer.', 'Start it.');
      return new FakeHost();
    };
    const { connection, states } = connect({ find });
    connection.hold();
    await until(() => connection.state.kind === 'ready');
    assert.deepEqual(states, ['starting', 'failed', 'failed', 'ready']);
  });

  it('finds the next host where the one it met was leaving', async () => {
    let tries = 0;
    const find = async () => {
      tries += 1;
      if (tries === 1) throw new HostGone('it left');
      return new FakeHost();
    };
    const { connection } = connect({ find });
    await connection.start();
    assert.equal(connection.state.kind, 'ready');
  });

  it('asks the next host what one that died did not answer', async () => {
    const { connection, hosts } = connect({
      find: async () => {
        const host = new FakeHost();
        host.answers['trust/show'] = () => {
          if (hosts.length > 1) return { folder: '/x', trusted: true };
          void host.close();
          throw new HostGone('it died');
        };
        return host;
      },
    });
    const shown = await connection.request('trust/show', {});
    assert.equal(shown.trusted, true);
    assert.equal(hosts.length, 2);
  });

  it('passes notifications of the present host on, and none of one that is gone', async () => {
    const { connection, hosts } = connect();
    const heard: string[] = [];
    connection.onHeard(({ name }) => heard.push(name));
    await connection.start();
    hosts[0]?.notify('store/reset', {});
    await hosts[0]?.close();
    await until(() => hosts.length === 2 && connection.state.kind === 'ready');
    hosts[0]?.notify('store/reset', {});
    hosts[1]?.notify('store/reset', {});
    assert.deepEqual(heard, ['store/reset', 'store/reset']);
  });
});
