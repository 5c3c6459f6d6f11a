import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { loadConfig } from '../../../src/host/config/config.ts';
import { listProviders } from '../../../src/host/config/providers.ts';
import { BUILT_IN, COMPATIBLE } from '../../../src/host/providers/built-in.ts';
import { keyVariables, offersOf, withoutKeys } from '../../../src/host/providers/keys.ts';
import type { Provider } from '../../../src/host/providers/types.ts';
import { AnimusError } from '../../../src/protocol/errors.ts';

describe('the providers of a configuration', () => {
  let home: string;

  beforeEach(() => {
    home = mkdtempSync(path.join(tmpdir(), 'animus-providers-'));
  });
  afterEach(() => rmSync(home, { recursive: true, force: true }));

  function load(text: string): Provider[] {
    writeFileSync(path.join(home, 'config.toml'), text);
    return listProviders(loadConfig(home, {}));
  }

  function find(text: string, name: string): Provider {
    return load(text).find((provider) => provider.name === name) ?? assert.fail(`no provider ${name}`);
  }

  it('are the built-in ones where it says nothing', () => {
    assert.deepEqual(load(''), BUILT_IN);
  });

  it('have names that a model can be named with, each once', () => {
    const names = BUILT_IN.map(({ name }) => name);
    assert.deepEqual([...new Set(names)], names);
    for (const name of names) assert.match(name, /^[a-z][a-z0-9-]*$/);
  });

  it('need no key on this machine, and one everywhere else', () => {
    for (const provider of BUILT_IN) {
      assert.equal(provider.key === null, provider.local, provider.name);
      if (provider.format !== 'scripted') {
        assert.equal(new URL(provider.baseUrl).hostname === '127.0.0.1', provider.local, provider.name);
      }
    }
  });

  it('move where it says so', () => {
    const text =
      '[anthropic]\nbase_url = "http://a"\nauth_scheme = "bearer"\n[openai]\nbase_url = "http://127.0.0.1:9"\n';
    const moved = load(`${text}[providers.ollama]\nbase_url = "http://192.168.1.7:11434/v1"\n`);
    const facts = moved.map((provider) => [provider.name, provider.format === 'scripted' ? '' : provider.baseUrl]);
    const address = Object.fromEntries(facts) as Record<string, string>;
    assert.equal(address.anthropic, 'http://a');
    assert.equal(address.openai, 'http://127.0.0.1:9/v1', 'an address without a path gets the version');
    assert.equal(address['openai-responses'], 'http://127.0.0.1:9/v1');
    assert.equal(address.ollama, 'http://192.168.1.7:11434/v1');
    const ollama = moved.find(({ name }) => name === 'ollama');
    assert.equal(ollama?.local, false, 'another machine is not this one');
    assert.equal(ollama?.title, 'Ollama');
  });

  it("are anybody else's servers too", () => {
    assert.deepEqual(find('[providers.mine]\nbase_url = "http://localhost:5000"\n', 'mine'), {
      ...{ name: 'mine', title: 'mine', key: null, local: true },
      ...{ format: 'openai-chat', baseUrl: 'http://localhost:5000/v1', quirks: COMPATIBLE },
    });
    const text = '[providers.far]\nbase_url = "https://far.example/api"\nkey_env = "FAR_KEY"\ntitle = "Far"\n';
    assert.deepEqual(find(`${text}[providers.far.quirks]\nstream_usage = false\n`, 'far'), {
      ...{ name: 'far', title: 'Far', key: { credential: 'far', variable: 'FAR_KEY' }, local: false },
      ...{ format: 'openai-chat', baseUrl: 'https://far.example/api' },
      quirks: { ...COMPATIBLE, streamUsage: false },
    });
    assert.equal(find(`${text}format = "anthropic"\n`, 'far').format, 'anthropic');
  });

  it('are refused with line and key where they make no sense', () => {
    for (const [text, expected] of [
      ['[providers.mine]\ntitle = "x"\n', ':1: providers.mine.base_url: missing; expected a URL'],
      ['[providers.openai]\nbase_url = "http://a"\n', ':1: providers.openai: openai is configured in [openai]'],
      ['[providers.scripted]\ntitle = "x"\n', ':1: providers.scripted: scripted has nothing to configure'],
      ['[providers.My]\nbase_url = "http://a"\n', ':1: providers.My: '],
      ['[providers.a]\nbase_url = "ftp://a"\n', ':2: providers.a.base_url: expected a URL that begins with http'],
      ['[providers.a]\nbase_url = "http://me:word@a"\n', ':2: providers.a.base_url: expected a URL without a user'],
      ['[providers.a]\nbase_url = "http://a"\nkey = "sk"\n', ':3: providers.a.key: there is no such key'],
      ['[providers.a]\nbase_url = "http://a"\nkey_env = "sk-1"\n', ':3: providers.a.key_env: expected the name'],
      [
        '[providers.a]\nbase_url = "http://a"\nformat = "anthropic"\n[providers.a.quirks]\nthoughts = "none"\n',
        ':4: providers.a.quirks: only a provider of format "openai-chat" has quirks',
      ],
    ] as const) {
      assert.throws(
        () => load(text),
        (error) => {
          assert.ok(error instanceof AnimusError, String(error));
          assert.ok(error.message.includes(expected), error.message);
          return true;
        },
      );
    }
  });

  it('[S7] keep every key out of the environment of the host', () => {
    const providers = load('[providers.mine]\nbase_url = "http://a"\nkey_env = "MINE"\n');
    const env = { PATH: '/bin', MINE: 'a-key-1234', OPENAI_API_KEY: 'sk-12345678', ANTHROPIC_AUTH_TOKEN: 'x' };
    assert.deepEqual(withoutKeys(env, providers), { PATH: '/bin' });
    assert.ok(keyVariables(BUILT_IN).includes('GROQ_API_KEY'));
  });

  it('offer each key once for each place that it is for, and no placeholder', () => {
    const providers = load('[providers.mine]\nbase_url = "http://a/v1"\nkey_env = "OPENAI_API_KEY"\n');
    const env: Record<string, string> = { OPENAI_API_KEY: ' sk-12345678\n', GROQ_API_KEY: 'none' };
    assert.deepEqual(
      offersOf(providers, ({ variable }) => env[variable]),
      [
        { name: 'openai', value: 'sk-12345678', origin: 'https://api.openai.com' },
        { name: 'mine', value: 'sk-12345678', origin: 'http://a' },
      ],
    );
  });
});
