/** Tools of windows, which here are clients of the test's own, as the built command and its host have them called. */
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import type { HostClient } from '../../src/client/host-client.ts';
import type { OfferedTool, ToolCall } from '../../src/protocol/window-tools.ts';
import { CliSandbox } from '../support/cli-sandbox.ts';
import { until } from '../support/engine-wait.ts';
import { offeredTool } from '../support/window-fake.ts';

const FACULTY = `[faculty]
name = "general"
description = "Works with a tool of VS Code."
[faculty.engage]
tools = ["vscode__look"]
`;

const SCRIPT = {
  name: 'looks',
  turns: [
    { tool_calls: [{ name: 'vscode__look', input: { text: 'herons' } }] },
    { tool_calls: [{ name: 'report_outcome', input: { success: true, summary: 'Looked.' } }] },
    { text: 'Done.' },
  ],
};

type Approval = { id: string; tool: string; work_item_id: string };

describe('the tools of windows', function () {
  this.timeout(180_000);
  let sandbox: CliSandbox;
  const clients: HostClient[] = [];

  beforeEach(async () => {
    sandbox = new CliSandbox();
    mkdirSync(path.join(sandbox.home, 'faculties'));
    writeFileSync(path.join(sandbox.home, 'faculties/general.toml'), FACULTY);
  });
  afterEach(async () => {
    for (const client of clients.splice(0)) await client.close();
    await sandbox.remove();
  });

  async function openWindow(tools: readonly OfferedTool[] = []): Promise<{ client: HostClient; called: ToolCall[] }> {
    const client = await sandbox.attach('vscode');
    clients.push(client);
    const called: ToolCall[] = [];
    client.onToolCalled(async (call) => {
      called.push(call);
      return { kind: 'done', text: `seven ${call.input.text}` };
    });
    if (tools.length > 0) await client.request('tool/offer', { pid: process.pid, tools: [...tools] });
    return { client, called };
  }

  /** Work that has come to its call, which asks. */
  async function askedFor(): Promise<{ id: string; approval: Approval }> {
    const env = { ANIMUS_MODEL: sandbox.script(SCRIPT) };
    const { id } = await sandbox.json<{ id: string }>(['work', 'submit', 'look'], { env });
    const waited = await sandbox.json<{ item: { wait: { kind: string } | null } }>(['work', 'wait', id]);
    assert.deepEqual([waited.code, waited.item.wait?.kind], [4, 'approval']);
    const { approvals } = await sandbox.json<{ approvals: Approval[] }>(['approvals']);
    const [approval] = approvals;
    assert.ok(approval);
    assert.equal(approval.tool, 'vscode__look');
    return { id, approval };
  }

  async function resultOf(client: HostClient, id: string): Promise<{ content: string; is_error: boolean } | null> {
    const { foci } = await client.request('work/show', { id });
    const { tool_calls: calls } = await client.request('focus/read', { id: foci[0]?.id ?? '' });
    return calls[0]?.result ?? null;
  }

  it('are called once a person has allowed it, and the work ends with the result', async () => {
    await sandbox.animus(['trust']);
    const { client, called } = await openWindow([offeredTool('look')]);
    const { id, approval } = await askedFor();
    assert.deepEqual(called, []);
    await sandbox.animus(['approvals', 'allow', approval.id]);
    assert.equal((await sandbox.animus(['work', 'wait', id])).code, 0);
    assert.deepEqual(
      called.map(({ name, input }) => [name, input]),
      [['look', { text: 'herons' }]],
    );
    assert.deepEqual(await resultOf(client, id), { content: 'seven herons', is_error: false });
  });

  it('are listed by the names that faculties have for them, as long as their window is there', async () => {
    await sandbox.animus(['trust']);
    const { client } = await openWindow();
    assert.match((await sandbox.animus(['tool', 'list'])).stdout, /^No VS Code window with Animus is open/);
    await client.request('tool/offer', { pid: process.pid, tools: [] });
    assert.match((await sandbox.animus(['tool', 'list'])).stdout, /^No extension in the open window has any/);
    const tools = [
      offeredTool('look', { tags: ['birds'] }),
      offeredTool('a.b', { description: 'Two\nlines\u001b[2J.' }),
    ];
    await client.request('tool/offer', { pid: process.pid, tools });
    const { code, stdout } = await sandbox.animus(['tool', 'list']);
    assert.equal(code, 0);
    assert.deepEqual(
      stdout
        .trim()
        .split('\n')
        .map((line) => line.split(/ {2,}/)[0]),
      ['NAME', 'vscode__a_b_2e7336dc', 'vscode__look'],
    );
    assert.match(stdout, /Two lines/);
    assert.ok(!stdout.includes('\u001b'), 'and steers no terminal');
    const listed = await sandbox.json<{ windows: number; tools: object[] }>(['tool', 'list']);
    assert.equal(listed.windows, 1);
    assert.deepEqual(listed.tools[1], {
      ...{ name: 'vscode__look', vscode_name: 'look', description: 'Does look.', tags: ['birds'] },
    });
  });

  it('that were under way when their window closed are an error that says so, and the work goes on', async () => {
    await sandbox.animus(['trust']);
    const { client } = await openWindow();
    const { promise: isCalled, resolve } = Promise.withResolvers<void>();
    client.onToolCalled(() => {
      resolve();
      return new Promise(() => undefined);
    });
    await client.request('tool/offer', { pid: process.pid, tools: [offeredTool('look')] });
    const { id, approval } = await askedFor();
    const other = await openWindow([offeredTool('look')]);
    await sandbox.animus(['approvals', 'allow', approval.id]);
    await isCalled;
    await client.close();
    assert.equal((await sandbox.animus(['work', 'wait', id])).code, 0);
    const result = await resultOf(other.client, id);
    assert.match(result?.content ?? '', /^The VS Code window went away while vscode__look ran\. It may or may not/);
    assert.deepEqual(other.called, [], 'it is not called again, in no other window either');
  });

  it('are waited for while a window reloads', async () => {
    await sandbox.animus(['trust']);
    const first = await openWindow([offeredTool('look')]);
    const { id, approval } = await askedFor();
    await first.client.close();
    await sandbox.animus(['approvals', 'allow', approval.id]);
    const watcher = await sandbox.attach();
    clients.push(watcher);
    await until(async () => (await watcher.request('work/show', { id })).item.state === 'running');
    const second = await openWindow([offeredTool('look')]);
    assert.equal((await sandbox.animus(['work', 'wait', id])).code, 0);
    assert.equal(second.called.length, 1);
  });

  it('[S7] are taken from windows of trusted folders only, and not from what an agent started', async () => {
    const early = await sandbox.connect();
    clients.push(early);
    const { client: window } = await openWindow();
    const offer = { pid: process.pid, tools: [offeredTool('look')] };
    await assert.rejects(window.request('tool/offer', offer), /Nobody trusts this folder yet/);
    await assert.rejects(early.request('tool/offer', offer), /Only a window of VS Code offers tools/);
    await sandbox.animus(['trust']);
    const agent = spawn('sleep', ['60'], { env: { ANIMUS_RUN: '0190aaaa-0000-7000-8000-000000000000/run-1' } });
    await once(agent, 'spawn');
    await assert.rejects(window.request('tool/offer', { ...offer, pid: agent.pid ?? 0 }), /may not offer tools/);
    agent.kill();
  });

  it('[S13] are refused where an offer is forged', async () => {
    await sandbox.animus(['trust']);
    const { client: window } = await openWindow();
    const good = offeredTool('look');
    const forged = [
      { ...good, name: '' },
      { ...good, name: 'x'.repeat(201) },
      { ...good, name: 'a\u001b[2Jb' },
      { ...good, description: 'x'.repeat(10_001) },
      { ...good, input_schema: { type: 'array' } },
      { ...good, input_schema: { type: 'object', description: 'x'.repeat(100_001) } },
      { ...good, tags: ['\u202e'] },
      { ...good, secret: 1 },
    ];
    for (const tool of forged) {
      const offer = { pid: process.pid, tools: [tool] };
      await assert.rejects(window.request('tool/offer', offer), /tool\/offer/, JSON.stringify(tool).slice(0, 80));
    }
    const many = Array.from({ length: 301 }, (_, n) => offeredTool(`t${n}`));
    await assert.rejects(window.request('tool/offer', { pid: process.pid, tools: many }), /tool\/offer/);
    const schema = { type: 'object', description: 'x'.repeat(90_000) };
    const large = Array.from({ length: 30 }, (_, n) => offeredTool(`t${n}`, { input_schema: schema }));
    await assert.rejects(window.request('tool/offer', { pid: process.pid, tools: large }), /tool\/offer/);
    await window.request('tool/offer', { pid: process.pid, tools: [good] });
    assert.equal((await window.request('host/status', {})).pid, window.host.pid, 'and the host lives');
  });
});
