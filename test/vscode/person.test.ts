/** Whose word counts: the first window's, and whoever is let in by it; in the packaged extension, with a terminal and a second browser. */
import assert from 'node:assert/strict';
import {
  animus,
  type Driven,
  describeDriven,
  drive,
  end,
  keepPictureOfFailure,
  openWindow,
} from '../support/vscode-driven.ts';
import { report } from '../support/vscode-scripts.ts';
import type { Workbench } from '../support/vscode-workbench.ts';

const WRITING = {
  name: 'writing',
  turns: [
    { tool_calls: [{ name: 'write_file', input: { path: 'herons.md', content: 'Seven.\n' } }] },
    ...report('Written.'),
  ],
};

type Keys = { keys: { kind: string; name: string; own: boolean }[] };
type Approvals = { approvals: { id: string }[] };

const dialogOf = ({ page }: Workbench) => page.locator('.monaco-dialog-box');

async function allowOnce(workbench: Workbench): Promise<void> {
  await dialogOf(workbench).getByText('Allow write_file?').waitFor();
  await dialogOf(workbench).getByRole('button', { name: 'Allow Once' }).click();
}

const TITLE = 'Animus: Who May Decide';

for (const name of ['newest', 'oldest'] as const) {
  describeDriven(`who may decide, in the ${name} VS Code`, () => {
    let driven: Driven | undefined;
    let second: Workbench | undefined;
    const at = (): Driven => driven ?? assert.fail('VS Code is not there');

    before(async () => {
      driven = await drive(name, { settings: (box) => ({ 'animus.model': box.script('writing', WRITING) }) });
    });
    after(() => end(driven));
    keepPictureOfFailure(`person-${name}`, () => driven);

    async function inTerminal<Answer>(...args: string[]): Promise<Answer> {
      return JSON.parse((await animus(at().sandbox, [...args, '--json'])).stdout) as Answer;
    }

    /** Refused: gives what the terminal printed. */
    async function refusedInTerminal(...args: string[]): Promise<string> {
      const result = await animus(at().sandbox, args).then(
        () => assert.fail('It was not refused.'),
        (error: { code: number; stderr: string }) => error,
      );
      assert.equal(result.code, 5);
      return result.stderr;
    }

    const who = async () =>
      (await inTerminal<Keys>('person')).keys.map(({ kind, own }) => `${kind}${own ? ', own' : ''}`);

    async function submitWork(description: string): Promise<string> {
      const { workbench } = at();
      await workbench.command('Animus: Submit Work');
      await workbench.choice('general').click();
      await workbench.answer('What is general to do?', description);
      await workbench.row(new RegExp(`^${description}.*approval`)).waitFor();
      const { approvals } = await inTerminal<Approvals>('approvals');
      return approvals.at(-1)?.id ?? '';
    }

    it('[S20] is the first window: what it allows runs, and a terminal that only has the token is refused', async () => {
      const { workbench } = at();
      await workbench.page.getByText('No work here yet').waitFor();
      const id = await submitWork('Count the herons');
      assert.deepEqual(await who(), ['vscode']);
      const refused = await refusedInTerminal('approvals', 'allow', id);
      assert.match(refused, /This terminal is not enrolled.*\n.*Who May Decide.*animus person enroll CODE/);
      await workbench.command('Animus: Approve');
      await allowOnce(workbench);
      await workbench.row(/^Count the herons.*, general · script/).waitFor();
    });

    it('is it again after it was loaded anew, with the key that VS Code kept', async () => {
      const { workbench } = at();
      await workbench.page.reload();
      await workbench.row(/^Count the herons/).waitFor();
      assert.deepEqual(await who(), ['vscode']);
      await workbench.command(TITLE);
      await workbench.choice('this VS Code').waitFor();
      await workbench.choice('Let the Terminal Decide…').waitFor();
      await workbench.shot(`person-${name}`);
      await workbench.page.keyboard.press('Escape');
    });

    it('lets the terminal in, once somebody has said so', async () => {
      const { workbench, sandbox } = at();
      await workbench.command(TITLE);
      if (name === 'newest') {
        await workbench.choice('Let the Terminal Decide…').click();
        const dialog = dialogOf(workbench);
        await dialog.getByText('Let your terminal decide in this folder?').waitFor();
        await workbench.shot(`person-terminal-${name}`);
        assert.deepEqual(await who(), ['vscode']);
        await dialog.getByRole('button', { name: 'Allow' }).click();
      } else {
        await workbench.choice('Let Another Editor or Machine Decide…').click();
        const notice = workbench.notification('is good for once and for ten minutes');
        await notice.waitFor();
        const [code = ''] = /[2-9A-Z]{4}-[2-9A-Z]{4}/.exec(await notice.innerText()) ?? [];
        await animus(sandbox, ['person', 'enroll', code]);
        await workbench.clearNotifications();
      }
      for (let tries = 0; (await who()).length < 2 && tries < 100; tries += 1) await workbench.page.waitForTimeout(200);
      assert.deepEqual(await who(), ['vscode', 'cli, own']);
      const id = await submitWork('Count the swans');
      await animus(sandbox, ['approvals', 'allow', id]);
      await workbench.row(/^Count the swans.*, general · script/).waitFor();
    });

    it('is no other browser, until it is given a code', async () => {
      const { browser, workbench } = at();
      const context = await browser.newContext({ viewport: { width: 1280, height: 800 } });
      second = await openWindow({ ...at(), context });
      const notice = second.notification('“code-server” and 1 more decide in this folder');
      await notice.waitFor();
      await second.shot(`person-stranger-${name}`);
      const { code } = await inTerminal<{ code: string }>('person', 'invite');
      await notice.getByRole('button', { name: 'Who May Decide…' }).click();
      await second.choice('Let This Window Decide…').click();
      await second.answer('A code from a window that may', code);
      await second.notification('this VS Code may decide in this folder from now on').waitFor();
      assert.deepEqual(await who(), ['vscode', 'cli, own', 'vscode']);
      await submitWork('Count the cranes');
      await second.command('Animus: Approve');
      await allowOnce(second);
      await workbench.row(/^Count the cranes.*, general · script/).waitFor();
    });
  });
}
