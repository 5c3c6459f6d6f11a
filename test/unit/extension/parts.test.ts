import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { chmodSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import * as z from 'zod';
import { Coalesced } from '../../../src/extension/coalesce.ts';
import { keyComplaint, keyOffers, keyPlaces, secretName } from '../../../src/extension/host/api-key.ts';
import { openPlace } from '../../../src/extension/host/place.ts';
import { COMMAND_NAMES, LEDGER_VIEW, WORK_VIEW } from '../../../src/extension/names.ts';
import { choiceText, messageText, plainLine, titleOf } from '../../../src/extension/plain-text.ts';
import { readSettings, SETTINGS } from '../../../src/extension/settings.ts';
import { batchFile, installTerminalCommand } from '../../../src/extension/terminal-command.ts';
import { WebviewLink } from '../../../src/extension/views/webview-link.ts';
import { BUILT_IN } from '../../../src/host/providers/built-in.ts';
import type { Provider } from '../../../src/host/providers/types.ts';
import { fromLedgerView, toLedgerView, viewCommand } from '../../../src/protocol/webview.ts';

const ROOT = path.resolve(import.meta.dirname, '../../..');

const manifestSchema = z.looseObject({
  contributes: z.looseObject({
    views: z.object({ animus: z.array(z.looseObject({ id: z.string() })) }),
    commands: z.array(z.looseObject({ command: z.string(), title: z.string(), category: z.string() })),
    configuration: z.looseObject({
      properties: z.record(z.string(), z.looseObject({ type: z.string(), default: z.string(), scope: z.string() })),
    }),
    colors: z.array(z.looseObject({ id: z.string(), defaults: z.record(z.string(), z.string()) })),
    menus: z.record(z.string(), z.array(z.looseObject({ command: z.string() }))),
    viewsWelcome: z.array(z.looseObject({ contents: z.string() })),
  }),
  capabilities: z.looseObject({
    untrustedWorkspaces: z.looseObject({ supported: z.string(), restrictedConfigurations: z.array(z.string()) }),
  }),
});

describe('package.json and the code', () => {
  const { contributes, capabilities } = manifestSchema.parse(
    JSON.parse(readFileSync(path.join(ROOT, 'package.json'), 'utf8')),
  );
  const source = (file: string) => readFileSync(path.join(ROOT, 'src/extension', file), 'utf8');
  const commands = contributes.commands.map(({ command }) => command);

  it('name the same settings with the same defaults, and all of them are restricted', () => {
    const { properties } = contributes.configuration;
    assert.deepEqual(Object.keys(properties).sort(), Object.keys(SETTINGS).sort());
    for (const [name, schema] of Object.entries(SETTINGS)) {
      assert.equal(schema.parse(undefined), properties[name]?.default, name);
    }
    assert.deepEqual(
      [...capabilities.untrustedWorkspaces.restrictedConfigurations].sort(),
      Object.keys(SETTINGS).sort(),
    );
    // A workspace must not say where a key is sent.
    assert.equal(properties['animus.anthropic.baseUrl']?.scope, 'machine');
  });

  it('name the same commands and views', () => {
    assert.deepEqual(
      commands,
      COMMAND_NAMES.map((name) => `animus.${name}`),
    );
    assert.deepEqual(
      contributes.views.animus.map(({ id }) => id),
      [WORK_VIEW, LEDGER_VIEW],
    );
  });

  it('have a command for whatever a view, a menu or a welcome may ask for', () => {
    const welcomes = contributes.viewsWelcome.flatMap(({ contents }) => [...contents.matchAll(/command:([\w.]+)/g)]);
    const wanted = [
      ...viewCommand.options.map((name) => `animus.${name}`),
      ...Object.values(contributes.menus).flatMap((entries) => entries.map(({ command }) => command)),
      ...welcomes.map(([, name = '']) => name).filter((name) => name.startsWith('animus.')),
    ];
    assert.deepEqual(
      wanted.filter((name) => !commands.includes(name)),
      [],
    );
  });

  it('have every colour that the rows use, for each kind of theme', () => {
    const ids = contributes.colors.map(({ id }) => id);
    const used = [...source('work/work-rows.ts').matchAll(/'(animus\.[a-z]+)'/g)].map(([, id = '']) => id);
    assert.ok(used.length > 5);
    assert.deepEqual(
      used.filter((id) => !ids.includes(id)),
      [],
    );
    for (const { id, defaults } of contributes.colors) {
      assert.deepEqual(Object.keys(defaults).sort(), ['dark', 'highContrast', 'highContrastLight', 'light'], id);
    }
  });

  it('speak of Animus, and of no agent host', () => {
    const text = JSON.stringify(contributes);
    assert.doesNotMatch(text, /agent host/i);
    for (const { category } of contributes.commands) assert.equal(category, 'Animus');
  });
});

describe('settings', () => {
  it('count as not set where they are empty or malformed', () => {
    const read = (values: Record<string, unknown>) => readSettings((name) => values[name]);
    assert.deepEqual(read({}), { model: null, anthropicBaseUrl: null });
    assert.deepEqual(read({ 'animus.model': ' scripted/demo ', 'animus.anthropic.baseUrl': 'ftp://x' }), {
      model: 'scripted/demo',
      anthropicBaseUrl: null,
    });
  });
});

describe('the place of a window', () => {
  let root = '';
  before(() => {
    root = mkdtempSync(path.join(tmpdir(), 'animus-place-'));
    mkdirSync(path.join(root, 'extension/dist/host'), { recursive: true });
    mkdirSync(path.join(root, 'project'));
  });
  after(() => rmSync(root, { recursive: true }));

  const open = (workspaceFolder: string | undefined, anthropicBaseUrl: string | null = null) =>
    openPlace({
      workspaceFolder,
      extensionFolder: path.join(root, 'extension'),
      settings: { model: null, anthropicBaseUrl },
      env: { ANIMUS_HOME: path.join(root, 'home') },
    });

  it('is the folder, and a folder of its own where none is open', () => {
    assert.equal(open(path.join(root, 'project')).folder, path.join(root, 'project'));
    assert.equal(open(undefined).folder, path.join(root, 'home/no-folder'));
  });

  it('hands the base URL of the settings to the host that it spawns, and no other', () => {
    assert.equal(open(undefined).location.env.ANIMUS_ANTHROPIC_BASE_URL, undefined);
    assert.equal(open(undefined).config.anthropic.base_url, 'https://api.anthropic.com');
    const own = open(undefined, 'https://models.example.org/v1');
    assert.equal(own.location.env.ANIMUS_ANTHROPIC_BASE_URL, 'https://models.example.org/v1');
    assert.equal(own.config.anthropic.base_url, 'https://models.example.org/v1');
  });
});

describe('the API key', () => {
  const secrets = (value: string | undefined) => ({
    get: async (name: string) => (name === secretName('anthropic', 'https://api.anthropic.com') ? value : undefined),
    store: async () => undefined,
    delete: async () => undefined,
  });

  it('is offered for one origin: the stored one before that of the environment', async () => {
    const env = { ANTHROPIC_API_KEY: 'from-the-environment', OPENAI_API_KEY: 'EMPTY', GROQ_API_KEY: 'groq-key-1234' };
    const stored = { name: 'anthropic', value: 'stored-key', origin: 'https://api.anthropic.com' };
    const groq = { name: 'groq', value: 'groq-key-1234', origin: 'https://api.groq.com' };
    assert.deepEqual(await keyOffers(secrets('stored-key'), env, BUILT_IN), [stored, groq]);
    const ofEnvironment = { ...stored, value: 'from-the-environment' };
    assert.deepEqual(await keyOffers(secrets(undefined), env, BUILT_IN), [ofEnvironment, groq]);
    assert.deepEqual(await keyOffers(secrets(undefined), {}, BUILT_IN), []);
  });

  it('stays with the origin that it was stored for', async () => {
    const moved = BUILT_IN.map((provider) =>
      provider.name === 'anthropic' ? { ...provider, baseUrl: 'https://elsewhere.example' } : provider,
    ) as Provider[];
    assert.deepEqual(await keyOffers(secrets('stored-key'), {}, moved), []);
  });

  it('is one for all providers that share it', () => {
    const places = keyPlaces(BUILT_IN);
    const openai = places.find(({ credential }) => credential === 'openai');
    assert.deepEqual(openai?.providers, ['openai', 'openai-responses']);
    assert.equal(openai?.origin, 'https://api.openai.com');
    assert.equal(
      places.some(({ providers }) => providers.includes('ollama')),
      false,
    );
  });

  it('is refused where it can be none', () => {
    assert.equal(keyComplaint(''), undefined);
    assert.equal(keyComplaint('sk-ant-0123456789'), undefined);
    assert.match(keyComplaint('short') ?? '', /between 8/);
    assert.match(keyComplaint('two words here') ?? '', /no spaces/);
  });
});

describe('messages of a page', () => {
  function link() {
    const log: string[] = [];
    const got: unknown[] = [];
    const errors: unknown[] = [];
    const posted: unknown[] = [];
    const end = new WebviewLink(
      { postMessage: async (message: unknown) => posted.push(message) > 0 },
      {
        name: 'ledger',
        incoming: fromLedgerView,
        outgoing: toLedgerView,
        onMessage: async (message) => {
          got.push(message);
          if (message.type === 'ready') throw new Error('broken');
        },
        onError: (error) => errors.push(error),
        log: (_level, line) => log.push(line),
      },
    );
    return { end, log, got, errors, posted };
  }

  it('[S13] are refused and logged, short, where they are none of ours', async () => {
    const { end, log, got } = link();
    const circular: Record<string, unknown> = {};
    circular.self = circular;
    const forged = [7, [], { type: 'command', command: 'x'.repeat(5000) }, circular, { type: 'ready', more: 1 }];
    for (const message of forged) assert.equal(await end.receive(message), false);
    assert.equal(log.length, forged.length);
    assert.ok(log.every((line) => line.length < 300 && !line.includes('\n')));
    assert.deepEqual(got, []);
  });

  it('end in a report where what they ask for fails', async () => {
    const { end, errors } = link();
    assert.equal(await end.receive({ type: 'ready' }), true);
    assert.equal(errors.length, 1);
  });

  it('are checked on their way out too', async () => {
    const { end, posted } = link();
    await end.send({ type: 'scope', work_item_id: null });
    await assert.rejects(end.send({ type: 'scope', work_item_id: 'no id' }));
    assert.equal(posted.length, 1);
  });
});

describe('what was wished for', () => {
  it('is done once for many, and once more where a wish came in between', async () => {
    let runs = 0;
    const work = new Coalesced(
      async () => {
        runs += 1;
        await sleep(30);
      },
      5,
      () => assert.fail(),
    );
    for (let wish = 0; wish < 20; wish += 1) work.wish();
    await sleep(20);
    work.wish();
    await sleep(100);
    assert.equal(runs, 2);
    work.dispose();
    work.wish();
    await sleep(30);
    assert.equal(runs, 2);
  });
});

describe('titles', () => {
  it('are the first clause, cut between words', () => {
    assert.equal(titleOf('Survey this folder for a newcomer: what it is', 40), 'Survey this folder for a newcomer');
    assert.equal(titleOf('Fix the date test. It fails in winter.', 40), 'Fix the date test');
    assert.equal(titleOf('Fix src/date.ts so that it is right in every zone', 26), 'Fix src/date.ts so that…');
    assert.equal(titleOf('\n\n  ', 26), '(no text)');
    assert.equal(plainLine('a\u202Eb\u001b', 10), 'a\uFFFDb\uFFFD');
  });
});

describe('text that models wrote', () => {
  it('[S12] becomes no link of a notification and no icon of a quick pick', () => {
    assert.equal(messageText('[go](command:workbench.quit)'), '[go] (command:workbench.quit)');
    assert.equal(choiceText('$(pass) done'), '\\$(pass) done');
  });
});

describe('the command for terminals', () => {
  it('runs what the extension brings, from a folder with any name', () => {
    const root = mkdtempSync(path.join(tmpdir(), "animus-it's a path $HOME-"));
    try {
      const extension = path.join(root, 'extension');
      mkdirSync(path.join(extension, 'dist'), { recursive: true });
      const entry = path.join(extension, 'dist/animus.mjs');
      writeFileSync(
        entry,
        'console.log(JSON.stringify([process.env.ELECTRON_RUN_AS_NODE, ...process.argv.slice(2)]));',
      );
      const folder = installTerminalCommand(path.join(root, 'bin'), extension, process.execPath);
      const run = () =>
        execFileSync(path.join(folder, 'animus'), ['work', 'submit', 'a "b" $c'], { encoding: 'utf8', stdio: 'pipe' });
      assert.deepEqual(JSON.parse(run()), ['1', 'work', 'submit', 'a "b" $c']);
      // Written once: the second time nothing is touched.
      chmodSync(path.join(folder, 'animus'), 0o555);
      installTerminalCommand(path.join(root, 'bin'), extension, process.execPath);
      rmSync(entry);
      assert.throws(run, /Open the Animus view/);
    } finally {
      rmSync(root, { recursive: true, force: true });
    }
  });

  it('keeps percent signs of a path on Windows', () => {
    assert.match(batchFile('C:\\100%\\animus.mjs', 'C:\\Code.exe'), /"C:\\100%%\\animus\.mjs" %\*/);
  });
});
