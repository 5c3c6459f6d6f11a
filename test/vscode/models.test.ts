/** Choosing among the models there are, those that VS Code brings among them, in the newest and the oldest VS Code. */
import assert from 'node:assert/strict';
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { animus, type Driven, describeDriven, drive, end, keepPictureOfFailure } from '../support/vscode-driven.ts';
import { MODEL_PROVIDER, packageFolder } from '../support/vscode-package.ts';
import type { CodeServerName } from '../support/vscode-parts.ts';

/** No list has the prices of what VS Code brings. */
const PRICE = '[prices."vscode/tests/plain"]\ninput = 2\noutput = 10\n';

type Shown = {
  item: { state: string; outcome: { summary: string } | null };
  foci: { model: string; estimated: boolean }[];
};

for (const name of ['newest', 'oldest'] satisfies CodeServerName[]) {
  describeDriven(`choosing a model in the ${name} VS Code`, () => {
    let driven: Driven | undefined;
    const at = (): Driven => driven ?? assert.fail('VS Code is not there');
    const settings = () => {
      const file = path.join(at().sandbox.workspace, '.vscode/settings.json');
      return existsSync(file) ? (JSON.parse(readFileSync(file, 'utf8')) as Record<string, unknown>) : {};
    };

    before(async () => {
      driven = await drive(name, {
        prepare: (sandbox) => {
          mkdirSync(sandbox.home);
          writeFileSync(path.join(sandbox.home, 'config.toml'), PRICE);
        },
        extensions: (root) => [packageFolder(MODEL_PROVIDER, path.join(root, 'models.vsix'))],
      });
    });
    after(() => end(driven));
    keepPictureOfFailure(`models-${name}`, () => driven);

    it('shows what is there, by provider, and what is missing for the rest', async () => {
      const { workbench } = at();
      await workbench.page.getByText('No work here yet').waitFor();
      await workbench.command('Animus: Choose Model');
      await workbench.choice('tests/plain').waitFor();
      for (const text of ['As the Faculty Says', 'asks you first', 'what is missing for the others']) {
        await workbench.page.locator('.quick-input-widget').getByText(text).first().waitFor();
      }
      await workbench.choice('Ollama').waitFor();
      await workbench.shot(`models-${name}`);
    });

    it('asks before it uses what VS Code has, tries it, and writes the setting of the workspace', async () => {
      const { workbench } = at();
      await workbench.choice('tests/plain').click();
      const dialog = workbench.page.locator('.monaco-dialog-box');
      await dialog.getByText('Let Animus use the models of “tests”?').waitFor();
      await workbench.shot(`models-leave-${name}`);
      await dialog.getByRole('button', { name: 'Allow' }).click();
      await workbench.notification('vscode/tests/plain does the work').waitFor();
      assert.deepEqual(settings(), { 'animus.model': 'vscode/tests/plain' });
    });

    it('does work with it, whose cost and tokens are marked as estimates', async () => {
      const { workbench, sandbox } = at();
      await workbench.command('Animus: Submit Work');
      await workbench.choice('general').click();
      await workbench.answer('What is general to do?', 'Look at the folder with a model of VS Code');
      const row = workbench.row(/^Look at the folder/);
      await workbench.webview('view').getByText('Seen by a model of VS Code.').first().waitFor();
      await workbench.clickFor(row, workbench.tab(/^Look at the folder/));
      const editor = workbench.webview('editor');
      await editor.getByText('A model of VS Code did it.').first().waitFor();
      await editor
        .locator('.meters')
        .getByText(/≈ \$0\.0/)
        .waitFor();
      await editor.locator('.meters').getByText(/≈ \d/).waitFor();
      await workbench.shot(`models-focus-${name}`);
      const { stdout: list } = await animus(sandbox, ['work', 'list', '--json']);
      const [item] = (JSON.parse(list) as { items: { id: string }[] }).items;
      const { stdout } = await animus(sandbox, ['work', 'show', item?.id ?? '', '--json']);
      const { item: done, foci } = JSON.parse(stdout) as Shown;
      assert.equal(done.outcome?.summary, 'A model of VS Code did it.');
      assert.deepEqual(
        foci.map(({ model, estimated }) => [model, estimated]),
        [['vscode/tests/plain', true]],
      );
      const text = (await animus(sandbox, ['work', 'show', item?.id ?? ''])).stdout;
      assert.match(text, /about \d+ tokens in, about \d+ out · about \$0\.0/);
    });

    it('is seen in a terminal, which can try it as well', async () => {
      const { sandbox } = at();
      const { stdout } = await animus(sandbox, ['model', 'list', 'vscode']);
      assert.match(stdout, /vscode\/tests\/plain +32k context/);
      const tried = await animus(sandbox, ['model', 'test', 'vscode/tests/plain']);
      assert.match(tried.stdout, /answers {2}vscode\/tests\/plain\n {2}ready\n/);
      assert.deepEqual(at().faults, []);
      const broken = await animus(sandbox, ['model', 'test', 'vscode/tests/broken']).catch(
        (error: { stdout: string; code: number }) => error,
      );
      assert.match(broken.stdout, /broken on purpose/);
    });

    it('keeps keys of several providers, shows which are set, and removes one', async () => {
      const { workbench } = at();
      await workbench.command('Animus: Set API Key');
      await workbench.choice('Groq').click();
      await workbench.answer('Set API Key (Groq)', `gsk-test-${'0'.repeat(20)}`);
      await workbench.notification('the key for Groq is stored').waitFor();
      await workbench.command('Animus: Set API Key');
      const groq = workbench.choice('Groq');
      await groq.getByText('stored · for api.groq.com').waitFor();
      await workbench.shot(`keys-${name}`);
      await groq.hover();
      await groq.getByRole('button', { name: 'Remove the Stored Key' }).click();
      await groq.getByText('not set · for api.groq.com').waitFor();
      await workbench.page.keyboard.press('Escape');
    });
  });
}
