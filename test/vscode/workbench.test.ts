/** The packaged extension, installed into a VS Code and driven as a person would; pictures of it in .cache/screenshots. */
import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { promisify } from 'node:util';
import type { Browser, Page } from 'playwright-core';
import { packagedExtension } from '../support/vscode-package.ts';
import { type CodeServerName, findCodeServer, missingForWorkbench } from '../support/vscode-parts.ts';
import { VsCodeSandbox } from '../support/vscode-sandbox.ts';
import { launchBrowser, VsCodeServer } from '../support/vscode-server.ts';
import { Workbench } from '../support/vscode-workbench.ts';

const ROOT = path.resolve(import.meta.dirname, '../..');

const entry = (entry_type: string, content: string) => ({ name: 'ledger_append', input: { entry_type, content } });

/** Long enough to be watched. */
const STEADY = {
  name: 'steady',
  pace: { delay_ms: 350, chunk: 12, chunk_delay_ms: 6 },
  turns: [
    { text: 'I begin with a plan.', tool_calls: [entry('plan', 'Read the sources, then say where a day is defined.')] },
    { text: 'The sources are few.', tool_calls: [{ name: 'read_file', input: { path: 'src/date.ts' } }] },
    {
      text: '`DAY` is in **src/date.ts**.',
      tool_calls: [entry('finding', 'DAY is defined in src/date.ts:2 as 86_400_000 milliseconds.')],
    },
    { text: 'A test covers it.', tool_calls: [{ name: 'search_text', input: { pattern: 'DAY', path: '.' } }] },
    { tool_calls: [entry('decision', 'Leap seconds are left out, as the comment in the source says.')] },
    { tool_calls: [entry('step', 'Read both files and their test.')] },
    { tool_calls: [{ name: 'report_outcome', input: { success: true, summary: 'A day is defined once.' } }] },
    { text: 'Done.' },
  ],
};

type Driven = {
  server: VsCodeServer;
  sandbox: VsCodeSandbox;
  browser: Browser;
  workbench: Workbench;
  faults: string[];
};

async function drive(
  name: CodeServerName,
  options: { asksForTrust?: boolean; settings?(sandbox: VsCodeSandbox): Record<string, unknown> } = {},
): Promise<Driven> {
  const codeServer = findCodeServer(name);
  assert.ok(codeServer);
  const sandbox = new VsCodeSandbox();
  const server = new VsCodeServer({
    codeServer,
    env: sandbox.env,
    settings: options.settings?.(sandbox) ?? {},
    asksForTrust: options.asksForTrust ?? false,
  });
  await server.install(await packagedExtension());
  await server.start();
  const browser = await launchBrowser();
  const page = await browser.newPage({ viewport: { width: 1280, height: 800 } });
  const workbench = new Workbench(page, server);
  const driven = { server, sandbox, browser, workbench, faults: listenForFaults(page) };
  await workbench.open(sandbox.workspace);
  await workbench.showAnimus();
  return driven;
}

/** What a page was not allowed, and what our own code threw. */
function listenForFaults(page: Page): string[] {
  const faults: string[] = [];
  page.on('console', (message) => {
    const text = message.text();
    const isOurs = /Content Security Policy|animus\.animus/i.test(text);
    if (message.type() === 'error' && isOurs) faults.push(text.slice(0, 400));
  });
  return faults;
}

async function end(driven: Driven | undefined): Promise<void> {
  await driven?.browser.close();
  await driven?.server.stop();
  await driven?.sandbox.remove();
}

/** The command in a terminal of its own, on the same home and folder. */
async function animus(sandbox: VsCodeSandbox, args: readonly string[], env: Record<string, string> = {}) {
  const options = {
    cwd: sandbox.workspace,
    env: { PATH: process.env.PATH ?? '', HOME: sandbox.home, ...sandbox.env, ...env },
  };
  return promisify(execFile)(process.execPath, [path.join(ROOT, 'dist/animus.mjs'), ...args], options);
}

/** Runs a test of its own step by step and keeps a picture of where it failed. */
function keepPictureOfFailure(title: string, driven: () => Driven | undefined): void {
  afterEach(async function () {
    if (this.currentTest?.isFailed()) await driven()?.workbench.shot(`failed-${title}`);
  });
}

const missing = missingForWorkbench();

function describeDriven(title: string, define: () => void): void {
  describe(title, function () {
    if (missing === undefined) {
      this.timeout(120_000);
      // Each test goes on where the one before it stopped.
      beforeEach(function () {
        if (this.currentTest?.parent?.tests.some((test) => test.isFailed())) this.skip();
      });
      define();
    } else it(`is driven (${missing})`);
  });
}

describeDriven('the packaged extension in a workbench', () => {
  let driven: Driven | undefined;
  const at = (): Driven => driven ?? assert.fail('VS Code is not there');

  before(async () => {
    driven = await drive('newest', { settings: (box) => ({ 'animus.model': box.script('steady', STEADY) }) });
  });
  after(() => end(driven));
  keepPictureOfFailure('workbench', () => driven);

  it('starts its host when its view is first shown, and says how to begin', async () => {
    const { workbench, sandbox } = at();
    await workbench.page.getByText('No work here yet').waitFor();
    assert.ok(sandbox.hostPid());
    await workbench.shots('empty');
  });

  it('submits from the palette; tree and ledger change before the eyes, without a reload', async () => {
    const { workbench } = at();
    await workbench.page.evaluate('globalThis.notReloaded = true');
    await workbench.command('Animus: Submit Work');
    await workbench.choice('general').click();
    await workbench.answer('What is general to do?', 'Find out where a day is defined, and whether it is tested');
    await workbench.row(/^Find out where a.*running/).waitFor();
    const ledger = workbench.webview('view');
    await ledger.getByText('DAY is defined in').first().waitFor();
    await workbench.shot('running');
    await workbench.row(/^Find out where a.*, general · script/).waitFor();
    await ledger.getByText('Read both files').first().waitFor();
    assert.equal(await workbench.page.evaluate('globalThis.notReloaded'), true);
  });

  it('opens its focus in an editor', async () => {
    const { workbench } = at();
    await workbench.clickFor(workbench.row(/^Find out where a/), workbench.tab(/^Find out where a day/));
    await workbench.webview('editor').getByText('A day is defined once.').first().waitFor();
    await workbench.shots('focus');
  });

  it('moves the keyboard from pane to pane with F6, and leaves the key to the workbench elsewhere', async () => {
    const { workbench } = at();
    const editor = workbench.webview('editor');
    const holdsKeyboard = () => workbench.page.evaluate<string | undefined>('document.activeElement?.className');
    await editor.locator('.step').first().click();
    for (const [key, pane] of [
      ['F6', '.detail-region'],
      ['F6', '.lanes'],
      ['F6', '.steps'],
      ['Shift+F6', '.lanes'],
    ] as const) {
      await workbench.page.keyboard.press(key);
      await editor.locator(`${pane}:focus-within`).waitFor();
      assert.match((await holdsKeyboard()) ?? '', /webview/, `${key} to ${pane} stays in the editor`);
    }
    await workbench.page.getByRole('tree', { name: 'Work' }).focus();
    await workbench.page.locator('.part.sidebar:focus-within').waitFor();
    await workbench.page.keyboard.press('Shift+F6');
    await workbench.page.locator('.part.sidebar:not(:focus-within)').waitFor();
    assert.doesNotMatch((await holdsKeyboard()) ?? '', /webview/);
  });

  it('shows work that was submitted in a terminal, why it waits, and what to do about it', async () => {
    const { workbench, sandbox } = at();
    await animus(sandbox, ['work', 'submit', 'Write the upgrade notes for version 4']);
    await workbench.row(/^Write the upgrade notes.*no API key/).waitFor();
    await workbench.row(/^No usable key for anthropic/).waitFor();
    await workbench.row('Set API Key…').click();
    await workbench.page.locator('.quick-input-widget').getByText('The key for Anthropic').waitFor();
    await workbench.input.fill('short');
    await workbench.page.locator('.quick-input-widget').getByText('between 8 and 1000').waitFor();
    await workbench.page.keyboard.press('Escape');
  });

  it('shows dead work with its reason', async () => {
    const { workbench, sandbox } = at();
    const model = sandbox.script('dead', { name: 'dead', turns: [{ error: 'context_exceeded' }] });
    await animus(sandbox, ['work', 'submit', '--max-attempts', '1', 'Check every link nightly'], {
      ANIMUS_MODEL: model,
    });
    await workbench.row(/^Check every link.*dead after 1 attempt/).waitFor();
    await workbench.row('Submit Again…').waitFor();
    await workbench.shots('work');
  });

  it('says from the status bar what is next', async () => {
    const { workbench } = at();
    await workbench.page.locator('.statusbar-item').getByRole('button', { name: 'Animus: 1 waiting for you' }).click();
    await workbench.choice('Write the upgrade notes').waitFor();
    await workbench.shot('what-next');
    await workbench.choice('Write the upgrade notes').click();
    await workbench.page.locator('.quick-input-widget').getByText('The key for Anthropic').waitFor();
    await workbench.page.keyboard.press('Escape');
  });

  it('[F1] goes on with a new host when the old one is killed, and has everything', async () => {
    const { workbench, sandbox } = at();
    const killed = sandbox.hostPid();
    assert.ok(killed);
    process.kill(killed, 'SIGKILL');
    for (let tries = 0; sandbox.hostPid() === killed && tries < 400; tries += 1) await sleep(50);
    assert.notEqual(sandbox.hostPid(), killed);
    await workbench.row(/^Find out where a/).waitFor();
    await workbench.command('Animus: Submit Work');
    await workbench.choice('general').click();
    await workbench.answer('What is general to do?', 'Look again after the crash');
    await workbench.row(/^Look again.*, general · script/).waitFor();
  });

  it('says that the host was stopped, and starts it from the view', async () => {
    const { workbench, sandbox } = at();
    await animus(sandbox, ['host', 'stop']);
    await workbench.page.getByText('Animus was stopped').first().waitFor();
    await workbench.shot('stopped');
    assert.equal(sandbox.hostPid(), undefined);
    await workbench.row('Start Animus').click();
    await workbench.hostIsReady();
    assert.ok(sandbox.hostPid());
  });

  it('says why the host cannot start, and tries again', async () => {
    const { workbench, sandbox } = at();
    const config = path.join(sandbox.home, 'config.toml');
    writeFileSync(config, 'modell = "anthropic/claude"\n');
    const pid = sandbox.hostPid();
    assert.ok(pid);
    process.kill(pid, 'SIGTERM');
    await workbench.page.getByText('Animus was stopped').first().waitFor();
    await workbench.row('Start Animus').click();
    await workbench.page
      .getByText(/modell/)
      .first()
      .waitFor();
    await workbench.shot('failed-start');
    rmSync(config);
    await workbench.row('Try Again').click();
    await workbench.hostIsReady();
    assert.ok(sandbox.hostPid());
  });

  it('shows its log, with the end of the log of the host', async () => {
    const { workbench, sandbox } = at();
    await workbench.command('Animus: Show Logs');
    const output = workbench.page.locator('.output-view-container, .pane-body.output-view').first();
    await output.getByText(`connected to process ${sandbox.hostPid()}`).first().waitFor();
    await output.getByText('"event":"host.start"').first().waitFor();
    await workbench.shot('logs');
    await workbench.command('View: Toggle Panel Visibility');
  });

  it('[F23] restores the focus editor when the window is loaded again', async () => {
    const { workbench } = at();
    await workbench.page.reload();
    await workbench.tab(/^Find out where a day/).waitFor();
    await workbench.webview('editor').getByText('A day is defined once.').first().waitFor();
  });

  it('runs the demo: its ledger and its focus, and the word that a script answers', async () => {
    const { workbench } = at();
    await workbench.row(/^Find out where a/).waitFor();
    await workbench.command('Animus: Run Demo');
    await workbench.row(/^Survey this folder.*running/).waitFor();
    await workbench.tab(/^Survey this folder/).waitFor();
    await workbench.shot('demo-running');
    await workbench.row(/^Survey this folder.*, general · script/).waitFor();
  });

  it('activates without work', async () => {
    const { workbench } = at();
    await workbench.command('Developer: Show Running Extensions');
    const row = workbench.page.locator('.runtime-extensions-editor .extension').filter({ hasText: 'Animus' });
    console.log(`      activation: ${(await row.locator('.activation-time').innerText()).trim()}`);
  });

  it('[S12] met nothing that its pages may not load, and threw nothing', () => {
    assert.deepEqual(at().faults, []);
  });
});

describeDriven('a folder that nobody trusts yet', () => {
  let driven: Driven | undefined;
  const at = (): Driven => driven ?? assert.fail('VS Code is not there');

  before(async () => {
    driven = await drive('newest', { asksForTrust: true });
  });
  after(() => end(driven));
  keepPictureOfFailure('untrusted', () => driven);

  it('[S7] starts nothing and reads nothing in it, and offers to manage trust', async () => {
    const { workbench, sandbox } = at();
    mkdirSync(path.join(sandbox.workspace, '.animus/faculties'), { recursive: true });
    sandbox.write('.animus/faculties/evil.toml', 'this is not toml');
    await workbench.page.getByText('Restricted Mode, so Animus has started nothing').first().waitFor();
    await workbench.command('Animus: Run Demo');
    await workbench.notification('Restricted Mode').waitFor();
    await workbench.webview('view').getByText('Restricted Mode').first().waitFor();
    await workbench.shots('untrusted');
    assert.ok(sandbox.isUntouched());
  });

  it('starts when the folder is trusted, and lets agents work there', async () => {
    const { workbench, sandbox } = at();
    await workbench.page.getByRole('button', { name: 'Manage Workspace Trust' }).first().click();
    await workbench.page.locator('.workspace-trust-editor').getByRole('button', { name: 'Trust', exact: true }).click();
    await workbench.page.getByText('No work here yet').waitFor();
    const { stdout } = await animus(sandbox, ['status', '--json']);
    assert.equal((JSON.parse(stdout) as { host: { trusted: boolean } }).host.trusted, true);
  });
});

describeDriven('the oldest VS Code that package.json declares', () => {
  let driven: Driven | undefined;
  const at = (): Driven => driven ?? assert.fail('VS Code is not there');

  before(async () => {
    driven = await drive('oldest', { settings: (box) => ({ 'animus.model': box.script('steady', STEADY) }) });
  });
  after(() => end(driven));
  keepPictureOfFailure('oldest', () => driven);

  it('is the one that is declared', () => {
    const read = (file: string) => JSON.parse(readFileSync(path.join(ROOT, file), 'utf8'));
    const { engines } = read('package.json') as { engines: { vscode: string } };
    const { dependencies } = read('test/vscode/code-server/oldest/package.json') as {
      dependencies: { 'code-server': string };
    };
    // Version 4.N of code-server is VS Code 1.N.
    assert.equal(engines.vscode, `^1.${dependencies['code-server'].split('.')[1]}.0`);
  });

  it('does the main job', async () => {
    const { workbench } = at();
    await workbench.page.getByText('No work here yet').waitFor();
    await workbench.command('Animus: Submit Work');
    await workbench.choice('general').click();
    await workbench.answer('What is general to do?', 'Find out where a day is defined, and whether it is tested');
    await workbench.webview('view').getByText('DAY is defined in').first().waitFor();
    const row = workbench.row(/^Find out where a.*, general · script/);
    await workbench.clickFor(row, workbench.tab(/^Find out where a day/));
    await workbench.webview('editor').getByText('A day is defined once.').first().waitFor();
    await workbench.shot('oldest');
    assert.deepEqual(at().faults, []);
  });
});
