/** Work that writes files and runs commands, as the built command and its host do it: asked first, kept as diffs, undone. */
import assert from 'node:assert/strict';
import { existsSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { CliSandbox } from '../support/cli-sandbox.ts';

type Approval = { id: string; tool: string; preview: string | null };
type Change = { short_id: string; path: string; kind: string; diff: string; undone_at: string | null };
type Shown = { item: { state: string; outcome: { summary: string } | null } };

const SCRIPT = {
  name: 'writes',
  turns: [
    { tool_calls: [{ name: 'read_file', input: { path: 'notes.md' } }] },
    {
      tool_calls: [
        { name: 'edit_file', input: { path: 'notes.md', old_string: 'two', new_string: 'three' } },
        { name: 'write_file', input: { path: 'new/report.md', content: 'Three herons.\n' } },
        { name: 'run_command', input: { command: 'cat new/report.md' } },
      ],
    },
    { text: 'Done.' },
  ],
};

describe('changes of files', function () {
  this.timeout(120_000);
  let sandbox: CliSandbox;

  beforeEach(() => {
    sandbox = new CliSandbox();
    sandbox.write({ 'notes.md': 'two herons\n' });
  });
  afterEach(() => sandbox.remove());

  const onDisk = (file: string) => readFileSync(path.join(sandbox.workspace, file), 'utf8');

  async function submitted(): Promise<string> {
    const env = { ANIMUS_MODEL: sandbox.script(SCRIPT) };
    return (await sandbox.json<{ id: string }>(['work', 'submit', '--trust', 'count them'], { env })).id;
  }

  /** What a reader of the focus is told of its changes, without their text. */
  async function told(id: string) {
    const { foci } = await sandbox.json<{ foci: { id: string }[] }>(['work', 'show', id]);
    const client = await sandbox.attach();
    try {
      const { tool_calls } = await client.request('focus/read', { id: foci.at(-1)?.id ?? '' });
      return tool_calls.flatMap(({ name, change }) => {
        if (!change) return [];
        const { kind, added, removed, applied, undone_at } = change;
        return [[name, kind, added, removed, applied, undone_at !== null]];
      });
    } finally {
      await client.close();
    }
  }

  it('[S5] [S20] are asked about with their diffs, made once they are allowed, listed, and undone', async () => {
    const id = await submitted();
    assert.equal((await sandbox.json<Shown>(['work', 'wait', id])).code, 4);
    assert.equal(onDisk('notes.md'), 'two herons\n', 'nothing is written before somebody allows it');
    const { approvals } = await sandbox.json<{ approvals: Approval[] }>(['approvals']);
    const edit = approvals.find(({ tool }) => tool === 'edit_file');
    assert.match(edit?.preview ?? '', /-two herons\n\+three herons\n/);
    for (const tool of ['edit_file', 'write_file', 'run_command']) {
      const listed = await sandbox.json<{ approvals: Approval[] }>(['approvals']);
      const asked = listed.approvals.find((approval) => approval.tool === tool);
      assert.ok(asked, `${tool} asks`);
      assert.equal((await sandbox.animus(['approvals', 'allow', asked.id])).code, 0);
    }
    assert.equal((await sandbox.json<Shown>(['work', 'wait', id])).item.state, 'completed');
    assert.deepEqual([onDisk('notes.md'), onDisk('new/report.md')], ['three herons\n', 'Three herons.\n']);

    const { changes } = await sandbox.json<{ changes: Change[] }>(['changes', 'list', id]);
    assert.deepEqual(
      changes.map(({ path: file, kind, undone_at }) => [file, kind, undone_at]),
      [
        ['notes.md', 'changed', null],
        ['new/report.md', 'created', null],
      ],
    );
    const shown = await sandbox.animus(['changes', 'show', id, changes[0]?.short_id ?? '']);
    assert.match(shown.stdout, /changed {2}\+1 \u22121 {2}notes\.md\n.*\n {2}-two herons\n {2}\+three herons/);
    assert.deepEqual(await told(id), [
      ['edit_file', 'changed', 1, 1, true, false],
      ['write_file', 'created', 1, 0, true, false],
    ]);
    const env = { ANIMUS_RUN: '5f0c1f5e-8f5b-4f0e-9a53-3a1f6f9b1c11/run' };
    const agents = await sandbox.json<{ error: { kind: string } }>(['changes', 'undo', id, '--all'], { env });
    assert.deepEqual(
      [agents.code, agents.error.kind],
      [5, 'not_permitted'],
      'nothing that an agent started undoes them',
    );
    assert.equal(onDisk('notes.md'), 'three herons\n');
    const undone = await sandbox.animus(['changes', 'undo', id, '--all']);
    assert.equal(undone.code, 0, undone.stderr);
    assert.equal(onDisk('notes.md'), 'two herons\n');
    assert.ok(!existsSync(path.join(sandbox.workspace, 'new/report.md')));
    assert.deepEqual(
      (await told(id)).map(([name, , , , , isUndone]) => [name, isUndone]),
      [
        ['edit_file', true],
        ['write_file', true],
      ],
    );
    const again = await sandbox.animus(['changes', 'undo', id, '--all']);
    assert.match(again.stdout, /There is nothing to undo/);
  });
});
