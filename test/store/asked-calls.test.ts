/** Whole turns with calls that ask a person, on both databases: what is written, decided and run, over parks and hosts. */
import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, realpathSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import type { Tool } from '../../src/host/engine/engage/tool.ts';
import { cancelWork } from '../../src/host/engine/focus/cancel.ts';
import { CallPermissions } from '../../src/host/engine/permissions/call-permissions.ts';
import { type Decision, decideCall } from '../../src/host/engine/permissions/decide-approval.ts';
import { writeFile } from '../../src/host/engine/tools/write-file.ts';
import { type Approval, pendingApprovals } from '../../src/host/store/approvals/approvals.ts';
import { onEachDatabase } from '../support/databases.ts';
import { Bench, type FacultyKeys, facultyOf } from '../support/engine-focus.ts';
import { worldTool } from '../support/engine-loop.ts';
import { type WrittenCall, writtenModel } from '../support/engine-model.ts';

onEachDatabase('calls that ask', {}, (database) => {
  let bench: Bench;
  /** None where the test was skipped. */
  let root: string | undefined;
  let workspace = '';
  /** Commands that ran, and what lay in the workspace then. */
  let commands: string[] = [];

  beforeEach(() => {
    bench = new Bench(database.db);
    root = realpathSync(mkdtempSync(path.join(tmpdir(), 'animus-asked-')));
    workspace = path.join(root, 'workspace');
    mkdirSync(workspace);
    commands = [];
  });
  afterEach(() => {
    if (root !== undefined) rmSync(root, { recursive: true, force: true });
    root = undefined;
  });

  const command: Tool = {
    ...worldTool({
      name: 'run_command',
      effect: 'exclusive',
      run: (text) => {
        commands.push(`${text}: ${readdirSync(workspace).toSorted().join(' ')}`);
        return { content: text, isError: false };
      },
    }),
    subject: (input) => ({ kind: 'command', text: (input as { text: string }).text }),
  } as Tool;

  /** One claim of the next item, whose one turn makes these calls. */
  async function run(calls: readonly WrittenCall[], permissions: FacultyKeys['permissions'] = {}) {
    const faculty = facultyOf({ permissions });
    await bench.run(writtenModel([{ calls }, { text: 'Done.' }]), faculty, {
      workspace,
      workspaceTools: [writeFile, command],
      permissionsOf: ({ item, focus }) =>
        new CallPermissions({
          db: bench.db,
          context: {
            ...{ workItemId: item.id, focusId: focus.id, faculty: 'general', workspace },
            knownFile: async () => undefined,
          },
          faculty: faculty.permissions,
          whenAsked: 'wait',
          redact: (text) => text,
        }),
    });
  }

  const write = (file: string, content = file): WrittenCall => ({ name: 'write_file', input: { path: file, content } });

  const pending = () => pendingApprovals(bench.db, bench.place, 100);

  function decide(approval: Approval | undefined, changes: Partial<Decision> = {}) {
    assert.ok(approval);
    const decision: Decision = {
      ...{ verdict: 'allow', scope: 'once', pattern: null, reason: null, by: 'cli' },
      ...changes,
    };
    return decideCall(bench.db, approval, decision, workspace);
  }

  const statesOf = async (id: string) => (await bench.look(id)).calls.map(({ state }) => state);

  it('keep back what must not run before them, over parks and the deaths of hosts', async () => {
    const calls = [write('a.txt'), write('b.txt'), write('c.txt'), { name: 'run_command', input: { text: 'ls' } }];
    const permissions = { allow: ['write_file(b.txt)', 'run_command(ls)'] };
    const id = await bench.submit();
    await run(calls, permissions);
    const [first, second, ...others] = await pending();
    assert.deepEqual([first?.subject?.text, second?.subject?.text, others], ['a.txt', 'c.txt', []]);
    assert.deepEqual(await statesOf(id), ['waiting', 'requested', 'waiting', 'requested']);
    assert.deepEqual(readdirSync(workspace), []);
    await decide(second);
    await run(calls, permissions);
    assert.deepEqual(await statesOf(id), ['waiting', 'requested', 'waiting', 'requested']);
    assert.deepEqual([readdirSync(workspace), (await pending()).length], [[], 1]);
    await bench.nextHost();
    await decide(first);
    // A host claims it and dies before it did anything.
    await bench.claim();
    await bench.nextHost();
    await run(calls, permissions);
    assert.deepEqual([await statesOf(id), commands], [['done', 'done', 'done', 'done'], ['ls: a.txt b.txt c.txt']]);
    assert.equal((await bench.look(id)).item.state, 'completed');
    assert.equal(readFileSync(path.join(workspace, 'b.txt'), 'utf8'), 'b.txt');
  });

  it('let what they kept back run where they are denied', async () => {
    const calls = [write('a.txt'), write('b.txt'), { name: 'run_command', input: { text: 'ls' } }];
    const permissions = { allow: ['write_file(b.txt)', 'run_command(ls)'] };
    const id = await bench.submit();
    await run(calls, permissions);
    await decide((await pending())[0], { verdict: 'deny' });
    await run(calls, permissions);
    assert.deepEqual([await statesOf(id), commands], [['denied', 'done', 'done'], ['ls: b.txt']]);
  });

  it('go with work that is cancelled while they keep others back', async () => {
    const id = await bench.submit();
    await run([write('a.txt'), write('b.txt')], { allow: ['write_file(b.txt)'] });
    await cancelWork(bench.db, { id, tree: true, by: 'a test' });
    assert.deepEqual([await statesOf(id), await pending()], [['cancelled', 'cancelled'], []]);
  });
});
