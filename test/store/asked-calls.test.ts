/** Whole turns with calls that ask a person, on both databases: what is written, decided and run, over parks and hosts. */
import assert from 'node:assert/strict';
import {
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  realpathSync,
  rmSync,
  symlinkSync,
  unlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import type { Tool } from '../../src/host/engine/engage/tool.ts';
import { cancelWork } from '../../src/host/engine/focus/cancel.ts';
import { knownFileOf } from '../../src/host/engine/focus/file-records.ts';
import { CallPermissions } from '../../src/host/engine/permissions/call-permissions.ts';
import { type Decision, decideCall } from '../../src/host/engine/permissions/decide-approval.ts';
import { parsePattern } from '../../src/host/engine/permissions/pattern.ts';
import { questionHash } from '../../src/host/engine/permissions/question.ts';
import { type FacultyPermissions, facultyRules } from '../../src/host/engine/permissions/rules.ts';
import { searchText } from '../../src/host/engine/tools/search-text.ts';
import { writeFile } from '../../src/host/engine/tools/write-file.ts';
import { type Approval, decisionsOfFocus, pendingApprovals } from '../../src/host/store/approvals/approvals.ts';
import { deleteRule, insertRule, rulesOfPlace } from '../../src/host/store/approvals/permission-rules.ts';
import { uuidv7 } from '../../src/rendezvous/ids.ts';
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

  let ofFaculty: FacultyPermissions = { allow: [], ask: [], deny: [] };

  /** One claim of the next item, whose one turn makes these calls. */
  async function run(calls: readonly WrittenCall[], permissions: FacultyKeys['permissions'] = {}) {
    const faculty = facultyOf({ permissions });
    ofFaculty = faculty.permissions;
    await bench.run(writtenModel([{ calls }, { text: 'Done.' }]), faculty, {
      workspace,
      workspaceTools: [writeFile, command, searchText],
      permissionsOf: ({ item, focus }) =>
        new CallPermissions({
          db: bench.db,
          context: {
            ...{ workItemId: item.id, focusId: focus.id, faculty: 'general', workspace },
            knownFile: knownFileOf(bench.db, focus.id),
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
    return decideCall(bench.db, approval, decision, {
      workspace,
      rulesOf: (name) => (name === 'general' ? facultyRules(ofFaculty, 'faculty') : undefined),
    });
  }

  /** The pending question about a path or command. */
  const about = async (text: string) => (await pending()).find(({ subject }) => subject?.text === text);

  function patternOf(text: string) {
    const parsed = parsePattern(text);
    assert.ok(parsed.kind === 'pattern', text);
    return parsed.pattern;
  }

  const asRule = (text: string, changes: Partial<Decision> = {}): Partial<Decision> => ({
    ...{ scope: 'rule', pattern: patternOf(text) },
    ...changes,
  });

  const textsOf = (approvals: readonly Approval[]) => approvals.map(({ subject }) => subject?.text);

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

  it('do not run after they were denied, whatever is allowed of those that keep them back', async () => {
    const id = await bench.submit();
    const calls = ['git push', 'git tag', 'git gc'].map((text) => ({ name: 'run_command', input: { text } }));
    await run(calls);
    await decide(await about('git tag'), { verdict: 'deny', reason: 'never this tag' });
    await run(calls);
    const { calls: denied } = await bench.look(id);
    assert.deepEqual(
      denied.map(({ state }) => state),
      ['waiting', 'denied', 'waiting'],
      'what is denied ends at once',
    );
    await decide(await about('git push'), { scope: 'focus', pattern: patternOf('run_command(git *)') });
    await run(calls);
    const { calls: ended, item } = await bench.look(id);
    assert.equal(item.state, 'completed');
    assert.deepEqual(
      ended.map(({ state, result }) => [state, result?.content]),
      [
        ['done', 'git push'],
        ['denied', 'A person did not allow this call of run_command: never this tag'],
        ['done', 'git gc'],
      ],
    );
    assert.deepEqual(
      commands.map((text) => text.split(':')[0]),
      ['git push', 'git gc'],
    );
  });

  it('stay denied where a rule that a person made afterwards would allow them', async () => {
    const id = await bench.submit();
    const calls = ['git push', 'git tag'].map((text) => ({ name: 'run_command', input: { text } }));
    await run(calls);
    await decide(await about('git tag'), { verdict: 'deny' });
    await decide(await about('git push'), { scope: 'rule', pattern: patternOf('run_command(git *)') });
    await run(calls);
    assert.deepEqual(
      (await bench.look(id)).calls.map(({ state }) => state),
      ['done', 'denied'],
    );
  });

  it('are shown anew, as another question, where what they would do is another by then', async () => {
    const id = await bench.submit();
    const calls = [write('a.txt', 'one\n'), write('a.txt', 'two\n')];
    await run(calls);
    const [first, second] = await pending();
    assert.match(second?.preview ?? '', /^@@ -0,0 .*\n\+two/);
    await decide(first);
    await run(calls);
    const [again, ...others] = await pending();
    assert.ok(again && second);
    assert.deepEqual(others, []);
    assert.match(again.preview ?? '', /-one\n\+two/);
    assert.match(again.remark ?? '', /what it would do is another by now/);
    assert.notEqual(again.id, second.id, 'who has the old one before them cannot allow it');
    await decide(again);
    await run(calls);
    const { calls: ended } = await bench.look(id);
    assert.deepEqual(
      ended.map(({ state }) => state),
      ['done', 'done'],
    );
    assert.equal(readFileSync(path.join(workspace, 'a.txt'), 'utf8'), 'two\n');
  });

  it('go with work that is cancelled while they keep others back', async () => {
    const id = await bench.submit();
    await run([write('a.txt'), write('b.txt')], { allow: ['write_file(b.txt)'] });
    await cancelWork(bench.db, { id, tree: true, by: 'a test' });
    assert.deepEqual([await statesOf(id), await pending()], [['cancelled', 'cancelled'], []]);
  });

  for (const scope of ['rule', 'focus'] as const) {
    it(`are not decided by what was said of another (${scope}) where the next such call would ask all the same`, async () => {
      const others = ['.vscode/tasks.json', 'sub/.git/hooks/pre-commit', 'secrets/key', 'src/b.txt'];
      const calls = ['src/a.txt', ...others].map((file) => write(file));
      const permissions = { ask: ['write_file(secrets/**)'] };
      const id = await bench.submit();
      await run(calls, permissions);
      assert.deepEqual(textsOf(await pending()), ['src/a.txt', ...others]);
      const rule = asRule('write_file(**)', { scope });
      assert.equal(await decide(await about('src/a.txt'), rule), 2);
      assert.deepEqual(textsOf(await pending()), others.slice(0, 3));
      await run(calls, permissions);
      assert.deepEqual(readdirSync(workspace), ['src']);
      for (const text of others.slice(0, 3)) await decide(await about(text), { verdict: 'deny' });
      await run(calls, permissions);
      assert.deepEqual(await statesOf(id), ['done', 'denied', 'denied', 'denied', 'done']);
      assert.deepEqual(readdirSync(path.join(workspace, 'src')).toSorted(), ['a.txt', 'b.txt']);
    });
  }

  it('are denied by a rule only where the next such call would be', async () => {
    const calls = [write('src/a.txt'), write('src/keep/b.txt'), write('src/c.txt')];
    const permissions = { ask: ['write_file(src/keep/**)'] };
    const id = await bench.submit();
    await run(calls, permissions);
    const rule = asRule('write_file(src/**)', { verdict: 'deny' });
    assert.equal(await decide(await about('src/a.txt'), rule), 2);
    assert.deepEqual(textsOf(await pending()), ['src/keep/b.txt']);
    await decide(await about('src/keep/b.txt'));
    await run(calls, permissions);
    assert.deepEqual(await statesOf(id), ['denied', 'done', 'denied']);
  });

  it('leave a rule behind that holds for what a search comes upon', async () => {
    const id = await bench.submit();
    const search: WrittenCall = { name: 'search_text', input: { pattern: 'word', path: 'src' } };
    const calls = [write('src/a.txt', 'word'), search];
    const permissions = { ask: ['search_text(src/**)'] };
    mkdirSync(path.join(workspace, 'src/own'), { recursive: true });
    writeFileSync(path.join(workspace, 'src/own/key'), 'word');
    await run(calls, permissions);
    const rule = { id: uuidv7(), place: bench.place, focusId: null, decision: 'deny', createdBy: 'cli' } as const;
    await bench.db.transaction((tx) => insertRule(tx, { ...rule, pattern: 'read_file(src/own/**)' }));
    for (const approval of await pending()) await decide(approval);
    await run(calls, permissions);
    const [, found] = (await bench.look(id)).calls;
    const left = '[left out: 1 file that may not be read (deny = "read_file(src/own/**)")]';
    assert.equal(found?.result?.content, `src/a.txt:1: word\n${left}`);
  });

  it('are left to a person where nobody knows the rules of their faculty', async () => {
    await bench.submit();
    await run([write('src/a.txt'), write('src/b.txt')]);
    const decision = { ...asRule('write_file(**)'), verdict: 'allow', reason: null, by: 'cli' } as Decision;
    const approval = await about('src/a.txt');
    assert.ok(approval);
    assert.equal(await decideCall(bench.db, approval, decision, { workspace, rulesOf: () => undefined }), 1);
    assert.deepEqual(textsOf(await pending()), ['src/b.txt']);
  });

  it('that only a rule decided ask again where it is forgotten before they ran; what was shown holds', async () => {
    const calls = [write('first.txt'), write('src/a.txt'), write('src/b.txt')];
    const id = await bench.submit();
    await run(calls);
    assert.equal(await decide(await about('src/a.txt'), asRule('write_file(src/**)')), 2);
    const [rule] = await rulesOfPlace(bench.db, bench.place);
    await deleteRule(bench.db, bench.place, rule?.id ?? '');
    await decide(await about('first.txt'));
    await run(calls);
    assert.deepEqual(await statesOf(id), ['done', 'done', 'waiting']);
    const again = await about('src/b.txt');
    assert.match(again?.remark ?? '', /^Asked again: the rule that decided it holds no more/);
    await decide(again);
    await run(calls);
    assert.deepEqual(await statesOf(id), ['done', 'done', 'done']);
  });

  it('that a rule lets run are asked about no more, also where nobody decided them', async () => {
    const calls = [write('first.txt'), write('src/a.txt')];
    const id = await bench.submit();
    await run(calls);
    await decide(await about('first.txt'));
    await run(calls, { allow: ['write_file(src/**)'] });
    assert.deepEqual([await statesOf(id), await pending()], [['done', 'done'], []]);
    const { calls: made, focus } = await bench.look(id);
    const decisions = await decisionsOfFocus(bench.db, focus?.id ?? '');
    const settled = decisions.find(({ toolCallId }) => toolCallId === made[1]?.id);
    assert.deepEqual([settled?.state, settled?.scope, settled?.decidedBy], ['allowed', 'rule', 'rules']);
  });

  it('[S10] are asked about anew where the path leads elsewhere by the time they would start', async () => {
    for (const folder of ['.git/hooks', 'src', 'deep']) mkdirSync(path.join(workspace, folder), { recursive: true });
    const calls = [write('src/tools/pre-commit'), write('src/plain.txt')];
    const id = await bench.submit();
    await run(calls);
    const shown = await about('src/tools/pre-commit');
    assert.deepEqual(shown?.subject, { kind: 'path', text: 'src/tools/pre-commit', changes: true });
    await decide(shown);
    await decide(await about('src/plain.txt'));
    symlinkSync('../.git/hooks', path.join(workspace, 'src/tools'));
    await run(calls);
    assert.deepEqual(
      [await statesOf(id), readdirSync(path.join(workspace, '.git/hooks'))],
      [['waiting', 'waiting'], []],
    );
    const again = await about('src/tools/pre-commit');
    assert.equal(again?.subject?.leads_to, '.git/hooks/pre-commit');
    assert.equal(
      again?.remark,
      'Asked again: the path leads to .git/hooks/pre-commit now, and led to src/tools/pre-commit when it was shown.',
    );
    // Whoever still looks at the first question answers nothing.
    assert.equal(await decide(shown), 0);
    await decide(again);
    unlinkSync(path.join(workspace, 'src/tools'));
    symlinkSync('../deep', path.join(workspace, 'src/tools'));
    await run(calls);
    const third = await about('src/tools/pre-commit');
    assert.match(third?.remark ?? '', /leads to deep\/pre-commit now, and led to \.git\/hooks\/pre-commit/);
    await decide(third);
    await run(calls);
    assert.deepEqual(await statesOf(id), ['done', 'done']);
    assert.deepEqual(readdirSync(path.join(workspace, 'deep')), ['pre-commit']);
    assert.deepEqual(readdirSync(path.join(workspace, '.git/hooks')), []);
  });

  it('are asked about anew where what was said does not tell where the path led', async () => {
    const id = await bench.submit();
    await run([write('a.txt')]);
    const approval = await about('a.txt');
    await decide(approval);
    // As it was before this was looked at.
    await bench.db.query('update animus.approvals set input_hash = $2, subject = $3::jsonb where id = $1', [
      approval?.id ?? '',
      questionHash('write_file', { path: 'a.txt', content: 'a.txt' }),
      JSON.stringify({ kind: 'path', text: 'a.txt' }),
    ]);
    await run([write('a.txt')]);
    assert.deepEqual([await statesOf(id), readdirSync(workspace)], [['waiting'], []]);
    const again = await about('a.txt');
    assert.equal(again?.remark, 'Asked again: it was not recorded where the path led.');
    await decide(again);
    await run([write('a.txt')]);
    assert.deepEqual(await statesOf(id), ['done']);
  });
});
