/** Work goes on whatever windows do: it streams into them, they come and go, its host is killed, a terminal looks on. */
import assert from 'node:assert/strict';
import { setTimeout as sleep } from 'node:timers/promises';
import {
  animus,
  type Driven,
  describeDriven,
  drive,
  end,
  keepPictureOfFailure,
  openWindow,
} from '../support/vscode-driven.ts';
import { patient } from '../support/vscode-scripts.ts';
import type { Workbench } from '../support/vscode-workbench.ts';

/** Longer than any test here looks at it, and within the turns that the faculty allows. */
const STEPS = 44;

/** A window in a browser keeps what is open in it every five seconds, since it cannot when it goes. */
const KEPT_AFTER_MS = 7000;

type Shown = { item: { state: string; outcome: { summary: string } | null }; foci: unknown[] };

/** A turn in the focus editor. */
const articleWith = (workbench: Workbench, text: string) =>
  workbench.webview('editor').locator('.article').filter({ hasText: text }).first();

describeDriven('windows that come and go', () => {
  let driven: Driven | undefined;
  let second: Workbench | undefined;
  const at = (): Driven => driven ?? assert.fail('VS Code is not there');

  before(async () => {
    driven = await drive('newest', { settings: (box) => ({ 'animus.model': box.script('long', patient(STEPS)) }) });
  });
  after(() => end(driven));
  keepPictureOfFailure('windows', () => driven);

  /** What a terminal sees of the work. */
  async function inTerminal<Answer>(...args: string[]): Promise<Answer> {
    return JSON.parse((await animus(at().sandbox, [...args, '--json'])).stdout) as Answer;
  }

  async function submitInTerminal(description: string, steps: number): Promise<string> {
    const { sandbox } = at();
    const model = sandbox.script(`patient-${steps}`, patient(steps));
    const { stdout } = await animus(sandbox, ['work', 'submit', description, '--json'], { ANIMUS_MODEL: model });
    return (JSON.parse(stdout) as { id: string }).id;
  }

  async function recorded(id: string): Promise<{ seq: number; content: string }[]> {
    const { entries } = await inTerminal<{ entries: { seq: number; content: string }[] }>('ledger', 'show', id);
    return entries.map(({ seq, content }) => ({ seq, content }));
  }

  async function untilRecorded(id: string, count: number) {
    for (let tries = 0; tries < 200; tries += 1) {
      const entries = await recorded(id);
      if (entries.length >= count) return entries;
      await sleep(100);
    }
    return assert.fail(`${count} entries were not recorded`);
  }

  /** Nothing lost, nothing twice, in one attempt. */
  async function assertWhole(id: string, steps: number): Promise<void> {
    await animus(at().sandbox, ['work', 'wait', id]);
    const parts = Array.from({ length: steps }, (_, n) => ({ seq: n + 1, content: `part ${n + 1}` }));
    assert.deepEqual(await recorded(id), parts);
    const { item, foci } = await inTerminal<Shown>('work', 'show', id);
    assert.equal(item.state, 'completed');
    assert.equal(item.outcome?.summary, `All ${steps} parts are done.`);
    assert.equal(foci.length, 1);
  }

  it('streams the turns of a focus into its editor, piece by piece', async () => {
    const { workbench } = at();
    await workbench.page.getByText('No work here yet').waitFor();
    await workbench.command('Animus: Submit Work');
    await workbench.choice('general').click();
    await workbench.answer('What is general to do?', 'The long work');
    await workbench.clickFor(workbench.row(/^The long work.*running/), workbench.tab(/^The long work/));
    await workbench.webview('editor').locator('.article').first().waitFor();
    const seen = await workbench.watchText('editor', /Now I do part \d+[^.]*$/m, 3);
    assert.ok(seen.length >= 3, `unfinished sentences seen: ${JSON.stringify(seen)}`);
    await workbench.shots('streaming');
  });

  it('shows the same in a second window and in a terminal', async () => {
    const { workbench } = at();
    const context = await at().browser.newContext({ viewport: { width: 1280, height: 800 } });
    second = await openWindow({ ...at(), context });
    await second.row(/^The long work/).waitFor();
    const { items } = await inTerminal<{ items: { id: string; description: string }[] }>('work', 'list');
    assert.deepEqual(
      items.map(({ description }) => description),
      ['The long work'],
    );
    const last = (await recorded(items[0]?.id ?? '')).at(-1);
    assert.ok(last);
    for (const window of [workbench, second]) {
      await window.webview('view').getByText(last.content, { exact: true }).first().waitFor();
    }
    await second.clickFor(second.row(/^The long work/), second.tab(/^The long work/));
    await articleWith(second, last.content).waitFor();
    const id = await submitInTerminal('Written in a terminal', 1);
    for (const window of [workbench, second]) {
      await window.row(/^Written in a terminal.*, general · script/).waitFor();
      await window.webview('view').getByText('Written in a terminal').locator('visible=true').first().waitFor();
    }
    await assertWhole(id, 1);
  });

  it('[F23] goes on while the window is loaded again', async () => {
    const { workbench } = at();
    const id = await submitInTerminal('Through a reload', 30);
    await workbench.clickFor(workbench.row(/^Through a reload.*running/), workbench.tab(/^Through a reload/));
    await sleep(KEPT_AFTER_MS);
    const before = (await recorded(id)).length;
    await workbench.page.reload();
    await workbench.row(/^Through a reload/).waitFor();
    const last = (await untilRecorded(id, before + 2)).at(-1)?.content ?? '';
    await workbench.webview('view').getByText(last, { exact: true }).first().waitFor();
    await articleWith(workbench, last).waitFor();
    await assertWhole(id, 30);
  });

  it('[F1] says in the tree, the ledger and the editor that its host was killed, and goes on', async () => {
    const { workbench, sandbox } = at();
    const id = await submitInTerminal('Through a kill', 12);
    await workbench.clickFor(workbench.row(/^Through a kill.*running/), workbench.tab(/^Through a kill/));
    const before = await untilRecorded(id, 3);
    const killed = sandbox.hostPid();
    assert.ok(killed);
    const said = 'ended unexpectedly';
    const places = [workbench.page, workbench.webview('view'), workbench.webview('editor')];
    const seen = Promise.all(places.map((place) => place.getByText(said).first().waitFor()));
    process.kill(killed, 'SIGKILL');
    await seen;
    await workbench.shot('killed');
    for (let tries = 0; sandbox.hostPid() === killed && tries < 600; tries += 1) await sleep(50);
    assert.notEqual(sandbox.hostPid(), killed);
    await workbench.hostIsReady();
    for (const place of places) await place.getByText(said).first().waitFor({ state: 'detached' });
    await assertWhole(id, 12);
    assert.deepEqual((await recorded(id)).slice(0, before.length), before);
    await workbench.webview('editor').locator('.focus-state').getByText('Completed').waitFor();
    await workbench.shot('after-kill');
  });

  it('goes on while no window is open, and shows all of it when one opens', async () => {
    const { workbench } = at();
    const id = await submitInTerminal('Through the night', 20);
    await workbench.clickFor(workbench.row(/^Through the night.*running/), workbench.tab(/^Through the night/));
    await sleep(KEPT_AFTER_MS);
    await second?.page.close();
    await workbench.page.close();
    assert.ok((await recorded(id)).length < 16);
    await assertWhole(id, 20);
    Object.assign(at(), { workbench: await openWindow(at()) });
    const reopened = at().workbench;
    await reopened.row(/^Through the night.*, general · script/).waitFor();
    await reopened.tab(/^Through the night/).click();
    await articleWith(reopened, 'All 20 parts are done.').waitFor();
    await reopened.shot('reopened');
    assert.deepEqual(at().faults, []);
  });

  it('lets a person say something to work that is under way, and cancel it', async () => {
    const { workbench } = at();
    await submitInTerminal('Work to be steered', STEPS);
    await workbench.clickFor(workbench.row(/^Work to be steered.*running/), workbench.tab(/^Work to be steered/));
    await articleWith(workbench, 'part 1').waitFor();
    await workbench.command('Animus: Send Message to Work');
    await workbench.answer('heard at the end of the turn', 'Mind the weir.');
    await articleWith(workbench, 'Mind the weir.').waitFor();
    await workbench.command('Animus: Cancel Work');
    const dialog = workbench.page.locator('.monaco-dialog-box');
    await dialog.getByText('Cancel “Work to be steered”?').waitFor();
    await workbench.shot('cancel');
    await dialog.getByRole('button', { name: 'Cancel Work' }).click();
    await workbench.row(/^Work to be steered.*cancelled/).waitFor();
    const outcome = workbench.webview('editor').locator('.outcome');
    await outcome.getByText('Cancelled: by a person in VS Code').waitFor();
    assert.equal(await outcome.getByText('Failure').count(), 0);
    await workbench.shot('cancelled');
    assert.deepEqual(at().faults, []);
  });
});
