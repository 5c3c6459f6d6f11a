/** A tool of another extension that wants a person's word itself, in the newest and the oldest VS Code. */
import assert from 'node:assert/strict';
import { mkdirSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { animus, type Driven, describeDriven, drive, end, keepPictureOfFailure } from '../support/vscode-driven.ts';
import { MODEL_PROVIDER, packageFolder } from '../support/vscode-package.ts';
import type { CodeServerName } from '../support/vscode-parts.ts';
import { report } from '../support/vscode-scripts.ts';

const FACULTY = `[faculty]
name = "toolsmith"
description = "Works with the tools of VS Code."
[faculty.engage]
tools = ["vscode__tests_confirmed"]
`;

const confirmed = (text: string) => ({ tool_calls: [{ name: 'vscode__tests_confirmed', input: { text } }] });

for (const name of ['newest', 'oldest'] satisfies CodeServerName[]) {
  describeDriven(`a tool of another extension in the ${name} VS Code`, () => {
    let driven: Driven | undefined;
    let id = '';
    const at = (): Driven => driven ?? assert.fail('VS Code is not there');
    const dialog = () => at().workbench.page.locator('.monaco-dialog-box');

    before(async () => {
      driven = await drive(name, {
        prepare: (sandbox) => {
          mkdirSync(path.join(sandbox.home, 'faculties'), { recursive: true });
          writeFileSync(path.join(sandbox.home, 'faculties/toolsmith.toml'), FACULTY);
        },
        extensions: (root) => [packageFolder(MODEL_PROVIDER, path.join(root, 'models.vsix'))],
      });
    });
    after(() => end(driven));
    keepPictureOfFailure(`tools-${name}`, () => driven);

    it('asks with what it would be called with, and is called by nobody before', async () => {
      const { workbench, sandbox } = at();
      await workbench.page.getByText('No work here yet').waitFor();
      const script = { name: 'confirmed', turns: [confirmed('heron'), confirmed('crane'), ...report('Confirmed.')] };
      const env = { ANIMUS_MODEL: sandbox.script('confirmed', script) };
      const submit = ['work', 'submit', '--faculty', 'toolsmith', '--json', 'Have two birds confirmed'];
      id = (JSON.parse((await animus(sandbox, submit, env)).stdout) as { id: string }).id;
      const notification = workbench.notification('vscode__tests_confirmed');
      await notification.getByText('heron').waitFor();
      await workbench.shot(`tools-asks-${name}`);
      assert.equal(await dialog().count(), 0);
      await notification.getByRole('button', { name: 'Allow Once' }).click();
    });

    it('may have VS Code ask once more, where no is an error for the agent', async () => {
      const { workbench } = at();
      await dialog().getByText('Give back “heron”?').waitFor();
      await workbench.shot(`tools-dialog-${name}`);
      await dialog().getByRole('button', { name: 'Cancel' }).click();
      const notification = workbench.notification('vscode__tests_confirmed');
      await notification.getByText('crane').waitFor();
      await notification.getByRole('button', { name: 'Allow Once' }).click();
    });

    it('is run where both were told yes', async () => {
      const { sandbox } = at();
      await dialog().getByText('Give back “crane”?').waitFor();
      await dialog().getByRole('button', { name: 'Yes' }).click();
      await animus(sandbox, ['work', 'wait', id]);
      const { stdout } = await animus(sandbox, ['focus', 'context', id]);
      assert.match(stdout, /vscode__tests_confirmed was cancelled in VS Code: a person said no to its question/);
      assert.match(stdout, /confirmed crane/);
      assert.doesNotMatch(stdout, /confirmed heron/);
      assert.deepEqual(at().faults, []);
    });
  });
}
