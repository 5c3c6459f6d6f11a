import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { chmodSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { connect, createServer, type Socket } from 'node:net';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { HostClient } from '../../src/client/host-client.ts';
import { obtainTerminalKey } from '../../src/host/cli/person-key-file.ts';
import { PROTOCOL_VERSION } from '../../src/protocol/versions.ts';
import type { HostFile } from '../../src/rendezvous/store-files.ts';
import { writeHostFile } from '../../src/rendezvous/store-files.ts';
import { CliSandbox, isAlive } from '../support/cli-sandbox.ts';
import { decideWith } from '../support/person.ts';

describe('[S14] the socket', () => {
  let sandbox: CliSandbox;
  let host: HostFile;

  beforeEach(async () => {
    sandbox = new CliSandbox();
    await sandbox.animus(['trust']);
    const file = sandbox.hostFile();
    assert.ok(file);
    host = file;
  });
  afterEach(() => sandbox.remove());

  const open = async (): Promise<Socket> => {
    const socket = connect(host.socket);
    await once(socket, 'connect');
    return socket;
  };
  const ended = async (socket: Socket) => {
    socket.on('error', () => socket.destroy()); // a reset is an end too
    socket.resume();
    if (!socket.closed) await once(socket, 'close');
  };
  const identity = () => ({
    kind: 'cli' as const,
    build: { version: '0.1.0', build: 'test' },
    folder: sandbox.workspace,
    database: 'embedded',
    home: sandbox.home,
  });

  it('and the files beside it are the owner’s alone', () => {
    assert.equal(statSync(host.socket).mode & 0o777, 0o600);
    assert.equal(statSync(path.join(sandbox.store, 'host.json')).mode & 0o777, 0o600);
    assert.equal(statSync(sandbox.store).mode & 0o777, 0o700);
  });

  it('answers nothing before the proof', async () => {
    const client = new HostClient(await open());
    await assert.rejects(client.request('work/list', {}), /has not proven itself/);
    await assert.rejects(client.request('host/drain', { reason: 'x' }), /has not proven itself/);
    await client.close();
  });

  it('refuses a wrong token, closes, and serves on', async () => {
    const client = new HostClient(await open());
    await assert.rejects(
      client.initialize({ ...host, token: '0'.repeat(64) }, identity()),
      /does not know the host's token/,
    );
    await client.close();
    // The same from a client that does not check the host's half.
    const raw = new HostClient(await open());
    await raw.request('hello', { client_nonce: 'a'.repeat(64) });
    const initialize = {
      client_proof: 'b'.repeat(64),
      protocol: PROTOCOL_VERSION,
      folder: '/',
      database: '',
      home: '',
    };
    const { kind, build } = identity();
    await assert.rejects(
      raw.request('initialize', { ...initialize, client: { kind, ...build } }),
      /token does not fit: the connection is closed/,
    );
    await raw.closed;
    assert.equal((await sandbox.json(['work', 'list'])).code, 0);
  });

  it('does not take a proof twice', async () => {
    const first = new HostClient(await open());
    await first.initialize(host, identity());
    await first.close();
    const raw = new HostClient(await open());
    const { client: _c, ...rest } = { client: 1, protocol: 1, folder: '/', database: '', home: '' };
    const { kind, build } = identity();
    await assert.rejects(
      raw.request('initialize', { ...rest, client_proof: 'c'.repeat(64), client: { kind, ...build } }),
      /token does not fit/,
      'without a hello of its own there is nothing to prove',
    );
    await raw.close();
  });

  it('disconnects garbage, a message without end, and one of more than 8 MiB', async () => {
    const garbage = await open();
    garbage.write('GET / HTTP/1.1\r\nHost: x\r\n\r\n');
    await ended(garbage);
    const huge = await open();
    huge.on('error', () => huge.destroy());
    huge.write(`Content-Length: ${64 * 1024 * 1024}\r\n\r\n`);
    const piece = Buffer.alloc(1024 * 1024, 'x');
    for (let sent = 0; sent < 64 && !huge.destroyed; sent += 1) {
      await new Promise((resolve) => huge.write(piece, resolve));
      await sleep(1);
    }
    await ended(huge);
    assert.ok(isAlive(host.pid));
    assert.equal((await sandbox.json(['work', 'list'])).code, 0);
  });

  it("[S8] may not do what is a person's in the name of another process", async function () {
    if (process.platform !== 'linux') this.skip();
    const client = await sandbox.connect();
    await decideWith(client, obtainTerminalKey(sandbox.home));
    const other = spawn('sleep', ['60']);
    await once(other, 'spawn');
    const asked = { pid: other.pid ?? 0 };
    await assert.rejects(
      client.request('work/resume_all', asked),
      /does not belong to process \d+.*Nothing was changed/,
    );
    // Whose file it is shows by who has it open, so that a second connection of the same process does not help another.
    const second = await sandbox.connect();
    await assert.rejects(second.request('work/resume_all', asked), /does not belong/);
    await client.request('work/resume_all', { pid: process.pid });
    other.kill();
    const files = () => readdirSync(path.join(sandbox.store, 'presence')).length;
    const before = files();
    await client.close();
    await second.close();
    for (let tries = 0; files() > before - 2 && tries < 100; tries += 1) await sleep(20);
    assert.equal(files(), before - 2, 'what showed it is gone with the connection');
  });

  it('of an impostor gets nothing of ours', async () => {
    await sandbox.animus(['host', 'stop']);
    const heard: Buffer[] = [];
    const address = path.join(sandbox.store, 'impostor.sock');
    const impostor = createServer((socket) => {
      socket.on('error', () => socket.destroy());
      const answer = JSON.stringify({
        jsonrpc: '2.0',
        id: 0,
        result: { server_nonce: 'd'.repeat(64), server_proof: 'e'.repeat(64), protocol: 1, oldest_protocol: 1 },
      });
      socket.on('data', (data) => {
        heard.push(data);
        if (heard.length === 1) socket.write(`Content-Length: ${answer.length}\r\n\r\n${answer}`);
      });
    });
    await new Promise<void>((resolve) => impostor.listen(address, resolve));
    try {
      writeHostFile(sandbox.store, { ...host, socket: address });
      const key = 'sk-ant-never-to-be-heard-0123';
      const result = await sandbox.animus(['status'], { env: { ANTHROPIC_API_KEY: key } });
      assert.equal(result.code, 3);
      assert.match(result.stderr, /does not know the host's token, so nothing was sent to it/);
      const said = Buffer.concat(heard).toString();
      assert.match(said, /"hello"/);
      assert.doesNotMatch(said, /initialize|sk-ant/);
    } finally {
      impostor.close();
    }
  });

  it('that a dead host left behind is no hindrance', async () => {
    await sandbox.killHost();
    assert.equal(readFileSync(path.join(sandbox.store, 'host.json'), 'utf8').includes(String(host.pid)), true);
    writeFileSync(path.join(sandbox.store, 'host-00000000.sock'), '');
    assert.equal((await sandbox.json(['work', 'list'])).code, 0);
    assert.notEqual(sandbox.hostFile()?.pid, host.pid);
  });

  it('goes to a short folder where its path would be too long', async () => {
    const deep = new CliSandbox({ XDG_RUNTIME_DIR: sandbox.home });
    const { home } = deep;
    try {
      const long = path.join(home, 'x'.repeat(60), 'y'.repeat(40));
      const result = await deep.json<{ host: { store_folder: string } }>(['status'], { env: { ANIMUS_HOME: long } });
      assert.equal(result.code, 0);
      const file = JSON.parse(readFileSync(path.join(result.host.store_folder, 'host.json'), 'utf8')) as HostFile;
      assert.ok(Buffer.byteLength(file.socket) <= 100);
      assert.equal(path.dirname(file.socket), path.join(sandbox.home, `animus-${process.getuid?.()}`));
      process.kill(file.pid, 'SIGKILL');
      // Somebody else could read what lies in an open folder: it is refused.
      chmodSync(path.dirname(file.socket), 0o755);
      const refused = await deep.animus(['status'], { env: { ANIMUS_HOME: long } });
      assert.equal(refused.code, 3);
      assert.match(refused.stderr, /not a private folder of yours/);
    } finally {
      await deep.remove();
    }
  });
});

describe('[S20] a command that an agent started', () => {
  it('may not trust a folder', async () => {
    const sandbox = new CliSandbox();
    try {
      const marker = '0190aaaa-0000-7000-8000-000000000000/run-1';
      const result = await sandbox.animus(['trust'], { env: { ANIMUS_RUN: marker } });
      assert.equal(result.code, 5);
      assert.match(result.stderr, /may not trust a folder/);
      const flag = await sandbox.animus(['work', 'submit', '--trust', 'x'], { env: { ANIMUS_RUN: marker } });
      assert.equal(flag.code, 5);
      // Nor may what it starts in turn, though that one's own environment is clean.
      const clean = `env -u ANIMUS_RUN ${process.execPath} ${path.resolve('dist/animus.mjs')} trust; exit $?`;
      const child = spawn('sh', ['-c', clean], {
        cwd: sandbox.workspace,
        env: { PATH: process.env.PATH, HOME: sandbox.home, ANIMUS_HOME: sandbox.home, ANIMUS_RUN: marker },
        stdio: 'ignore',
      });
      const [code] = await once(child, 'exit');
      assert.equal(code, 5);
      assert.equal((await sandbox.json<{ host: { trusted: boolean } }>(['status'])).host.trusted, false);
    } finally {
      await sandbox.remove();
    }
  });
});
