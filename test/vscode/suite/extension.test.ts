/** The extension within a real extension host: what it registers, starts, shows, survives and refuses. */
import assert from 'node:assert/strict';
import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import * as vscode from 'vscode';
import { attachIfRunning } from '../../../src/client/find-or-start-host.ts';
import type { HostClient } from '../../../src/client/host-client.ts';
import type { TestApi } from '../../../src/extension/activate.ts';
import { secretName } from '../../../src/extension/host/api-key.ts';
import type { Main } from '../../../src/extension/main.ts';
import { COMMAND_NAMES } from '../../../src/extension/names.ts';
import type { Row } from '../../../src/extension/work/work-rows.ts';
import { uuidv7 } from '../../../src/rendezvous/ids.ts';

const home = process.env.ANIMUS_HOME ?? '';
const slowModel = process.env.ANIMUS_TEST_SLOW_MODEL ?? '';
const writingModel = process.env.ANIMUS_TEST_WRITING_MODEL ?? '';
const quickModel = process.env.ANIMUS_TEST_QUICK_MODEL ?? '';
const toolModel = process.env.ANIMUS_TEST_TOOL_MODEL ?? '';
const endlessToolModel = process.env.ANIMUS_TEST_ENDLESS_TOOL_MODEL ?? '';

/** Names tools of VS Code; what calls them asks a person, but for these two. */
const TOOLSMITH = `[faculty]
name = "toolsmith"
description = "Works with the tools of VS Code."

[faculty.engage]
tools = ["vscode__tests_*", "vscode__absent"]

[faculty.permissions]
allow = ["vscode__tests_broken", "vscode__tests_endless"]
`;

type Asked = {
  model: string;
  messages: { role: number; content: { text?: string; result?: string }[] }[];
  tools: string[];
  /** The model or tool that was told to end. */
  cancelled?: string;
  /** The tool that was called, and with what. */
  called?: string;
  text?: string;
  inChat?: boolean;
};

/** What the models and tools of test/vscode/model-provider were asked. */
function asked(): Asked[] {
  const file = process.env.ANIMUS_TEST_ASKED ?? '';
  if (!existsSync(file)) return [];
  return readFileSync(file, 'utf8')
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line) as Asked);
}

async function until<T>(what: string, look: () => T | Promise<T>, ms = 20_000): Promise<NonNullable<T>> {
  const deadline = Date.now() + ms;
  for (;;) {
    const found = await look();
    if (found) return found;
    if (Date.now() > deadline) throw new Error(`In ${ms} ms it did not come to it: ${what}`);
    await sleep(25);
  }
}

describe('the extension in VS Code', () => {
  let animus: Main;
  let loadedByActivation: boolean;
  let others: HostClient[] = [];

  const state = () => animus.connection.state.kind;
  const pid = () => (animus.connection.state.kind === 'ready' ? animus.connection.state.client.host.pid : undefined);
  const submitTo = (faculty: string, description: string) =>
    vscode.commands.executeCommand<string>('animus.submitWork', { faculty, description });
  const submit = (description: string) => submitTo('general', description);
  const useModel = (model: string) =>
    vscode.workspace.getConfiguration().update('animus.model', model, vscode.ConfigurationTarget.Global);
  const rowsUnder = (parent?: Row) => animus.tree.getChildren(parent);
  const groupOf = (id: string) =>
    rowsUnder().find((group) => rowsUnder(group).some((row) => row.kind === 'work' && row.id === id));
  const isPaused = (id: string) => {
    const group = groupOf(id);
    return group?.kind === 'group' && group.group === 'paused';
  };
  const labelOf = (row: Row) => String(animus.tree.getTreeItem(row).label);
  const ended = (id: string) => until(`${id} ends`, () => animus.model.get(id)?.item.state === 'completed', 40_000);
  const entriesOf = async (id: string) => (await animus.connection.request('ledger/read', { id })).entries;

  /** Another client of the same host, as a second window or a terminal would be. */
  async function attach(): Promise<HostClient> {
    const client = await attachIfRunning(animus.place().location);
    assert.ok(client);
    others.push(client);
    return client;
  }

  before(async () => {
    const extension = vscode.extensions.getExtension<TestApi>('animus.animus');
    assert.ok(extension, 'the extension is not installed');
    const { isLoaded, load } = await extension.activate();
    await sleep(300);
    loadedByActivation = isLoaded();
    animus = await load();
  });

  afterEach(async () => {
    for (const other of others) await other.close();
    others = [];
  });

  it('registers when it is activated and loads no more, and starts nothing when it is loaded', async () => {
    assert.equal(loadedByActivation, false);
    await sleep(300);
    assert.equal(state(), 'idle');
    assert.equal(existsSync(home) && readdirSync(home).length > 0, false);
  });

  it('has every command that package.json names, and no other', async () => {
    const manifest: { contributes: { commands: { command: string }[] } } =
      vscode.extensions.getExtension('animus.animus')?.packageJSON;
    const named = manifest.contributes.commands.map(({ command }) => command).sort();
    assert.deepEqual(named, COMMAND_NAMES.map((name) => `animus.${name}`).sort());
    const registered = await vscode.commands.getCommands(true);
    assert.deepEqual(
      named.filter((name) => !registered.includes(name)),
      [],
    );
  });

  it('starts a host when its view is first shown, and trusts for a trusted window', async () => {
    await vscode.commands.executeCommand('animus.work.focus');
    await until('the host is ready', () => state() === 'ready');
    const shown = await animus.connection.request('trust/show', {});
    assert.equal(shown.trusted, true);
    assert.equal(shown.folder, vscode.workspace.workspaceFolders?.[0]?.uri.fsPath);
  });

  it('shows submitted work in the tree, from queued to finished, and its ledger by itself', async () => {
    await useModel(quickModel);
    await vscode.commands.executeCommand('animus.showLedger');
    const id = await submit('Look at this folder and say what is in it. Be brief.');
    await until('it is in the tree', () => groupOf(id));
    const row = rowsUnder(groupOf(id)).find((child) => child.kind === 'work' && child.id === id);
    assert.ok(row);
    assert.equal(labelOf(row), 'Look at this folder and…');
    await ended(id);
    const group = groupOf(id);
    assert.ok(group);
    assert.equal(labelOf(group), 'Finished');
    const entries = await entriesOf(id);
    assert.ok(entries.length > 0);
  });

  it('serves two connections: what one submits the other sees', async () => {
    const other = await attach();
    assert.equal(other.host.pid, pid());
    const id = uuidv7();
    const asked = {
      id,
      faculty: 'general',
      description: 'From another window',
      model: quickModel,
      source: 'api' as const,
    };
    await other.request('work/submit', asked);
    await until('it is in this window', () => groupOf(id));
    await ended(id);
  });

  it('opens the focus of an item in an editor, once', async () => {
    const id = await submit('Open my focus');
    await ended(id);
    const focusId = await vscode.commands.executeCommand<string>('animus.openFocus', { workId: id });
    const again = await vscode.commands.executeCommand<string>('animus.openFocus', { workId: id });
    assert.equal(again, focusId);
    const panels = () =>
      vscode.window.tabGroups.all
        .flatMap(({ tabs }) => tabs)
        .filter(({ input }) => input instanceof vscode.TabInputWebview && input.viewType.includes('animus.focus'));
    await until('its tab is there', () => panels().length > 0);
    assert.equal(panels().length, 1);
    assert.ok(animus.panels.linkOf(focusId));
  });

  it('pauses work and lets it go on, one item and all of it', async () => {
    await useModel(slowModel);
    const id = await submit('Work slowly enough to be paused');
    await until('it has recorded something', async () => (await entriesOf(id)).length > 0);
    await vscode.commands.executeCommand('animus.pauseWork', { workId: id });
    await until('it is paused', () => isPaused(id));
    await vscode.commands.executeCommand('animus.pauseAll');
    await until('the view knows of all', () => animus.model.allPaused);
    await vscode.commands.executeCommand('animus.resumeAll');
    await until('the view knows that it is over', () => !animus.model.allPaused);
    assert.ok(isPaused(id), 'it was paused by itself');
    await vscode.commands.executeCommand('animus.resumeWork', { workId: id });
    await ended(id);
    const entries = await entriesOf(id);
    assert.equal(new Set(entries.map(({ content }) => content)).size, entries.length);
  });

  it('[F23] brings back a host that was killed, and nothing is lost or done twice', async () => {
    await useModel(slowModel);
    const id = await submit('Work slowly enough to be killed');
    await until('it has recorded something', async () => (await entriesOf(id)).length > 0);
    const before = await entriesOf(id);
    const killed = pid();
    assert.ok(killed);
    process.kill(killed, 'SIGKILL');
    await until('another host is there', () => pid() !== undefined && pid() !== killed);
    await ended(id);
    const after = await entriesOf(id);
    assert.deepEqual(after.slice(0, before.length), before);
    assert.deepEqual(
      after.map(({ seq }) => seq),
      after.map((_, at) => at + 1),
    );
    assert.equal(new Set(after.map(({ content }) => content)).size, after.length);
  });

  it('leaves a host alone that somebody stopped, and meets the one that somebody starts', async () => {
    const stopped = pid();
    const other = await attach();
    await other.request('host/drain', { reason: 'a test' });
    await other.closed;
    await until('the window says so', () => state() === 'down');
    await sleep(1500);
    assert.equal(state(), 'down');
    await vscode.commands.executeCommand('animus.startHost');
    assert.equal(state(), 'ready');
    assert.notEqual(pid(), stopped);
  });

  it('restarts the host on request', async () => {
    const old = pid();
    await vscode.commands.executeCommand('animus.restartHost');
    assert.equal(state(), 'ready');
    assert.notEqual(pid(), old);
  });

  it('does work with a model of VS Code once a person has allowed it, through its tool, and marks the figures as estimates', async () => {
    await useModel('vscode/tests/plain');
    const id = await submit('Look at this folder with what VS Code has');
    const waits = () => animus.model.get(id)?.item.wait;
    await until('it waits for the model, which nobody has allowed', () => waits()?.kind === 'model');
    assert.match(waits()?.next ?? '', /No open VS Code window that Animus may ask has vscode\/tests\/plain/);
    assert.deepEqual(asked(), [], 'nothing was asked of it');
    await animus.allowedVendors.allow('tests');
    animus.modelOffers.changed();
    await ended(id);
    const shown = await animus.connection.request('work/show', { id });
    assert.equal(shown.item.outcome?.summary, 'A model of VS Code did it.');
    assert.deepEqual(
      (await entriesOf(id)).map(({ content }) => content),
      ['Seen by a model of VS Code.'],
    );
    const [focus] = shown.foci;
    assert.equal(focus?.model, 'vscode/tests/plain');
    assert.deepEqual([focus?.estimated, shown.item.estimated], [true, true]);
    assert.ok((focus?.input_tokens ?? 0) > 500);
    const [first, second] = asked();
    assert.deepEqual(
      first?.messages.map(({ role }) => role),
      [1, 1],
      'the instructions are a message of the user',
    );
    assert.ok(first?.tools.includes('ledger_append'));
    assert.equal(second?.messages.at(-1)?.content[0]?.result, 'call-0');
  });

  it('ends the question to a model of VS Code when the work is cancelled', async () => {
    await useModel('vscode/tests/endless');
    const id = await submit('Work without an end');
    await until('the model is asked', () => asked().some(({ model }) => model === 'endless'));
    await animus.connection.request('work/cancel', { id });
    await until('it is told to end', () => asked().some(({ cancelled }) => cancelled === 'endless'));
    assert.equal((await animus.connection.request('work/show', { id })).item.state, 'cancelled');
    await useModel(quickModel);
  });

  it('calls tools of other extensions for agents whose faculty names them, once a person has allowed it', async () => {
    mkdirSync(path.join(home, 'faculties'), { recursive: true });
    writeFileSync(path.join(home, 'faculties', 'toolsmith.toml'), TOOLSMITH);
    await useModel(toolModel);
    const id = await submitTo('toolsmith', 'Echo a heron with a tool of VS Code');
    const asks = await until('a person is asked', async () => {
      const { approvals } = await animus.connection.request('approval/list', {});
      return approvals.find(({ work_item_id }) => work_item_id === id);
    });
    assert.deepEqual([asks.tool, asks.arguments], ['vscode__tests_echo', { text: 'heron' }]);
    assert.equal(
      asked().some(({ called }) => called !== undefined),
      false,
      'nothing was called yet',
    );
    await animus.connection.request('approval/decide', { id: asks.id, decision: 'allow', pid: process.pid });
    await ended(id);
    const seen = await animus.connection.request('focus/context', { id });
    assert.deepEqual(
      seen.tools.filter((name) => name.startsWith('vscode__')),
      ['vscode__tests_broken', 'vscode__tests_confirmed', 'vscode__tests_echo', 'vscode__tests_endless'],
    );
    const conversation = JSON.stringify(seen.messages);
    assert.match(conversation, /== MISSING TOOLS ==\\nvscode__absent: .*no extension in the open window has it now/);
    const results = seen.messages.flatMap(({ content }) => content.filter(({ type }) => type === 'tool_result'));
    assert.match(
      JSON.stringify(results[0]),
      /text heron\\n\\nprompt heron\\n\{.*json.*heron.*\}\\n\[image\/png, 3 bytes: not shown\]/,
    );
    assert.match(JSON.stringify(results[1]), /vscode__tests_broken failed: .*broken on purpose/);
    assert.deepEqual(
      asked().filter(({ called }) => called !== undefined),
      [{ called: 'tests_echo', text: 'heron', inChat: false }],
    );
  });

  it('ends the call of a tool of another extension when the work is cancelled', async () => {
    await useModel(endlessToolModel);
    const id = await submitTo('toolsmith', 'Call a tool without an end');
    await until('the tool is called', () => asked().some(({ called }) => called === 'tests_endless'));
    await animus.connection.request('work/cancel', { id });
    await until('it is told to end', () => asked().some(({ cancelled }) => cancelled === 'tests_endless'));
    assert.equal((await animus.connection.request('work/show', { id })).item.state, 'cancelled');
    await useModel(quickModel);
  });

  it('[S13] refuses forged messages of a page, and says so in the log', async () => {
    await vscode.commands.executeCommand('animus.showLedger');
    const link = await until('the ledger is there', () => animus.ledger.link);
    const forged = [
      undefined,
      null,
      'ready',
      { type: 'command', command: 'workbench.action.terminal.new' },
      { type: 'command', command: '../../workbench.action.quit' },
      { type: 'search', search: 1, text: 'x'.repeat(501), types: [], work_item_id: null },
      { type: 'open_focus', focus_id: "'; drop table work_items; --" },
      { type: 'open_file', path: 'README.md', command: 'rm' },
      { type: 'load_older', before: { created_at: 'yesterday', id: 1 } },
    ];
    for (const message of forged) assert.equal(await link.receive(message), false, JSON.stringify(message));
    const refused = animus.logged.filter((line) => line.includes('refused a message'));
    assert.equal(refused.length, forged.length);
  });

  it('[S13] opens files of the workspace only, and only web and mail links', async () => {
    const link = await until('the ledger is there', () => animus.ledger.link);
    const open = () => vscode.window.visibleTextEditors.map(({ document }) => path.basename(document.fileName));
    for (const outside of ['/etc/passwd', '../home/config.toml', `${home}/stores`]) {
      assert.equal(await link.receive({ type: 'open_file', path: outside }), true);
    }
    for (const href of ['javascript:alert(1)', 'file:///etc/passwd', 'command:workbench.action.quit', 'vscode://x/y']) {
      assert.equal(await link.receive({ type: 'open_link', href }), true);
    }
    assert.deepEqual(open(), []);
    await link.receive({ type: 'open_file', path: 'README.md', line: 3 });
    await until('the file is open', () => open().includes('README.md'));
    assert.equal(vscode.window.activeTextEditor?.selection.active.line, 2);
  });

  it('shows what a call did to a file in the editor of differences, and what the model saw as a document', async () => {
    await useModel(writingModel);
    const id = await submit('Write of herons');
    const approval = await until('it asks', async () => {
      const { approvals } = await animus.connection.request('approval/list', {});
      return approvals.find(({ work_item_id }) => work_item_id === id);
    });
    await animus.connection.request('approval/decide', { id: approval.id, decision: 'allow', pid: process.pid });
    await ended(id);
    const focusId = await vscode.commands.executeCommand<string>('animus.openFocus', { workId: id });
    const link = await until('its editor is there', () => animus.panels.linkOf(focusId));
    const { tool_calls } = await animus.connection.request('focus/read', { id: focusId });
    const call = tool_calls.find(({ change }) => change);
    assert.deepEqual(
      [call?.name, call?.approval?.state, call?.change?.kind, call?.change?.added],
      ['write_file', 'allowed', 'created', 1],
    );
    await link.receive({ type: 'open_change', call_id: call?.id });
    const difference = await until('the difference is open', () => {
      const input = vscode.window.tabGroups.activeTabGroup.activeTab?.input;
      return input instanceof vscode.TabInputTextDiff ? input : undefined;
    });
    assert.deepEqual(
      [difference.original.scheme, path.basename(difference.modified.fsPath)],
      ['animus-before', 'herons.md'],
    );
    await vscode.commands.executeCommand('workbench.action.closeActiveEditor');

    await link.receive({ type: 'show_context', turn: 1 });
    const saw = await until('what the model saw is open', () => {
      const document = vscode.window.activeTextEditor?.document;
      return document?.uri.scheme === 'animus-context' ? document : undefined;
    });
    const request = JSON.parse(saw.getText());
    assert.deepEqual([request.focus_id, request.turn, saw.languageId], [focusId, 1, 'json']);
    assert.match(JSON.stringify(request.messages), /Write of herons/);
    await vscode.commands.executeCommand('type', { text: 'not there' });
    assert.doesNotMatch(saw.getText(), /not there/, 'nobody writes into it');
    await vscode.commands.executeCommand('workbench.action.closeActiveEditor');

    for (const forged of [
      { type: 'show_context', turn: 0 },
      { type: 'undo_change', call_id: '../x' },
      { type: 'approve', approval_id: approval.id, decision: 'allow' },
    ]) {
      assert.equal(await link.receive(forged), false, JSON.stringify(forged));
    }
    await useModel(quickModel);
  });

  it('[S15] gives the key of the secret storage to the host, and to nothing else', async () => {
    const secret = `sk-ant-test-${'q'.repeat(30)}`;
    const name = secretName('anthropic', 'https://api.anthropic.com');
    await animus.secrets.store(name, secret);
    await until('the host has it', async () =>
      (await animus.connection.request('host/status', {})).credentials.includes('anthropic'),
    );
    const files = readdirSync(home, { recursive: true, withFileTypes: true }).filter((entry) => entry.isFile());
    const leaks = files.filter((entry) =>
      readFileSync(path.join(entry.parentPath, entry.name), 'latin1').includes(secret),
    );
    assert.deepEqual(leaks, []);
    assert.equal(
      animus.logged.some((line) => line.includes(secret)),
      false,
    );
    await animus.secrets.delete(name);
  });

  it('puts the animus command on the path of terminals', async () => {
    const out = path.join(home, 'status.json');
    const terminal = vscode.window.createTerminal({ shellPath: '/bin/sh', env: { ENV: '', ANIMUS_HOME: home } });
    terminal.sendText(`animus host status --json > '${out}.new' && mv '${out}.new' '${out}'`);
    const status = await until('the command has answered', () => (existsSync(out) ? readFileSync(out, 'utf8') : ''));
    terminal.dispose();
    const { host } = JSON.parse(status) as { host: { pid: number } };
    assert.equal(host.pid, pid());
  });
});
