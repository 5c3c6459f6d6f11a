/** What a model, a tool or a person wrote is shown as text in a real workbench: nothing runs, nothing is fetched. */
import assert from 'node:assert/strict';
import { HOSTILE_TEXTS } from '../../build/webview-preview/hostile-texts.ts';
import { type Driven, describeDriven, drive, end, keepPictureOfFailure } from '../support/vscode-driven.ts';
import { entry, report } from '../support/vscode-scripts.ts';

const nameOf = (at: number) => `hostile ${String(at + 1).padStart(2, '0')}`;

const HOSTILE = {
  name: 'hostile',
  turns: [
    {
      text: HOSTILE_TEXTS.join('\n\n'),
      tool_calls: HOSTILE_TEXTS.map((text, at) => entry('finding', `${nameOf(at)} ${text}`)),
    },
    { tool_calls: [{ name: 'read_file', input: { path: HOSTILE_TEXTS[0] } }] },
    ...report(HOSTILE_TEXTS.slice(0, 9).join(' ')),
  ],
};

const TITLE = `[Look](command:workbench.action.quit) $(zap) <img src=x onerror=owned=1> \u202edrow`;

/** Elements that no text of a model may become. */
const FORBIDDEN =
  'script, img, svg:not(.lanes svg), math, iframe, object, embed, form, style, link, video, audio, [href], [src], [onerror], [onload]';

/** Runs in the page, as text: this program knows no document. */
const LOOK = `((root) => ({
  elements: [...root.querySelectorAll(${JSON.stringify(FORBIDDEN)})].map((element) => element.outerHTML),
  links: [...root.querySelectorAll('[data-href]')].map((link) => link.dataset.href),
  controls: [...root.innerText.matchAll(/(?![\\n\\t])[\\p{Cc}\\p{Bidi_Control}]/gu)].map(String),
  owned: typeof globalThis.owned,
}))(document.getElementById('root'))`;
type Look = { elements: string[]; links: string[]; controls: string[]; owned: string };

describeDriven('hostile text in a workbench', () => {
  let driven: Driven | undefined;
  const foreign: string[] = [];
  const dialogs: string[] = [];
  const at = (): Driven => driven ?? assert.fail('VS Code is not there');

  before(async () => {
    driven = await drive('newest', { settings: (box) => ({ 'animus.model': box.script('hostile', HOSTILE) }) });
    driven.context.on('request', (request) => {
      const { hostname, protocol } = new URL(request.url());
      const isOurs = hostname === '127.0.0.1' || hostname.endsWith('.vscode-cdn.net') || protocol === 'blob:';
      if (!isOurs && protocol !== 'data:') foreign.push(request.url());
    });
    driven.workbench.page.on('dialog', (dialog) => {
      dialogs.push(dialog.message());
      void dialog.dismiss();
    });
  });
  after(() => end(driven));
  keepPictureOfFailure('hostile', () => driven);

  async function assertHarmless(holder: 'view' | 'editor'): Promise<void> {
    const { elements, links, controls, owned } = await at().workbench.read<Look>(holder, LOOK);
    assert.deepEqual(elements, []);
    assert.deepEqual(controls, []);
    assert.equal(owned, 'undefined');
    for (const link of links) assert.match(link, /^https?:\/\//);
  }

  it('[S12] shows it as text in the ledger', async () => {
    const { workbench } = at();
    await workbench.page.getByText('No work here yet').waitFor();
    await workbench.command('Animus: Submit Work');
    await workbench.choice('general').click();
    await workbench.answer('What is general to do?', TITLE);
    const ledger = workbench.webview('view');
    await ledger
      .getByText(nameOf(HOSTILE_TEXTS.length - 1))
      .first()
      .waitFor();
    await assertHarmless('view');
    const search = ledger.getByRole('searchbox').or(ledger.locator('input')).first();
    for (const [n, text] of HOSTILE_TEXTS.entries()) {
      await search.fill(nameOf(n));
      const row = ledger.locator('.entry').filter({ hasText: nameOf(n) });
      await row.first().click();
      await ledger.locator('.unfolded').first().waitFor();
      await assertHarmless('view');
      if (n === 1) assert.ok((await ledger.locator('#root').innerText()).includes(text));
    }
    await workbench.shot('hostile-ledger');
  });

  it('[S12] shows it as text in the tree, in tooltips and in the editor', async () => {
    const { workbench } = at();
    const row = workbench.row(/^\[Look\]/);
    await row.hover();
    await workbench.page.locator('.monaco-hover').filter({ hasText: '[Look]' }).first().waitFor();
    assert.equal(await workbench.page.locator('.monaco-hover a, .monaco-hover img').count(), 0);
    await workbench.shot('hostile-hover');
    await workbench.clickFor(row, workbench.tab(/Look/));
    const editor = workbench.webview('editor');
    await editor.locator('.article').first().waitFor();
    await assertHarmless('editor');
    await editor.getByText('JSON', { exact: true }).click();
    await assertHarmless('editor');
    await editor.getByText('Conversation', { exact: true }).click();
    for (const head of (await editor.locator('.call-head').all()).slice(-4)) await head.click();
    await assertHarmless('editor');
    await workbench.shot('hostile-editor');
  });

  it('[S12] ran nothing and fetched nothing', () => {
    assert.deepEqual(foreign, []);
    assert.deepEqual(dialogs, []);
    assert.deepEqual(at().faults, []);
  });
});
