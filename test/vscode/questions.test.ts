/** Work that asks, in the packaged extension: told once, seen in the tree and the focus, answered, and gone on with. */
import assert from 'node:assert/strict';
import { animus, type Driven, describeDriven, drive, end, keepPictureOfFailure } from '../support/vscode-driven.ts';
import { entry, report } from '../support/vscode-scripts.ts';

const ASKING = {
  name: 'asking',
  turns: [
    {
      tool_calls: [
        { name: 'ask_user', input: { question: 'Which [river](command:animus.showLogs)?', choices: ['Elbe', 'Oder'] } },
      ],
    },
    {
      capture: { said: { pattern: '^A person answered:\\n(.*)$' } },
      tool_calls: [entry('finding', 'It is the {{said}}.')],
    },
    ...report('Counted.'),
  ],
};

describeDriven('questions in a workbench', () => {
  let driven: Driven | undefined;
  const at = (): Driven => driven ?? assert.fail('VS Code is not there');

  before(async () => {
    driven = await drive('newest', { settings: (box) => ({ 'animus.model': box.script('asking', ASKING) }) });
  });
  after(() => end(driven));
  keepPictureOfFailure('questions', () => driven);

  it('shows the question where it waits, and tells of it once; what an agent wrote is text', async () => {
    const { workbench } = at();
    await workbench.page.getByText('No work here yet').waitFor();
    await workbench.command('Animus: Submit Work');
    await workbench.choice('general').click();
    await workbench.answer('What is general to do?', 'Count the herons at the river');
    await workbench.row(/^Count the herons.*asks you/).waitFor();
    await workbench.row('Which [river](command:animus.showLogs)?').waitFor();
    const toast = workbench.notification('an agent asks');
    await toast.waitFor();
    assert.match(await toast.innerText(), /Which \[river\] \(command:animus\.showLogs\)\?/);
    assert.equal(await toast.locator('a').filter({ hasText: 'river' }).count(), 0);
    await workbench.page.getByRole('button', { name: 'Animus: 1 waiting for you' }).first().waitFor();
    await workbench.shots('question');
  });

  it('is answered from its row, and the work goes on to its end', async () => {
    const { workbench } = at();
    await workbench.row('Answer…').click();
    await workbench.choice('Oder').waitFor();
    await workbench.shot('answer');
    await workbench.choice('Oder').click();
    await workbench.row(/^Count the herons.*, general · script/).waitFor();
    await workbench.webview('view').getByText('It is the Oder.').first().waitFor();
  });

  it('shows a budget that is used up in the focus, and takes another limit', async () => {
    const { workbench, sandbox } = at();
    const model = sandbox.script('frugal', {
      name: 'frugal',
      turns: [{ tool_calls: [entry('note', 'one')] }, ...report('Done.')],
    });
    await animus(sandbox, ['work', 'submit', '--max-turns', '1', 'Spend little on it'], { ANIMUS_MODEL: model });
    await workbench.clickFor(workbench.row(/^Spend little.*asks for budget/), workbench.tab(/^Spend little/));
    const editor = workbench.webview('editor');
    await editor.getByText('The limit of 1 turn is reached. Shall it go on?').first().waitFor();
    await workbench.shot('budget');
    await editor.getByRole('button', { name: 'Answer…' }).click();
    await workbench.choice('Set another limit…').click();
    await workbench.answer('The limit of 1 turn is reached', '7');
    await workbench.row(/^Spend little.*, general · script/).waitFor();
  });
});
