import assert from 'node:assert/strict';
import { setTimeout as sleep } from 'node:timers/promises';
import { parseScript } from '../../src/host/llm/scripted/script.ts';
import { CliSandbox } from '../support/cli-sandbox.ts';
import { QUICK } from '../support/cli-scenarios.ts';
import { type ModelServer, startModelServer } from '../support/model-server.ts';
import { anthropicFormat } from '../support/model-server-anthropic.ts';

const KEY = 'sk-ant-test-0123456789abcdef';
const OTHER_KEY = 'sk-ant-test-fedcba9876543210';

type Shown = {
  item: { state: string; wait: { kind: string; next: string } | null; outcome: { summary: string } | null };
};

describe('a key', () => {
  let sandbox: CliSandbox;
  let server: ModelServer;
  const refused = new Set<string>();

  beforeEach(async () => {
    refused.clear();
    const parsed = parseScript(JSON.stringify(QUICK), 'json', 'quick');
    assert.equal(parsed.kind, 'script');
    server = await startModelServer({
      formats: [anthropicFormat],
      script: parsed.script,
      faultOf: (_request, headers) => (refused.has(String(headers['x-api-key'])) ? { status: 401 } : undefined),
    });
    sandbox = new CliSandbox({ ANIMUS_ANTHROPIC_BASE_URL: server.url });
  });
  afterEach(async () => {
    await sandbox.remove();
    await server.close();
  });

  async function untilState(id: string, state: string): Promise<Shown> {
    for (let tries = 0; tries < 100; tries += 1) {
      const shown = await sandbox.json<Shown>(['work', 'show', id]);
      if (shown.item.state === state) return shown;
      await sleep(100);
    }
    throw new Error(`The item did not become ${state}.`);
  }

  it('that is missing lets work wait and says how to go on; offered, the work goes on by itself', async () => {
    const { id } = await sandbox.json<{ id: string }>(['work', 'submit', '--trust', 'look']);
    const waited = await sandbox.animus(['work', 'wait', id]);
    assert.equal(waited.code, 4, 'waiting for a person');
    assert.match(waited.stdout, /waits for credentials/);
    assert.match(waited.stdout, /Set ANTHROPIC_API_KEY and run any animus command/);
    assert.equal(server.requests.length, 0, 'nothing was asked of anybody');
    // Any command brings the key along; nobody touches the item.
    await sandbox.animus(['status'], { env: { ANTHROPIC_API_KEY: KEY } });
    const done = await untilState(id, 'completed');
    assert.equal(done.item.outcome?.summary, 'All is well.');
    assert.equal(server.requests[0]?.headers['x-api-key'], KEY);
  });

  it('that is refused lets work wait for another one, and is not tried again', async () => {
    refused.add(KEY);
    const { id } = await sandbox.json<{ id: string }>(['work', 'submit', '--trust', 'look'], {
      env: { ANTHROPIC_API_KEY: KEY },
    });
    await untilState(id, 'waiting');
    const asked = server.requests.length;
    await sandbox.animus(['status'], { env: { ANTHROPIC_API_KEY: KEY } });
    await sleep(300);
    assert.equal(server.requests.length, asked, 'the refused key is not used again');
    await sandbox.animus(['status'], { env: { ANTHROPIC_API_KEY: OTHER_KEY } });
    await untilState(id, 'completed');
  });

  it('is sent to no other origin than the one it was offered for', async () => {
    const { id } = await sandbox.json<{ id: string }>(['work', 'submit', '--trust', 'look']);
    await untilState(id, 'waiting');
    await sandbox.animus(['status'], {
      env: { ANTHROPIC_API_KEY: KEY, ANIMUS_ANTHROPIC_BASE_URL: 'https://api.example.invalid' },
    });
    await sleep(300);
    assert.equal(server.requests.length, 0);
    assert.equal((await sandbox.json<Shown>(['work', 'show', id])).item.state, 'waiting');
  });
});
