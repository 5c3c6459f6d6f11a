/** Models as a person meets them in a terminal: listed, tried, and those of windows, which here are clients of the test's own. */
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { writeFileSync } from 'node:fs';
import { createServer, type RequestListener, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { HostClient } from '../../src/client/host-client.ts';
import { parseScript } from '../../src/host/llm/scripted/script.ts';
import type { ModelList, ModelTest } from '../../src/protocol/models.ts';
import type { ModelQuestion } from '../../src/protocol/window-models.ts';
import { CliSandbox } from '../support/cli-sandbox.ts';
import { startModelServer } from '../support/model-server.ts';
import { anthropicFormat } from '../support/model-server-anthropic.ts';
import { offered } from '../support/window-fake.ts';

const KEY = 'sk-ant-test-0123456789abcdef';

describe('animus model', () => {
  let sandbox: CliSandbox;
  let servers: Server[] = [];
  afterEach(async () => {
    await sandbox.remove();
    for (const server of servers) {
      server.closeAllConnections();
      server.close();
    }
    servers = [];
  });

  async function listen(answer: RequestListener): Promise<string> {
    const server = createServer(answer).listen(0, '127.0.0.1');
    servers.push(server);
    await once(server, 'listening');
    return `http://127.0.0.1:${(server.address() as AddressInfo).port}/v1`;
  }

  const withConfig = (toml: string) => {
    sandbox = new CliSandbox();
    writeFileSync(path.join(sandbox.home, 'config.toml'), toml);
  };

  it('list names what there is and what is missing for the rest; a server that is found is offered', async () => {
    const good = await listen((request, response) => {
      assert.equal(request.url, '/v1/models');
      response.setHeader('content-type', 'application/json');
      response.end(
        JSON.stringify({ object: 'list', data: [{ id: 'llama4:8b' }, { id: 'qwen4', context_length: 32_768 }] }),
      );
    });
    const silent = await listen(() => undefined);
    const stranger = await listen((_request, response) => response.end('<h1>My app</h1>'));
    withConfig(
      `[providers.ollama]\nbase_url = "${good}"\n[providers.vllm]\nbase_url = "${silent}"\n[providers.lmstudio]\nbase_url = "${stranger}"\n`,
    );
    const listed = await sandbox.json<ModelList>(['model', 'list']);
    assert.equal(listed.code, 0);
    const of = (name: string) => listed.providers.find((provider) => provider.name === name);
    assert.deepEqual(
      of('ollama')?.models.map(({ name, context_tokens }) => [name, context_tokens]),
      [
        ['ollama/llama4:8b', null],
        ['ollama/qwen4', 32_768],
      ],
    );
    assert.equal(of('ollama')?.missing, null);
    assert.match(of('vllm')?.missing?.message ?? '', /^Nothing answers at http/);
    assert.equal(of('vllm')?.missing?.command, 'vllm serve MODEL');
    assert.match(of('lmstudio')?.missing?.message ?? '', /^What answers at .* is not LM Studio\.$/);
    assert.deepEqual(
      [of('anthropic')?.missing?.kind, of('openai')?.missing?.kind, of('vscode')?.missing?.kind],
      ['key', 'key', 'window'],
    );
    const fallback = of('anthropic')?.models.find(({ is_default }) => is_default);
    assert.deepEqual([fallback?.name, fallback?.usable], [listed.default_model, false]);
    const { stdout } = await sandbox.animus(['model', 'list']);
    assert.match(stdout, /^ {2}ollama\/qwen4 +33k context/m);
    assert.match(stdout, /^ {2}Anthropic +There is no key for Anthropic\. Set ANTHROPIC_API_KEY\.$/m);
    const wrong = await sandbox.animus(['model', 'list', 'nobody']);
    assert.deepEqual([wrong.code, /There are anthropic, openai/.test(wrong.stderr)], [2, true]);
  });

  it('test tells whether a model answers, and ends with a code that says which way it went', async () => {
    const parsed = parseScript(JSON.stringify({ name: 's', turns: [{ text: 'I am ready to work.' }] }), 'json', 's');
    assert.equal(parsed.kind, 'script');
    let fault: { status: number } | undefined;
    const server = await startModelServer({ formats: [anthropicFormat], script: parsed.script, faultOf: () => fault });
    sandbox = new CliSandbox({ ANIMUS_ANTHROPIC_BASE_URL: server.url });
    try {
      const test = (env: Record<string, string> = { ANTHROPIC_API_KEY: KEY }) =>
        sandbox.json<ModelTest>(['model', 'test', 'anthropic/claude-sonnet-5-5'], { env });
      const keyless = await test({});
      assert.deepEqual([keyless.code, keyless.error?.kind, keyless.error?.waits], [4, 'auth', true]);
      assert.equal(server.requests.length, 0, 'nothing was asked');
      const answered = await test();
      assert.deepEqual([answered.code, answered.error, answered.text], [0, null, 'I am ready to work.']);
      assert.ok(answered.first_piece_ms !== null && answered.first_piece_ms <= answered.total_ms);
      assert.ok((answered.cost_usd ?? 0) > 0);
      fault = { status: 500 };
      const asked = server.requests.length;
      const broken = await test();
      assert.deepEqual([broken.code, broken.error?.kind], [1, 'api']);
      assert.equal(server.requests.length, asked + 1, 'a second try would hide it');
      fault = { status: 401 };
      assert.equal((await test()).code, 4);
      assert.equal((await sandbox.animus(['model', 'test', 'nobody/x'])).code, 2);
      assert.equal((await sandbox.animus(['model', 'test', 'scripted/demo'])).code, 0);
    } finally {
      await server.close();
    }
  });
});

describe('the models of windows', () => {
  let sandbox: CliSandbox;
  beforeEach(async () => {
    sandbox = new CliSandbox({ ANIMUS_MODEL: 'vscode/tests/plain' });
  });
  afterEach(() => sandbox.remove());

  type Shown = {
    item: { state: string; wait: { kind: string; next: string } | null; outcome: { summary: string } | null };
    foci: { estimated: boolean; attempt: number }[];
  };

  async function untilState(id: string, state: string): Promise<Shown> {
    for (let tries = 0; tries < 150; tries += 1) {
      const shown = await sandbox.json<Shown>(['work', 'show', id]);
      if (shown.item.state === state) return shown;
      await sleep(100);
    }
    throw new Error(`The item did not become ${state}.`);
  }

  const report = {
    type: 'tool_call',
    id: 'c1',
    name: 'report_outcome',
    input: { success: true, summary: 'By a window.' },
  } as const;
  const hasReported = ({ messages }: ModelQuestion) =>
    messages.some(({ content }) => content.some(({ type }) => type === 'tool_result'));

  /** A window with one model, which reports and ends. */
  async function openWindow(): Promise<{ client: HostClient; asked: ModelQuestion[] }> {
    const client = await sandbox.attach('vscode');
    const asked: ModelQuestion[] = [];
    client.onModelAsked(async (question, tell) => {
      asked.push(question);
      tell(hasReported(question) ? { type: 'text', text: 'Done.' } : report);
      return { kind: 'done' };
    });
    await client.request('model/offer', { pid: process.pid, models: [offered('tests', 'plain')] });
    return { client, asked };
  }

  it('do work while a window is there; without one it waits, and goes on by itself when one comes', async () => {
    const { id } = await sandbox.json<{ id: string }>(['work', 'submit', '--trust', 'look']);
    const waited = await sandbox.animus(['work', 'wait', id]);
    assert.equal(waited.code, 4, 'waiting for a person');
    assert.match(waited.stdout, /No open VS Code window that Animus may ask has vscode\/tests\/plain/);
    const { client, asked } = await openWindow();
    const done = await untilState(id, 'completed');
    assert.deepEqual([done.item.outcome?.summary, done.foci.length], ['By a window.', 1]);
    assert.equal(done.foci[0]?.estimated, true);
    assert.equal(asked.length, 2);
    await client.close();
  });

  it('go on at another window when one is closed in the middle of its answer', async () => {
    await sandbox.animus(['trust']);
    const first = await sandbox.attach('vscode');
    let isAsked: () => void = () => undefined;
    const asked = new Promise<void>((resolve) => {
      isAsked = resolve;
    });
    first.onModelAsked(async (_question, tell) => {
      tell({ type: 'text', text: 'Half a ' });
      isAsked();
      return new Promise(() => undefined);
    });
    await first.request('model/offer', { pid: process.pid, models: [offered('tests', 'plain')] });
    const { id } = await sandbox.json<{ id: string }>(['work', 'submit', 'look']);
    await asked;
    const second = await openWindow();
    await first.close();
    const done = await untilState(id, 'completed');
    assert.deepEqual(
      done.foci.map(({ attempt }) => attempt),
      [1],
      'in the same attempt',
    );
    assert.equal(second.asked.length, 2);
    await second.client.close();
  });

  it('[S7] are taken from windows of trusted folders only, and not from what an agent started', async () => {
    const early = await sandbox.connect();
    const window = await sandbox.attach('vscode');
    const offer = { pid: process.pid, models: [offered('tests', 'plain')] };
    await assert.rejects(window.request('model/offer', offer), /Nobody trusts this folder yet/);
    await assert.rejects(early.request('model/offer', offer), /Only a window of VS Code offers models/);
    await sandbox.animus(['trust']);
    const agent = spawn('sleep', ['60'], { env: { ANIMUS_RUN: '0190aaaa-0000-7000-8000-000000000000/run-1' } });
    await once(agent, 'spawn');
    await assert.rejects(window.request('model/offer', { ...offer, pid: agent.pid ?? 0 }), /may not offer models/);
    agent.kill();
    const listed = await window.request('model/list', { provider: 'vscode' });
    assert.deepEqual(listed.providers[0]?.models, [], 'nothing of it was kept');
    await window.request('model/offer', offer);
    const kept = await window.request('model/list', { provider: 'vscode' });
    assert.deepEqual(
      kept.providers[0]?.models.map(({ name }) => name),
      ['vscode/tests/plain'],
    );
    for (const client of [early, window]) await client.close();
  });

  it('[S13] are refused where an offer is forged', async () => {
    await sandbox.animus(['trust']);
    const window = await sandbox.attach('vscode');
    const good = offered('tests', 'plain');
    const forged = [
      { ...good, vendor: 'a/b' },
      { ...good, vendor: '' },
      { ...good, id: 'x'.repeat(121) },
      { ...good, label: 'a\u001b[2Jb' },
      { ...good, max_input_tokens: -1 },
      { ...good, secret: 1 },
    ];
    for (const model of forged) {
      const offer = { pid: process.pid, models: [model] };
      await assert.rejects(window.request('model/offer', offer), /model\/offer/, JSON.stringify(model));
    }
    const many = { pid: process.pid, models: Array.from({ length: 201 }, (_, n) => offered('tests', `m${n}`)) };
    await assert.rejects(window.request('model/offer', many), /model\/offer/);
    assert.equal((await window.request('host/status', {})).pid, window.host.pid, 'and the host lives');
    await window.close();
  });
});
