/** The main job with models of OpenAI's formats: over the wire, with a key that shows nowhere, or with none. */
import assert from 'node:assert/strict';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { parseScript } from '../../src/host/llm/scripted/script.ts';
import { CliSandbox, commandLines } from '../support/cli-sandbox.ts';
import { type ModelServer, startModelServer } from '../support/model-server.ts';
import { chatFormat } from '../support/model-server-openai-chat.ts';
import { responsesFormat } from '../support/model-server-openai-responses.ts';

const KEY = 'sk-proj-planted-1b7e5a9c3d2f8046';
const DEMO = path.join(import.meta.dirname, '../../src/host/llm/scripted/demo.yaml');

/** Files with the key in them, which the agent reads. */
const FILES = {
  'README.md': `# The Heron Counter\n\nCounts herons in ponds. Its key is ${KEY}.\n`,
  'package.json': '{ "name": "heron-counter", "version": "3.1.4" }',
  'src/count.js': `// TODO count faster than ${KEY}\nexport const count = 1;\n`,
};

type Shown = { item: { id: string; state: string; scripted: boolean; cost_usd: number | null } };

describe("the main job with a model of OpenAI's formats", () => {
  let server: ModelServer;
  let sandbox: CliSandbox;

  beforeEach(async () => {
    const demo = parseScript(readFileSync(DEMO, 'utf8'), 'yaml', 'the demo');
    if (demo.kind === 'invalid') throw new Error(demo.message);
    server = await startModelServer({ formats: [chatFormat, responsesFormat], script: demo.script });
  });
  afterEach(async () => {
    await sandbox.remove();
    await server.close();
  });

  for (const [model, endpoint] of [
    ['openai/model-of-the-test', '/v1/chat/completions'],
    ['openai-responses/model-of-the-test', '/v1/responses'],
  ] as const) {
    it(`[S15] is done by ${model}, and the key of the environment shows nowhere`, async () => {
      const env = { OPENAI_API_KEY: KEY, ANIMUS_MODEL: model, ANIMUS_OPENAI_BASE_URL: server.url, LOG_LEVEL: 'debug' };
      sandbox = new CliSandbox(env);
      sandbox.write({ ...FILES, '.env': `OPENAI_API_KEY=${KEY}\n` });
      const ran = await sandbox.animus(['demo', '--trust']);
      assert.equal(ran.code, 0, ran.stderr);
      assert.match(ran.stdout, /The Heron Counter/);
      assert.match(ran.stdout, /Outcome\s+success, completed/);
      assert.doesNotMatch(ran.stdout, /A script, not a model/);
      assert.ok(server.requests.length > 2);
      for (const request of server.requests) {
        assert.equal(request.path, endpoint);
        assert.equal(request.headers.authorization, `Bearer ${KEY}`);
        assert.ok(!request.text.includes(KEY), 'the key is in what the model is told');
      }
      const running = await commandLines(sandbox.home);
      const environment = readFileSync(`/proc/${sandbox.hostFile()?.pid}/environ`, 'utf8');
      const status = await sandbox.json<{ host: { credentials: string[] } }>(['status']);
      assert.deepEqual(status.host.credentials, ['openai']);
      const { items } = await sandbox.json<{ items: Shown['item'][] }>(['work', 'list']);
      assert.deepEqual(
        items.map(({ state, scripted, cost_usd }) => ({ state, scripted, cost_usd })),
        [{ state: 'completed', scripted: false, cost_usd: null }],
        'what an unlisted model costs is unknown, not zero',
      );
      await sandbox.animus(['host', 'stop']);
      const places: Record<string, string> = {
        ...{ arguments: running.join('\n'), environment, output: ran.stdout + ran.stderr },
        lists: JSON.stringify([status, items]),
      };
      // The database's own files too: what was once written there stays.
      for (const { file, text } of sandbox.readTexts()) places[file] = text;
      assert.ok(Object.values(places).some((text) => text.includes('[redacted:openai_key]')));
      for (const [place, text] of Object.entries(places)) assert.ok(!text.includes(KEY), `the key is in ${place}`);
    }).timeout(120_000);
  }

  it("[S7] is done by a server of one's own, which is sent no key of anybody", async () => {
    sandbox = new CliSandbox({ OPENAI_API_KEY: KEY, ANIMUS_MODEL: 'mine/model-of-the-test' });
    mkdirSync(sandbox.home, { recursive: true });
    writeFileSync(path.join(sandbox.home, 'config.toml'), `[providers.mine]\nbase_url = "${server.url}"\n`);
    sandbox.write(FILES);
    const ran = await sandbox.animus(['demo', '--trust']);
    assert.equal(ran.code, 0, ran.stderr);
    assert.match(ran.stdout, /Outcome\s+success, completed/);
    assert.ok(server.requests.every(({ headers }) => headers.authorization === undefined));
  }).timeout(120_000);

  it('waits for the key that its provider needs, and says which', async () => {
    sandbox = new CliSandbox({ ANIMUS_MODEL: 'openai/model-of-the-test', ANIMUS_OPENAI_BASE_URL: server.url });
    const { id } = await sandbox.json<{ id: string }>(['work', 'submit', '--trust', 'look']);
    const waited = await sandbox.animus(['work', 'wait', id]);
    assert.equal(waited.code, 4, 'waiting for a person');
    assert.match(waited.stdout, /No usable key for openai\. Set OPENAI_API_KEY and run any animus command/);
    assert.equal(server.requests.length, 0, 'nothing was asked of anybody');
  });
});
