/** The focus editor in a browser. */
import assert from 'node:assert/strict';
import type { Locator, Page } from 'playwright-core';
import { sampleFocus } from '../../build/webview-preview/sample-focus.ts';
import { describeInBrowser, posted, read, send } from '../support/webview-checks.ts';

const LIVE = '/focus?data=running&live=1';
const live = (page: Page) => page.locator('.article[aria-label="The turn being written"]');
const region = (page: Page) =>
  read<string>(page, `document.activeElement.closest('.lanes, .steps, .detail-region')?.className ?? 'none'`);

const stepsSize = (page: Page, side: 'width' | 'height') =>
  read<number>(page, `document.querySelector('.steps').getBoundingClientRect().${side}`);
const valueNow = async (page: Page) => Number(await page.locator('.sash').getAttribute('aria-valuenow'));

/** Takes the middle of the sash so far, step by step, as a hand does. */
async function dragSash(page: Page, by: { x: number; y: number }): Promise<void> {
  const box = await page.locator('.sash').boundingBox();
  assert.ok(box);
  const [x, y] = [box.x + box.width / 2, box.y + box.height / 2];
  await page.mouse.move(x, y);
  await page.mouse.down();
  await page.mouse.move(x + by.x, y + by.y, { steps: 5 });
  await page.mouse.up();
}

describeInBrowser('the focus editor in a browser', [
  {
    title: 'the open turn shows as it streams, begins anew on a retry, and gives way to its record',
    address: LIVE,
    height: 800,
    async run(page) {
      assert.match((await live(page).textContent()) ?? '', /All 12 pass.*each zone.*run_command/s);
      assert.equal(await live(page).locator('strong').textContent(), 'each zone');
      await send(page, { type: 'delta', turn: 11, kind: 'retry', text: 'the stream was cut' });
      assert.doesNotMatch((await live(page).textContent()) ?? '', /All 12 pass/);
      await send(page, { type: 'delta', turn: 11, kind: 'text', text: 'Again' });
      const { item, focus } = sampleFocus({ turns: 10, isRunning: true });
      const message = {
        n: 99,
        turn: 11,
        block: 2,
        role: 'assistant',
        kind: 'assistant',
        content: { blocks: [{ type: 'text', text: 'All pass.' }] },
        cost_usd: null,
        created_at: new Date().toISOString(),
      };
      await send(page, {
        ...{ type: 'changed', item, focus, messages: [message] },
        ...{ tool_calls: [], hook_runs: [], blocks: [], cuts: [], entries: [] },
      });
      assert.equal(await live(page).count(), 0);
      assert.equal(await page.locator('.article[aria-label="Turn 11"]').count(), 1);
      await send(page, { type: 'delta', turn: 11, kind: 'text', text: 'late' });
      assert.equal(await live(page).count(), 0, 'what comes late is not shown');
    },
  },
  {
    title: 'the keyboard goes from pane to pane as it is told, by Escape to the steps, by arrows through them',
    address: '/focus?data=done',
    height: 800,
    async run(page) {
      const visited: string[] = [];
      for (const step of [1, 1, 1, 1, -1, -1]) {
        await send(page, { type: 'pane', step });
        visited.push(await region(page));
      }
      assert.deepEqual(visited, ['lanes', 'steps', 'detail-region', 'lanes', 'detail-region', 'steps']);
      await page.keyboard.press('F6');
      assert.equal(await region(page), 'steps', "the key itself is the extension's");
      await page.keyboard.press('Escape');
      await page.keyboard.press('Home');
      assert.equal(await read(page, `document.activeElement.dataset.key`), 'orient');
      await page.keyboard.press('ArrowDown');
      await page.keyboard.press('ArrowLeft');
      assert.equal(await read(page, `document.activeElement.ariaExpanded`), 'false');
      await page.keyboard.press('ArrowRight');
      await page.keyboard.press('j');
      await page.keyboard.press('ArrowRight');
      await page.keyboard.press('j');
      assert.match(await read<string>(page, `document.activeElement.dataset.key`), /^call:/);
      await page.waitForSelector('.call-head[aria-expanded="true"]');
    },
  },
  {
    title:
      'Conversation and JSON are one stop, moved by arrows; what the JSON scrolls in is a stop, and scrolls by keys',
    address: '/focus?data=done',
    height: 400,
    async run(page) {
      for (let pane = 0; pane < 3; pane += 1) await send(page, { type: 'pane', step: 1 });
      const choice = (name: string) => page.getByRole('radiogroup', { name: 'Show' }).getByRole('radio', { name });
      const hasKeyboard = async (what: Locator) => (await what.and(page.locator(':focus')).count()) === 1;
      assert.ok(await hasKeyboard(choice('Conversation')));
      await page.keyboard.press('ArrowRight');
      const json = page.getByRole('region', { name: 'Turn 9 as it is stored' });
      await json.waitFor();
      assert.deepEqual([await choice('JSON').isChecked(), await choice('Conversation').isChecked()], [true, false]);
      for (let stop = 0; stop < 3; stop += 1) await page.keyboard.press('Tab');
      assert.ok(await hasKeyboard(json));
      const scrolled = read(
        page,
        `new Promise((done) => document.activeElement.addEventListener('scroll', () => done(1)))`,
      );
      await page.keyboard.press('End');
      await scrolled;
      await send(page, { type: 'pane', step: 1 });
      await send(page, { type: 'pane', step: -1 });
      assert.ok(await hasKeyboard(choice('JSON')), 'what is chosen is where one comes back to');
      await page.keyboard.press('k');
      await page.getByRole('region', { name: 'Turn 8 as it is stored' }).waitFor();
    },
  },
  {
    title: 'a long result is bounded until all of it is asked for',
    address: '/focus?data=done',
    height: 800,
    async run(page) {
      await page.click('.step:has(.turn-number:text-is("8"))');
      await page.click('.call-head:has-text("search_text")');
      const lines = () =>
        read<number>(page, `document.querySelector('.call-body .plain-text').textContent.split('\\n').length`);
      assert.ok((await lines()) < 30);
      await page.click('text=Show All (41 lines');
      assert.equal(await lines(), 41);
    },
  },
  {
    title: 'of a long focus only what is in sight is in the page, and a chosen turn comes to the top',
    address: '/focus?data=long',
    height: 800,
    async run(page) {
      await page.focus('.step[tabindex="0"]');
      await page.keyboard.press('Home');
      for (let press = 0; press < 30; press += 1) await page.keyboard.press('j');
      await page.waitForTimeout(250);
      const articles = page.getByRole('feed').getByRole('article');
      assert.equal(await articles.count(), await page.locator('.article').count());
      assert.ok((await articles.count()) < 40);
      const key = await read<string>(page, `document.querySelector('.step.active').dataset.key`);
      const top = await read<number>(
        page,
        `document.querySelector('.article[data-key="${key}"]').getBoundingClientRect().top - document.querySelector('.conversation').getBoundingClientRect().top`,
      );
      assert.ok(Math.abs(top) <= 2, `${key} is ${top} from the top`);
    },
  },
  {
    title: 'it keeps the id by which the extension restores it, and what was chosen',
    address: '/focus?data=done',
    height: 800,
    async run(page) {
      await page.click('.step:has(.turn-number:text-is("4"))');
      await page.waitForTimeout(400);
      const state = await read<{ focus_id: string; turn: number }>(page, `JSON.parse(sessionStorage.getItem('state'))`);
      assert.equal(state.focus_id, sampleFocus({ turns: 1, isRunning: false }).focus.id);
      await page.reload();
      await page.waitForTimeout(400);
      assert.equal(await read(page, `document.querySelector('.step.active .turn-number').textContent`), '4');
      assert.deepEqual(
        (await posted(page)).map(({ type }) => type),
        ['ready'],
      );
    },
  },
  {
    title: 'the sash moves by pointer and arrows, within bounds, and goes back on a double click',
    address: '/focus?data=done',
    height: 800,
    async run(page) {
      const before = await stepsSize(page, 'width');
      assert.equal(await valueNow(page), before);
      await dragSash(page, { x: 90, y: 40 });
      assert.equal(await stepsSize(page, 'width'), before + 90);
      await page.focus('.sash');
      await page.keyboard.press('ArrowLeft');
      assert.equal(await stepsSize(page, 'width'), before + 74);
      assert.equal(await valueNow(page), before + 74);
      await dragSash(page, { x: -900, y: 0 });
      assert.equal(await stepsSize(page, 'width'), 200);
      await dragSash(page, { x: 2000, y: 0 });
      assert.ok((await read<number>(page, `document.querySelector('.detail-region').clientWidth`)) >= 318);
      await page.dblclick('.sash');
      assert.equal(await stepsSize(page, 'width'), before);
    },
  },
  {
    title: 'a narrow page has its sash between rows, and each layout keeps its own size over a reload',
    address: '/focus?data=done',
    width: 620,
    height: 800,
    async run(page) {
      assert.equal(await page.locator('.sash').getAttribute('aria-orientation'), 'horizontal');
      assert.equal(await stepsSize(page, 'height'), 238);
      await dragSash(page, { x: 30, y: 60 });
      assert.equal(await stepsSize(page, 'height'), 298);
      await page.setViewportSize({ width: 1200, height: 800 });
      await dragSash(page, { x: -40, y: 0 });
      const wide = await stepsSize(page, 'width');
      await page.waitForTimeout(400);
      await page.reload();
      await page.waitForTimeout(300);
      assert.equal(await stepsSize(page, 'width'), wide);
      await page.setViewportSize({ width: 620, height: 800 });
      await page.waitForTimeout(100);
      assert.equal(await stepsSize(page, 'height'), 298);
    },
  },
  {
    title: 'meters have a line where there is a limit, and the cost of turns has a lane, which a script has not',
    address: '/focus?data=done',
    height: 800,
    async run(page) {
      const meter = (name: string) => page.getByRole('meter', { name: `${name}, of the limit` });
      assert.match((await page.locator('.meters').textContent()) ?? '', /Turns 9 \/ 50.*Context 12\.6k \/ 200k/);
      const turns = await Promise.all(['value', 'max', 'aria-valuetext'].map((of) => meter('Turns').getAttribute(of)));
      assert.deepEqual(turns, ['18', '100', '18%']);
      assert.deepEqual([await meter('Context').count(), await meter('Cost').count()], [1, 0]);
      assert.equal(await page.locator('.cost-bar').count(), 9);
      await page.goto(page.url().replace('data=done', 'data=scripted'));
      await page.waitForTimeout(150);
      assert.match((await page.locator('.meters').textContent()) ?? '', /Cost none/);
      assert.deepEqual([await meter('Turns').count(), await meter('Context').count()], [1, 0]);
      assert.equal(await page.locator('.lane.cost').count(), 0);
    },
  },
  {
    title: 'a call that changed a file shows the difference, asked for once, with ways to open and to undo it',
    address: '/focus?data=running&live=1',
    height: 900,
    async run(page) {
      await page.click('.step:has(.turn-number:text-is("10"))');
      const asked = async () => (await posted(page)).filter(({ type }) => type === 'load_change').length;
      assert.equal(await asked(), 0, 'nothing comes before somebody looks');
      const head = page.locator('.call-head:has-text("edit_file")').last();
      await head.click();
      await page.waitForSelector('.diff-line');
      await head.click();
      await head.click();
      await page.waitForSelector('.diff-line');
      assert.equal(await asked(), 1);
      assert.equal(await page.getByRole('figure', { name: 'Difference of src/date.ts' }).count(), 1);
      const lines = await read<string[]>(
        page,
        `[...document.querySelectorAll('.diff-line:is(.added, .removed)')].map((line) => line.textContent)`,
      );
      assert.equal(lines.length, 5);
      const gaps = page.locator('.diff-line.gap');
      assert.match((await gaps.first().textContent()) ?? '', /^\d+ unchanged lines? not shown$/);
      assert.equal(await gaps.and(page.locator('[aria-hidden]')).count(), 0);
      assert.match(lines[1] ?? '', /^20\u2212removed: {3}return new Date/);
      assert.match(lines[2] ?? '', /^21\+added: {3}return Date\.UTC/);
      assert.deepEqual(await page.locator('.diff-changed').allTextContents(), [
        'new Date(d.getFullYear(), d.getMonth(), 1).getTime(',
        'Date.UTC(d.getUTCFullYear(), d.getUTCMonth(), 1',
        'Date',
        'UTC',
      ]);
      await page.getByRole('button', { name: 'Open in the Diff Editor' }).click();
      await page.getByRole('button', { name: 'Undo This Change…' }).click();
      const [open, undo] = (await posted(page)).slice(-2) as { type: string; call_id: string }[];
      assert.deepEqual([open?.type, undo?.type], ['open_change', 'undo_change']);
      const { change } = await read<{ change: object }>(
        page,
        `new Promise((done) => {
          addEventListener('message', ({ data }) => data.type === 'change' && done(data), { once: true });
          window.preview.send({ type: 'change', call_id: '${undo?.call_id}', change: null, problem: 'It is gone.' });
        })`,
      );
      assert.equal(change, null);
      await page.waitForSelector('.call-body:has-text("It is gone.")');
    },
  },
  {
    title: 'a long difference is bounded until all of it is asked for, and what was undone says so',
    address: '/focus?data=done',
    height: 900,
    async run(page) {
      await page.click('.step:has(.turn-number:text-is("6"))');
      await page.click('.call-head:has-text("edit_file"):has-text("test/date.test.ts")');
      await page.waitForSelector('.diff-line');
      assert.equal(await page.locator('.diff-line').count(), 24);
      await page.click('text=Show All (40 lines)');
      assert.equal(await page.locator('.diff-line').count(), 40);
      const call_id = ((await posted(page)).at(-1) as { call_id?: string }).call_id;
      const change = {
        ...{ id: call_id, short_id: 'x', work_item_id: call_id, focus_id: call_id, path: 'test/date.test.ts' },
        ...{ kind: 'created', added: 1, removed: 0, diff: '@@ -0,0 +1,1 @@\n+x\n', undoable: true },
        ...{ created_at: '2026-01-01T12:00:00.000Z', undone_at: '2026-01-01T12:01:02.000Z' },
      };
      await send(page, { type: 'change', call_id, change, problem: null });
      assert.match((await page.locator('.diff-head').textContent()) ?? '', /undone at 12:01:02/);
      assert.equal(await page.getByRole('button', { name: 'Undo This Change…' }).count(), 0);
      assert.ok((await page.locator('.call-head .change-counts.undone').count()) > 0);
    },
  },
  {
    title: 'a call that a hook blocked says which and why, and one that waits leads to the person who decides',
    address: '/focus?data=approval',
    height: 900,
    async run(page) {
      assert.match((await page.locator('.focus-header').textContent()) ?? '', /Waiting for your approval/);
      const notice = page.locator('.question[role="status"]');
      assert.match((await notice.textContent()) ?? '', /Allow run_command npm run test:zones\?/);
      await page.focus('.step.active');
      for (const key of ['ArrowRight', 'ArrowDown', 'ArrowDown']) await page.keyboard.press(key);
      const row = () => read<string>(page, `document.activeElement.textContent`);
      assert.match(await row(), /Hooks.*protect-lockfiles blocked/);
      const level = () => read<string>(page, `document.activeElement.getAttribute('aria-level')`);
      assert.equal(await level(), '4');
      await page.keyboard.press('ArrowLeft');
      assert.deepEqual([await level(), (await row()).includes('write_file')], ['3', true]);
      const blocked = page.locator('.call:has(.call-head:has-text("package-lock.json"))');
      assert.match((await blocked.locator('.call-head').textContent()) ?? '', /blocked by the hook protect-lockfiles/);
      const runs = blocked.getByRole('list', { name: 'Hooks' });
      assert.equal(await runs.getByRole('listitem').count(), 1);
      assert.match(
        (await runs.textContent()) ?? '',
        /protect-lockfiles.*blocked.*before the call.*written by npm alone/,
      );
      await page.click('.call-head:has-text("test:zones") >> nth=-1');
      const review = page.getByRole('button', { name: 'Review… run_command npm run test:zones', exact: true });
      assert.equal(await review.count(), 2);
      await page.locator('.call-body:has-text("Approval")').getByRole('button', { name: 'Review…' }).click();
      await notice.getByRole('button', { name: 'Review…' }).click();
      const asked = (await posted(page)).filter(({ type }) => type === 'approve') as { approval_id?: string }[];
      assert.equal(asked.length, 2);
      assert.match(asked[0]?.approval_id ?? '', /^[0-9a-f-]{36}$/);
      assert.deepEqual(asked[0], asked[1]);
    },
  },
  {
    title: 'hooks of a turn show their reason, and their patch once it is asked for; the lanes have their marks',
    address: '/focus?data=done',
    height: 900,
    async run(page) {
      assert.equal(await page.locator('.lane .mark[aria-label^="Hooks of turn"]').count(), 4);
      await page.click('.mark[aria-label^="Hooks of turn 7"]');
      const failed = page.locator('.article[data-key="turn:7"] .turn-hooks');
      await failed.waitFor();
      assert.match((await failed.textContent()) ?? '', /metrics.*failed.*after the turn.*did not end within 4000 ms/);
      assert.doesNotMatch((await failed.textContent()) ?? '', /ECONNREFUSED/);
      await failed.getByRole('button', { name: 'Show what the hook metrics did after the turn', exact: true }).click();
      assert.match((await failed.textContent()) ?? '', /Its standard error.*ECONNREFUSED/);
      await page.click('.step:has(.turn-number:text-is("4"))');
      const rules = page.locator('.article[data-key="turn:4"] .turn-hooks');
      assert.equal(await rules.locator('.text-button').getAttribute('aria-expanded'), 'false');
      await rules.locator('.text-button').click();
      const patch = await rules.locator('.plain-text').textContent();
      assert.deepEqual(JSON.parse(patch ?? ''), { messages: ['Mind the time zones.'], tools_removed: ['web_fetch'] });
      const notice = page.getByRole('note').filter({ hasText: 'some of their earlier runs are not shown' });
      assert.equal(await notice.count(), 0);
      const { item, focus } = sampleFocus({ turns: 10, isRunning: false });
      const none = { messages: [], tool_calls: [], hook_runs: [], blocks: [], cuts: [], entries: [] };
      await send(page, { type: 'changed', item, focus, ...none, hook_runs_left_out: true });
      assert.equal(await notice.count(), 1);
      await send(page, { type: 'changed', item, focus, ...none, hook_runs_left_out: false });
      assert.equal(await notice.count(), 1, 'it lacks them still');
      await send(page, { type: 'reset', item, focus, ...none });
      assert.equal(await notice.count(), 0);
    },
  },
  {
    title:
      'a step that left the context opens to its stub and to all its turns, greyed, and each turn to what the model saw',
    address: '/focus?data=folded',
    height: 900,
    async run(page) {
      const step = page.locator('.step.left').first();
      assert.match((await step.textContent()) ?? '', /10 messages left the context/);
      await step.click();
      const stub = page.locator('.article.stub').first();
      await stub.waitFor();
      assert.match(
        (await stub.textContent()) ?? '',
        /Stub of step 1.*in place of 10 messages.*\[completed step \d+: Found/,
      );
      assert.equal(await page.locator('.step:has-text("[completed step")').count(), 1);
      const first = page.locator('.article[data-key="turn:1"]');
      assert.match((await first.locator('.turn-head').textContent()) ?? '', /left the context/);
      const colour = (of: string) => read<string>(page, `getComputedStyle(document.querySelector('${of}')).color`);
      assert.notEqual(await colour('[data-key="turn:1"] .turn-text'), await colour('body'));
      await first.getByRole('button', { name: 'What the Model Saw at Turn 1' }).click();
      assert.deepEqual((await posted(page)).at(-1), { type: 'show_context', turn: 1 });
    },
  },
]);
