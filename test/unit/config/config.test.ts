import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { findAssets } from '../../../src/host/config/assets.ts';
import { loadConfig } from '../../../src/host/config/config.ts';
import { databaseLabel } from '../../../src/host/config/database-label.ts';
import { requireLocalFolder, unfitFileSystem } from '../../../src/host/config/network-folder.ts';
import { AnimusError } from '../../../src/protocol/errors.ts';

describe('the configuration', () => {
  let home: string;

  beforeEach(() => {
    home = mkdtempSync(path.join(tmpdir(), 'animus-config-'));
  });
  afterEach(() => rmSync(home, { recursive: true, force: true }));

  const file = () => path.join(home, 'config.toml');

  function load(text: string | undefined, env: Record<string, string> = {}) {
    if (text !== undefined) writeFileSync(file(), text);
    return loadConfig(home, env);
  }

  function refusal(text: string | undefined, env: Record<string, string> = {}): AnimusError {
    try {
      load(text, env);
    } catch (error) {
      assert.ok(error instanceof AnimusError);
      assert.equal(error.kind, 'bad_config');
      return error;
    }
    return assert.fail('it was taken');
  }

  it('has defaults for everything', () => {
    assert.deepEqual(load(undefined), {
      model: null,
      database: { url: null, schema: 'animus' },
      host: { idle_seconds: 600, max_concurrent: 4, place: null, headless: false },
      budget: { max_cost_usd_per_day: null },
      permissions: { when_headless: 'deny' },
      children: { max_depth: 5, max_per_focus: 32 },
      commands: { confine: 'auto' },
      web: { allow_private: [] },
      retention: { days: 90, max_mb: null },
      anthropic: { base_url: 'https://api.anthropic.com', api_version: '2023-06-01', auth_scheme: 'x-api-key' },
      openai: { base_url: 'https://api.openai.com/v1' },
      providers: {},
      prices: {},
      log: { level: 'info' },
    });
    assert.deepEqual(load(''), load('# nothing\n'));
  });

  it('takes private hosts that agents may fetch from, one by one', () => {
    const hosts = ['docs.corp', 'docs.corp:8443', 'LOCALHOST:3000', '10.1.2.3', '[fd00::1]:80'];
    const taken = (entries: readonly string[]) => load(`[web]\nallow_private = ${JSON.stringify(entries)}\n`);
    assert.deepEqual(taken(hosts).web, { allow_private: hosts });
    for (const entry of [
      '*',
      '*.corp',
      'http://docs.corp',
      'docs.corp/x',
      'a b',
      '',
      'fd00::1',
      'docs.corp:99999',
      'a@b',
    ]) {
      const { message } = refusal(`[web]\nallow_private = ["a", "${entry}"]\n`);
      assert.match(message, /config\.toml:2: web\.allow_private\.1: expected a host/, entry);
    }
  });

  it('takes the file over the defaults, and the environment over the file', () => {
    const text = 'model = "anthropic/a"\n[host]\nidle_seconds = 60\nmax_concurrent = 2\n[log]\nlevel = "warn"\n';
    const config = load(text, { ANIMUS_MODEL: 'anthropic/b', ANIMUS_HOST_MAX_CONCURRENT: '8' });
    assert.equal(config.model, 'anthropic/b');
    assert.deepEqual(config.host, { idle_seconds: 60, max_concurrent: 8, place: null, headless: false });
    assert.equal(config.log.level, 'warn');
  });

  it('takes a name for the place only where hosts can share one', () => {
    const env = { ANIMUS_DATABASE_URL: 'postgres://db/animus', ANIMUS_PLACE: 'pond' };
    assert.equal(load(undefined, env).host.place, 'pond');
    const { message, next } = refusal(undefined, { ANIMUS_PLACE: 'pond' });
    assert.match(message, /"pond" names a place that hosts share, and the embedded database has one host/);
    assert.match(next, /database\.url/);
    assert.match(refusal(undefined, { ...env, ANIMUS_PLACE: 'Pond!' }).message, /^ANIMUS_PLACE: expected lower-case/);
  });

  it('reads every variable that it says it does', () => {
    const config = load(undefined, {
      ANIMUS_MODEL: 'scripted/demo',
      ANIMUS_DATABASE_URL: 'postgresql://someone@db/animus',
      ANIMUS_DATABASE_SCHEMA: 'team_a',
      ANIMUS_HOST_IDLE_SECONDS: '1.5',
      ANIMUS_HOST_MAX_CONCURRENT: '1',
      ANIMUS_PLACE: 'pond',
      ANIMUS_HEADLESS: 'true',
      ANIMUS_MAX_COST_USD_PER_DAY: '12.5',
      ANIMUS_RETENTION_DAYS: '30',
      ANIMUS_RETENTION_MAX_MB: '512',
      ANIMUS_ANTHROPIC_BASE_URL: 'http://127.0.0.1:8080',
      ANIMUS_OPENAI_BASE_URL: 'http://127.0.0.1:8081/v1',
      ANIMUS_COMMANDS_CONFINE: 'off',
      LOG_LEVEL: 'debug',
    });
    assert.deepEqual(config, {
      model: 'scripted/demo',
      database: { url: 'postgresql://someone@db/animus', schema: 'team_a' },
      host: { idle_seconds: 1.5, max_concurrent: 1, place: 'pond', headless: true },
      budget: { max_cost_usd_per_day: 12.5 },
      permissions: { when_headless: 'deny' },
      children: { max_depth: 5, max_per_focus: 32 },
      commands: { confine: 'off' },
      web: { allow_private: [] },
      retention: { days: 30, max_mb: 512 },
      anthropic: { base_url: 'http://127.0.0.1:8080', api_version: '2023-06-01', auth_scheme: 'x-api-key' },
      openai: { base_url: 'http://127.0.0.1:8081/v1' },
      providers: {},
      prices: {},
      log: { level: 'debug' },
    });
  });

  it('takes 1, true, 0 and false for a switch, and nothing else', () => {
    const headless = (text: string) => load(undefined, { ANIMUS_HEADLESS: text }).host.headless;
    assert.deepEqual(['1', 'true', '0', 'false'].map(headless), [true, true, false, false]);
    assert.match(refusal(undefined, { ANIMUS_HEADLESS: 'yes' }).message, /^ANIMUS_HEADLESS: .*expected boolean/);
  });

  it('counts an empty variable as none', () => {
    assert.deepEqual(load('model = "anthropic/a"', { ANIMUS_MODEL: '', LOG_LEVEL: '' }).model, 'anthropic/a');
  });

  it("[S7] never takes an application's own DATABASE_URL, nor its keys, for ours", () => {
    const config = load(undefined, {
      DATABASE_URL: 'postgres://app@db/app',
      ANTHROPIC_BASE_URL: 'http://evil',
      MODEL: 'x/y',
    });
    assert.deepEqual(config, load(undefined));
  });

  it('says file, line and key of what is wrong in the file', () => {
    for (const [text, expected] of [
      ['[host]\nmax_concurrent = 0\n', ':2: host.max_concurrent: Too small'],
      ['[host]\nmax_concurrent = "4"\n', ':2: host.max_concurrent: Invalid input: expected number'],
      ['model = 4', ':1: model: Invalid input: expected string'],
      ['# one\nmodle = "a/b"\n', ':2: modle: there is no such key'],
      ['[database]\nhost = "db"\n', ':2: database.host: there is no such key'],
      ['[database]\nurl = "mysql://db"\n', ':2: database.url: expected a URL that begins with postgres://'],
      ['[database]\nschema = "Team A"\n', ':2: database.schema: expected lower-case letters'],
      ['[children]\nmax_depth = -1\n', ':2: children.max_depth: Too small'],
      ['[retention]\ndays = 0\n', ':2: retention.days: Too small'],
      ['[retention]\nmax_mb = 1\n', ':2: retention.max_mb: Too small'],
      ['[log]\nlevel = "loud"\n', ':2: log.level: Invalid option'],
      ['[anthropic]\napi_version = "1999"\n', ':2: anthropic.api_version: Invalid option'],
    ] as const) {
      const error = refusal(text);
      assert.ok(error.message.startsWith(`${file()}${expected}`), error.message);
      assert.ok(error.next.includes(file()));
    }
  });

  it('says every key that is wrong', () => {
    const lines = refusal('modle = "a/b"\nlodge = 1\n[host]\nidle_seconds = 0\n').message.split('\n');
    assert.deepEqual(lines.map((line) => /:(\d+): ([\w.]+):/.exec(line)?.slice(1)).sort(), [
      ['1', 'modle'],
      ['2', 'lodge'],
      ['4', 'host.idle_seconds'],
    ]);
  });

  it('names the variable where the environment is wrong', () => {
    for (const [env, expected] of [
      [{ ANIMUS_HOST_MAX_CONCURRENT: 'many' }, /^ANIMUS_HOST_MAX_CONCURRENT: .*expected number/],
      [{ ANIMUS_HOST_MAX_CONCURRENT: '1.5' }, /^ANIMUS_HOST_MAX_CONCURRENT: .*expected int/],
      [{ ANIMUS_HOST_MAX_CONCURRENT: ' ' }, /^ANIMUS_HOST_MAX_CONCURRENT: .*expected number/],
      [{ ANIMUS_HOST_IDLE_SECONDS: '-1' }, /^ANIMUS_HOST_IDLE_SECONDS: Too small/],
      [{ ANIMUS_DATABASE_URL: 'file:///x' }, /^ANIMUS_DATABASE_URL: expected a URL that begins with postgres/],
      [{ ANIMUS_ANTHROPIC_BASE_URL: 'here' }, /^ANIMUS_ANTHROPIC_BASE_URL: Invalid URL/],
      [{ ANIMUS_OPENAI_BASE_URL: 'file:///x' }, /^ANIMUS_OPENAI_BASE_URL: expected a URL that begins with http/],
      [{ LOG_LEVEL: 'loud' }, /^LOG_LEVEL: Invalid option/],
    ] as const) {
      const error = refusal(undefined, env);
      assert.match(error.message, expected);
      assert.match(error.next, /Correct the environment/);
    }
  });

  it('[S15] shows no password of a database in its complaints', () => {
    const error = refusal(undefined, { ANIMUS_DATABASE_URL: 'mysql://me:hunter2-hunter2@db/x' });
    assert.ok(!`${error.message}${error.next}${error.cause}`.includes('hunter2'));
  });

  it('[S15] refuses a URL that is none without quoting it, wherever it stands', () => {
    const url = 'postgres://me:hunter2-hunter2@host:port/db';
    for (const error of [
      refusal(undefined, { ANIMUS_DATABASE_URL: url }),
      refusal(`[database]\nurl = "${url}"\n`),
      refusal(`[database]\nurl = "${url}\n`),
      refusal(`[database]\nurl = ${url}\n`),
    ]) {
      assert.ok(!`${error.message}${error.next}${error.cause}`.includes('hunter2'), error.message);
    }
    assert.match(refusal('', { ANIMUS_DATABASE_URL: url }).message, /^ANIMUS_DATABASE_URL: expected a URL like/);
    assert.match(refusal(`[database]\nurl = ${url}\n`).message, /config\.toml:2:\d+: not TOML$/);
  });

  it('says that a file is no TOML, and where', () => {
    const error = refusal('model = \n[host');
    assert.ok(error.message.startsWith(`${file()}:1:`), error.message);
  });
});

describe('what stands for a database', () => {
  it('[S15] never has its user or password', () => {
    assert.equal(databaseLabel(null), 'embedded');
    assert.equal(
      databaseLabel('postgres://me:hunter2@db.example:5433/animus?sslmode=require'),
      'db.example:5433/animus',
    );
    assert.equal(databaseLabel('postgres://db/animus'), 'db/animus');
  });
});

describe('folders of the network', () => {
  it('are known by the magic numbers of Linux, also those that come out negative', () => {
    const expected =
      process.platform === 'linux' ? ['NFS', 'CIFS', 'SMB2', '9P', 'FUSE', undefined] : Array(6).fill(undefined);
    // ext4 is the last one; the first bit of CIFS and SMB2 is set.
    const found = [0x6969, 0xff534d42 | 0, 0xfe534d42 | 0, 0x01021997, 0x65735546, 0xef53].map(unfitFileSystem);
    assert.deepEqual(found, expected);
  });

  it('are not where temporary folders are', () => {
    assert.doesNotThrow(() => requireLocalFolder(tmpdir()));
  });
});

describe('assets', () => {
  it('lie beside a bundle, and at the root of the sources', () => {
    const bundle = findAssets('/opt/animus', true);
    assert.deepEqual(
      Object.values(bundle).map((asset) => path.dirname(asset ?? '')),
      Array(4).fill('/opt/animus'),
    );
    const sources = findAssets(path.resolve(import.meta.dirname, '../../../src/host'), false);
    const root = path.resolve(import.meta.dirname, '../../..');
    assert.deepEqual([sources.migrations, sources.databaseTemplate], [path.join(root, 'migrations'), null]);
  });
});
