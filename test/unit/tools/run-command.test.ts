/** run_command: real commands in a real folder. */
import assert from 'node:assert/strict';
import { existsSync, mkdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { createRunCommand } from '../../../src/host/engine/tools/run-command.ts';
import { type ConfinementOrder, findConfinement } from '../../../src/host/process/confinement.ts';
import { makeWorkspace, removeWorkspaces } from './workspace.ts';

const STORE = '01890000-0000-7000-8000-000000000000';
const environment = { PATH: process.env.PATH ?? '', HOME: '/nowhere', GREETING: 'hello' };
const runCommand = createRunCommand({
  ...{ environment, storeId: STORE, confine: 'off' },
  findConfinement: async () => assert.fail('nobody asked for it'),
});

after(removeWorkspaces);

describe('run_command', () => {
  it('gives the streams, the exit code and the counts', async () => {
    const workspace = makeWorkspace({ 'sub/a.txt': 'x' });
    const { content, isError, data } = await workspace.call(runCommand, {
      command: 'echo "$GREETING"; ls; echo oops >&2; exit 3',
      cwd: 'sub',
    });
    assert.equal(isError, false, 'a command that fails has answered');
    assert.match(content, /^exit_code: 3, duration_ms: \d+, line_count: 3, timed_out: false\n/);
    assert.match(content, /stdout:\nhello\na\.txt\nstderr:\noops$/);
    const { duration_ms: duration, ...facts } = data as Record<string, unknown>;
    assert.ok(typeof duration === 'number');
    const expected = { exit_code: 3, line_count: 3, timed_out: false, stdout: 'hello\na.txt\n', stderr: 'oops\n' };
    assert.deepEqual(facts, expected);
  });

  it('passes on nothing of our own environment but what it was given', async () => {
    const { content } = await makeWorkspace().call(runCommand, { command: 'env | cut -d= -f1 | sort | tr "\\n" " "' });
    const seen = new Set(/stdout:\n(.*)/.exec(content)?.[1]?.trim().split(' '));
    for (const name of ['PATH', 'HOME', 'GREETING', 'ANIMUS_RUN']) assert.ok(seen.delete(name), name);
    assert.deepEqual(
      [...seen].filter((name) => !['PWD', 'OLDPWD', 'SHLVL', '_'].includes(name)),
      [],
    );
  });

  it('[F19] ends a command over its time, with what it left in the background', async () => {
    const workspace = makeWorkspace();
    const { content, isError } = await workspace.call(runCommand, {
      command: '(trap "" TERM; while :; do sleep 1; done) & echo started; sleep 600',
      timeout_seconds: 1,
    });
    assert.ok(isError);
    assert.match(content, /timed_out: true/);
    assert.match(content, /\[ended after 1 s; pass a longer timeout_seconds/);
    assert.match(content, /stdout:\nstarted/);
    assert.match(content, /processes that it left running were ended/);
  });

  it('ends when the focus is cancelled', async () => {
    const cancel = new AbortController();
    const workspace = makeWorkspace();
    const running = workspace.call(runCommand, { command: 'touch begun; sleep 600' }, cancel.signal);
    while (!existsSync(path.join(workspace.root, 'begun'))) await new Promise((resolve) => setTimeout(resolve, 10));
    cancel.abort();
    const { content, isError } = await running;
    assert.ok(isError);
    assert.match(content, /\[cancelled\]/);
  });

  it('keeps the beginning and the end of a flood', async () => {
    const { content } = await makeWorkspace().call(runCommand, { command: 'seq 1 100000' });
    assert.ok(content.length < 70_000, `${content.length}`);
    assert.match(content, /stdout:\n1\n2\n/);
    assert.match(content, /bytes left out\]/);
    assert.match(content, /100000\nstderr: \(nothing\)$/);
  });

  it('[S10] does not run outside the workspace', async () => {
    const workspace = makeWorkspace();
    symlinkSync(workspace.outside, path.join(workspace.root, 'link'));
    for (const cwd of ['..', workspace.outside, 'link', 'nowhere']) {
      const { content, isError } = await workspace.call(runCommand, { command: 'touch here', cwd });
      assert.ok(isError);
      assert.match(content, /Nothing was run/);
    }
    assert.equal(existsSync(path.join(workspace.outside, 'here')), false);
  });
});

describe('a confined command', () => {
  const confine = async (order: ConfinementOrder) => {
    const confinement = await findConfinement(order);
    const surroundings = {
      environment,
      storeId: STORE,
      confine: 'auto',
      findConfinement: async () => confinement,
    } as const;
    return confinement && createRunCommand(surroundings);
  };

  it('does not run where confinement is required and there is none', async () => {
    const surroundings = {
      environment,
      storeId: STORE,
      confine: 'required',
      findConfinement: async () => undefined,
    } as const;
    const workspace = makeWorkspace();
    const { content, isError } = await workspace.call(createRunCommand(surroundings), { command: 'touch here' });
    assert.ok(isError);
    assert.match(content, /confined or not at all/);
    assert.equal(existsSync(path.join(workspace.root, 'here')), false);
  });

  it('does not see what is hidden, and cannot change what is fixed', async function () {
    const workspace = makeWorkspace({ '.vscode/settings.json': '{}', 'a.txt': 'x' });
    const hidden = path.join(workspace.outside, 'home');
    mkdirSync(hidden);
    writeFileSync(path.join(hidden, 'host.json'), 'token');
    const confined = await confine({ hidden: [hidden], readOnly: [path.join(workspace.root, '.vscode')] });
    if (!confined) return this.skip();
    const command = `cat ${hidden}/host.json; echo x > .vscode/settings.json; echo "it's" > b.txt; cat b.txt`;
    const { content } = await workspace.call(confined, { command });
    assert.match(content, /No such file or directory/);
    assert.match(content, /Read-only file system/);
    assert.match(content, /stdout:\nit's\n/);
    assert.equal(readFileSync(path.join(workspace.root, '.vscode/settings.json'), 'utf8'), '{}');
    assert.equal(readFileSync(path.join(hidden, 'host.json'), 'utf8'), 'token');
  });

  it('ends as whole as any other', async function () {
    const confined = await confine({ hidden: [], readOnly: [] });
    if (!confined) return this.skip();
    const { content } = await makeWorkspace().call(confined, {
      command: 'setsid sleep 600 & sleep 600',
      timeout_seconds: 1,
    });
    assert.match(content, /timed_out: true/);
    assert.doesNotMatch(content, /could not be ended/);
  });
});
