/** A tool of another extension that wants a person's word itself, in the newest and the oldest VS Code. */
import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
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
    let notes = '';
    const asked = () => path.join(notes, 'asked.ndjson');
    const at = (): Driven => driven ?? assert.fail('VS Code is not there');
    const dialog = () => at().workbench.page.locator('.monaco-dialog-box');

    async function submit(description: string, ...texts: string[]): Promise<string> {
      const { sandbox } = at();
      const script = { name: 'confirmed', turns: [...texts.map(confirmed), ...report('Confirmed.')] };
      const env = { ANIMUS_MODEL: sandbox.script(texts.join('-'), script) };
      const { stdout } = await animus(
        sandbox,
        ['work', 'submit', '--faculty', 'toolsmith', '--json', description],
        env,
      );
      return (JSON.parse(stdout) as { id: string }).id;
    }

    async function allow(text: string): Promise<void> {
      const notification = at().workbench.notification('vscode__tests_confirmed');
      await notification.getByText(text).waitFor();
      await notification.getByRole('button', { name: 'Allow Once' }).click();
    }

    before(async () => {
      notes = mkdtempSync(path.join(tmpdir(), 'animus-notes-'));
      driven = await drive(name, {
        env: { ANIMUS_TEST_ASKED: asked() },
        prepare: (sandbox) => {
          mkdirSync(path.join(sandbox.home, 'faculties'), { recursive: true });
          writeFileSync(path.join(sandbox.home, 'faculties/toolsmith.toml'), FACULTY);
        },
        extensions: (root) => [packageFolder(MODEL_PROVIDER, path.join(root, 'models.vsix'))],
      });
    });
    after(async () => {
      await end(driven);
      rmSync(notes, { recursive: true });
    });
    keepPictureOfFailure(`tools-${name}`, () => driven);

    it('asks with what it would be called with, and is called by nobody before', async () => {
      const { workbench } = at();
      await workbench.page.getByText('No work here yet').waitFor();
      id = await submit('Have two birds confirmed', 'heron', 'crane');
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
      await allow('crane');
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

    it('is not run by a yes to a dialog whose work was cancelled meanwhile', async () => {
      const { sandbox } = at();
      const cancelled = await submit('Have a bird confirmed too late', 'ibis');
      await allow('ibis');
      await dialog().getByText('Give back “ibis”?').waitFor();
      await animus(sandbox, ['work', 'cancel', cancelled]);
      await dialog().getByRole('button', { name: 'Yes' }).click();
      const next = await submit('Have another bird confirmed', 'stork');
      await allow('stork');
      await dialog().getByText('Give back “stork”?').waitFor();
      await dialog().getByRole('button', { name: 'Yes' }).click();
      await animus(sandbox, ['work', 'wait', next]);
      const called = readFileSync(asked(), 'utf8').trim().split('\n');
      assert.deepEqual(
        called.map((line) => (JSON.parse(line) as { text: string }).text),
        ['crane', 'stork'],
      );
    });
  });
}
