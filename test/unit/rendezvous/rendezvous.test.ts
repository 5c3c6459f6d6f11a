import assert from 'node:assert/strict';
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  realpathSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { homedir, tmpdir } from 'node:os';
import path from 'node:path';
import { compareVersions, readBuildInfo } from '../../../src/rendezvous/build-info.ts';
import { shortId, uuidv7 } from '../../../src/rendezvous/ids.ts';
import { proof, proofHolds, randomHex } from '../../../src/rendezvous/proof.ts';
import {
  type HostFile,
  readHostFile,
  readStoreFile,
  removeHostFile,
  takeStartFailure,
  writeHostFile,
  writeStartFailure,
  writeStoreFile,
} from '../../../src/rendezvous/store-files.ts';
import { animusHome, findWorkspace, storeFolder } from '../../../src/rendezvous/store-folder.ts';

const HOST: HostFile = {
  instance_id: uuidv7(),
  store_id: uuidv7(),
  pid: 4711,
  host_name: 'here',
  pid_namespace: 'pid:[1]',
  socket: '/tmp/x.sock',
  version: '0.1.0',
  build: 'source',
  token: 'ab'.repeat(32),
  started_at: new Date(0).toISOString(),
};

let root: string;
beforeEach(() => {
  root = realpathSync(mkdtempSync(path.join(tmpdir(), 'animus-rendezvous-')));
});
afterEach(() => rmSync(root, { recursive: true, force: true }));

const folder = (name: string) => {
  const made = path.join(root, name);
  mkdirSync(made, { recursive: true });
  return made;
};

describe('the store of a workspace', () => {
  it('is one, by whatever way its folder is named', () => {
    const home = folder('home');
    const project = folder('somewhere/project');
    symlinkSync(project, path.join(root, 'link'));
    symlinkSync(path.join(root, 'somewhere'), path.join(root, 'outer'));
    const store = storeFolder(home, project);
    for (const way of ['link', 'outer/project', 'somewhere/../somewhere/project/', 'outer/../link/.']) {
      assert.equal(storeFolder(home, path.join(root, way)), store);
    }
    assert.equal(path.dirname(store), path.join(home, 'stores'));
    assert.match(path.basename(store), /^project-[0-9a-f]{8}$/);
  });

  it('is another for another folder of the same name', () => {
    const home = folder('home');
    assert.notEqual(storeFolder(home, folder('a/project')), storeFolder(home, folder('b/project')));
  });

  it('[S10] has a name that every file system takes', () => {
    const home = folder('home');
    for (const name of ['with space', 'ümläut', '..dots', 'a\nb', '\u202eevil', 'x'.repeat(200), '-rf', '$(id)']) {
      const store = storeFolder(home, folder(name));
      assert.match(path.basename(store), /^[A-Za-z0-9._-]{1,40}-[0-9a-f]{8}$/);
      assert.equal(path.dirname(store), path.join(home, 'stores'));
    }
    assert.match(path.basename(storeFolder(home, '/')), /^root-[0-9a-f]{8}$/);
  });

  it('fails for a folder that does not exist', () => {
    assert.throws(() => storeFolder(folder('home'), path.join(root, 'absent')), { code: 'ENOENT' });
  });

  it('lies in $ANIMUS_HOME, else in the home folder', () => {
    assert.equal(animusHome({ ANIMUS_HOME: '/srv/animus' }), '/srv/animus');
    assert.equal(animusHome({ ANIMUS_HOME: 'here' }), path.resolve('here'));
    for (const env of [{}, { ANIMUS_HOME: '' }]) assert.equal(animusHome(env), path.join(homedir(), '.animus'));
  });
});

describe('the workspace of a command', () => {
  const home = () => folder('home');
  const known = (workspace: string) => {
    const store = storeFolder(home(), workspace);
    mkdirSync(store, { recursive: true });
    writeStoreFile(store, { store_id: uuidv7(), folders: [workspace], postgres_major: 18 });
  };

  it('is the nearest folder above that has a store', () => {
    const deep = folder('outer/inner/src/deep');
    folder('outer/inner/src/.git');
    known(path.join(root, 'outer'));
    assert.equal(findWorkspace(home(), deep), path.join(root, 'outer'));
    known(path.join(root, 'outer/inner'));
    assert.equal(findWorkspace(home(), deep), path.join(root, 'outer/inner'));
  });

  it('is the root of the repository where there is no store, also of a worktree', () => {
    const deep = folder('project/src/deep');
    folder('project/.git');
    assert.equal(findWorkspace(home(), deep), path.join(root, 'project'));
    const tree = folder('worktree/src');
    writeFileSync(path.join(root, 'worktree/.git'), 'gitdir: elsewhere');
    assert.equal(findWorkspace(home(), tree), path.join(root, 'worktree'));
  });

  it('is the folder itself where there is neither, by its real path', () => {
    const plain = folder('plain/src');
    symlinkSync(plain, path.join(root, 'link'));
    assert.equal(findWorkspace(home(), path.join(root, 'link')), plain);
  });

  it('is not one whose store folder has no store yet', () => {
    const deep = folder('outer/inner');
    mkdirSync(storeFolder(home(), path.join(root, 'outer')), { recursive: true });
    assert.equal(findWorkspace(home(), deep), deep);
  });
});

describe('the files of a store', () => {
  it('come back as they were written, for their owner only, and leave nothing beside them', () => {
    const store = folder('store');
    writeHostFile(store, HOST);
    assert.deepEqual(readHostFile(store), { kind: 'read', value: HOST });
    writeHostFile(store, { ...HOST, pid: 4712 });
    const again = readHostFile(store);
    assert.equal(again.kind === 'read' && again.value.pid, 4712);
    assert.deepEqual(readdirSync(store), ['host.json']);
    assert.equal(statSync(path.join(store, 'host.json')).mode & 0o777, 0o600);
    removeHostFile(store);
    removeHostFile(store);
    assert.deepEqual(readHostFile(store), { kind: 'absent' });
  });

  it('are absent or broken as data', () => {
    const store = folder('store');
    assert.deepEqual(readStoreFile(store), { kind: 'absent' });
    assert.deepEqual(readStoreFile(path.join(root, 'no-folder')), { kind: 'absent' });
    for (const [text, reason] of [
      ['', /is not JSON/],
      ['{"store_id": ', /is not JSON/],
      ['null', /expected object/],
      ['{}', /store_id/],
      [JSON.stringify({ store_id: 'x', folders: ['/a'], postgres_major: 18 }), /Invalid UUID/],
      [JSON.stringify({ store_id: uuidv7(), folders: [], postgres_major: 18 }), /folders/],
    ] as const) {
      writeFileSync(path.join(store, 'store.json'), text);
      const read = readStoreFile(store);
      assert.ok(read.kind === 'broken');
      assert.match(read.reason, reason);
      assert.ok(read.reason.startsWith(path.join(store, 'store.json')));
    }
  });

  it('[S14] of a host that could not be one are broken', () => {
    const store = folder('store');
    for (const change of [
      { pid: 1 },
      { pid: -1 },
      { pid: 0 },
      { pid: 1.5 },
      { token: 'short' },
      { started_at: 'now' },
    ]) {
      writeFileSync(path.join(store, 'host.json'), JSON.stringify({ ...HOST, ...change }));
      assert.equal(readHostFile(store).kind, 'broken', JSON.stringify(change));
    }
  });

  it('tell once why a host did not start', () => {
    const store = folder('store');
    const failure = { kind: 'store_newer', message: 'newer', next: 'update' };
    writeStartFailure(store, 'abc', failure);
    assert.equal(takeStartFailure(store, 'other'), undefined);
    assert.deepEqual(takeStartFailure(store, 'abc'), failure);
    assert.equal(takeStartFailure(store, 'abc'), undefined);
    assert.deepEqual(readdirSync(store), []);
    writeFileSync(path.join(store, 'start-bad.json'), '{');
    assert.equal(takeStartFailure(store, 'bad'), undefined);
    assert.ok(!existsSync(path.join(store, 'start-bad.json')));
  });
});

describe('the proof of a connection', () => {
  const nonces = { client: randomHex(), server: randomHex() };

  it('[S14] holds for who has the token, this side, and these nonces, and for nobody else', () => {
    const token = randomHex();
    const given = proof(token, 'host', nonces);
    assert.match(given, /^[0-9a-f]{64}$/);
    assert.ok(proofHolds(proof(token, 'host', nonces), given));
    for (const other of [
      proof(randomHex(), 'host', nonces),
      proof(token, 'client', nonces),
      proof(token, 'host', { ...nonces, server: randomHex() }),
      proof(token, 'host', { ...nonces, client: randomHex() }),
      proof(token, 'host', { client: nonces.server, server: nonces.client }),
      '',
      given.slice(1),
      `${given}0`,
      'ü'.repeat(32),
    ]) {
      assert.equal(proofHolds(given, other), false);
    }
  });

  it('is made with 32 fresh random bytes', () => {
    const made = new Set(Array.from({ length: 100 }, randomHex));
    assert.equal(made.size, 100);
    for (const hex of made) assert.match(hex, /^[0-9a-f]{64}$/);
  });
});

describe('ids', () => {
  it('are version 7 and sort by the time of their making', () => {
    const ids = [1, 2, 1_700_000_000_000, 2 ** 47].map((time) => uuidv7(time));
    assert.deepEqual(ids.toSorted(), ids);
    for (const id of ids) assert.match(id, /^[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/);
    assert.ok(ids[2]?.startsWith('018bcfe5-6800-7'));
    assert.equal(new Set(Array.from({ length: 1000 }, () => uuidv7(5))).size, 1000);
    const atOnce = Array.from({ length: 20_000 }, () => uuidv7());
    assert.deepEqual(atOnce.toSorted(), atOnce);
  });

  it('are short by their last eight digits', () => {
    assert.equal(shortId('018bcfe5-6800-7000-8000-0123456789ab'), '456789ab');
  });
});

describe('versions', () => {
  it('are compared by their three numbers', () => {
    const rising = ['0', '0.0.1', '0.9.0', '0.10', '0.10.1', '1.0.0', '1.2.3', '10.0.0'];
    for (const [at, a] of rising.entries()) {
      for (const [other, b] of rising.entries())
        assert.equal(compareVersions(a, b), Math.sign(at - other), `${a} ${b}`);
    }
    assert.equal(compareVersions('1.2.3-beta.1', '1.2.3'), 0);
    assert.equal(compareVersions('1.2', '1.2.0'), 0);
    assert.equal(compareVersions('garbage', '0.0.0'), 0);
  });

  it('of a build are read from beside it, and sources are a build of their own', () => {
    assert.deepEqual(readBuildInfo(folder('sources')), { version: '0.0.0', build: 'source' });
    const bundle = folder('bundle');
    writeFileSync(path.join(bundle, 'build.json'), '{"version": "1.2.3", "build": "abcdef"}');
    assert.deepEqual(readBuildInfo(bundle), { version: '1.2.3', build: 'abcdef' });
  });
});
