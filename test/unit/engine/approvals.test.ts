/** A call that asks: its focus parks without a slot until a person decides, over deaths of hosts. */
import assert from 'node:assert/strict';
import * as z from 'zod';
import { defineTool, type Tool } from '../../../src/host/engine/engage/tool.ts';
import { DbJournal } from '../../../src/host/engine/focus/journal.ts';
import type { FocusDependencies } from '../../../src/host/engine/focus/types.ts';
import { CallPermissions, type WhenAsked } from '../../../src/host/engine/permissions/call-permissions.ts';
import { type Decision, decideCall } from '../../../src/host/engine/permissions/decide-approval.ts';
import { parsePattern } from '../../../src/host/engine/permissions/pattern.ts';
import { type Approval, pendingApprovals, readApproval } from '../../../src/host/store/approvals/approvals.ts';
import { deleteRule, insertRule, rulesOfPlace } from '../../../src/host/store/approvals/permission-rules.ts';
import { openWaits } from '../../../src/host/store/work/waits.ts';
import { uuidv7 } from '../../../src/rendezvous/ids.ts';
import { engineDatabase, OPENING_LIMIT_MS } from '../../support/engine-database.ts';
import { type Bench, type FacultyKeys, facultyOf, openBench } from '../../support/engine-focus.ts';
import { writtenModel } from '../../support/engine-model.ts';

/** A command as the real one will be, which notes what it was told to run. */
class Shell {
  readonly ran: string[] = [];
  /** What happens while a call is about to ask. */
  onPreview = async (): Promise<void> => undefined;
  readonly tool: Tool = defineTool({
    kind: 'world',
    name: 'run_command',
    description: 'Runs a command.',
    effect: 'exclusive',
    timeoutMs: 60_000,
    input: z.strictObject({ command: z.string() }),
    subject: ({ command }) => ({ kind: 'command', text: command }),
    preview: async ({ command }) => {
      await this.onPreview();
      return `would run ${command}`;
    },
    run: async ({ command }) => {
      this.ran.push(command);
      return { content: `ran ${command}`, isError: false };
    },
  });
}

type Setting = { permissions?: FacultyKeys['permissions']; whenAsked?: WhenAsked };

const knownFile = async () => undefined;

describe('approvals', function () {
  this.timeout(OPENING_LIMIT_MS);
  let bench: Bench;
  let shell: Shell;

  before(engineDatabase);
  beforeEach(async () => {
    bench = await openBench();
    shell = new Shell();
  });

  /** One claim of the next item, whose one turn asks for these commands. */
  async function run(commands: readonly string[], { permissions = {}, whenAsked = 'wait' }: Setting = {}) {
    const calls = commands.map((command) => ({ name: 'run_command', input: { command } }));
    const client = writtenModel([{ calls }, { text: 'Done.' }]);
    const faculty = facultyOf({ permissions });
    const changes: Partial<FocusDependencies> = {
      workspaceTools: [shell.tool],
      permissionsOf: ({ item, focus }) =>
        new CallPermissions({
          db: bench.db,
          context: { workItemId: item.id, focusId: focus.id, faculty: 'general', workspace: '/workspace', knownFile },
          faculty: faculty.permissions,
          whenAsked,
          redact: (text) => bench.redactor.text(text),
        }),
    };
    await bench.run(client, faculty, changes);
  }

  const pending = () => pendingApprovals(bench.db, bench.place, 100);

  async function decide(approval: Approval | undefined, changes: Partial<Decision> & { about?: string } = {}) {
    assert.ok(approval);
    const { about, ...rest } = changes;
    const parsed = about === undefined ? undefined : parsePattern(about);
    const pattern = parsed?.kind === 'pattern' ? parsed.pattern : null;
    const decision: Decision = { verdict: 'allow', scope: 'once', pattern, reason: null, by: 'cli', ...rest };
    return decideCall(bench.db, approval, decision, { workspace: '/workspace', rulesOf: () => [] });
  }

  it('park the focus, which holds no lease, with the exact arguments for a person to see', async () => {
    const id = await bench.submit();
    await run(['git push']);
    const { item, focus, calls } = await bench.look(id);
    assert.deepEqual([item.state, focus?.status, calls[0]?.state, shell.ran], ['waiting', 'parked', 'waiting', []]);
    assert.equal((await bench.db.query('select 1 from animus.leases where work_item_id = $1', [id])).length, 0);
    const [approval] = await pending();
    assert.deepEqual(
      [approval?.tool, approval?.subject, approval?.input, approval?.preview, approval?.toolCallId],
      [
        'run_command',
        { kind: 'command', text: 'git push' },
        { command: 'git push' },
        'would run git push',
        calls[0]?.id,
      ],
    );
    const [wait] = await openWaits(bench.db, [bench.place]);
    assert.deepEqual([wait?.kind, wait?.targets, wait?.toolCallId], ['approval', [approval?.id], calls[0]?.id]);
    assert.equal(await bench.tryClaim(), undefined);
  });

  it('allowed once, the call runs once, and the approval is used up with its start', async () => {
    const id = await bench.submit();
    await run(['git push']);
    const [approval] = await pending();
    assert.equal(await decide(approval), 1);
    await run(['git push']);
    const { item, calls } = await bench.look(id);
    assert.deepEqual([item.state, calls[0]?.state, shell.ran], ['completed', 'done', ['git push']]);
    assert.notEqual((await readApproval(bench.db, approval?.id ?? ''))?.usedAt, null);
    assert.deepEqual(await openWaits(bench.db, [bench.place]), []);
    // The same command in other work asks again.
    await bench.submit();
    await run(['git push']);
    assert.equal((await pending()).length, 1);
  });

  it('denied, the call is not run and the model is told what the person said', async () => {
    const id = await bench.submit();
    await run(['rm -rf notes']);
    await decide((await pending())[0], { verdict: 'deny', reason: 'they are needed' });
    await run(['rm -rf notes']);
    const { item, calls } = await bench.look(id);
    assert.deepEqual([item.state, calls[0]?.state, shell.ran], ['completed', 'denied', []]);
    assert.equal(calls[0]?.result?.content, 'A person did not allow this call of run_command: they are needed');
  });

  it('survive the host: who comes next goes on with what was decided', async () => {
    const id = await bench.submit();
    await run(['git push']);
    await bench.nextHost();
    await decide((await pending())[0]);
    await bench.nextHost();
    await run(['git push']);
    assert.deepEqual([(await bench.look(id)).item.state, shell.ran], ['completed', ['git push']]);
  });

  it('a host that dies while the call runs leaves nothing that waits for a person', async () => {
    const id = await bench.submit();
    await run(['git push']);
    const [approval] = await pending();
    await decide(approval);
    const claim = await bench.claim();
    const [call] = (await bench.look(id)).calls;
    assert.ok(call);
    const journal = new DbJournal(bench.db, claim.lease, 'written/m', bench.redactor);
    const [open] = (await journal.load()).callsOfLastTurn;
    assert.ok(open?.waiting);
    await journal.startCall(open, 'exclusive');
    await bench.nextHost();
    await run([]);
    const { calls, item } = await bench.look(id);
    assert.deepEqual([calls[0]?.state, item.state], ['interrupted', 'completed']);
    // The end of the work resolves what is left: what matters is when the call's own wait was over.
    const [wait] = await bench.db.query<{ early: boolean }>(
      'select v.resolved_at <= c.ended_at as early from animus.waits v join animus.tool_calls c on c.id = v.tool_call_id where c.id = $1',
      [call.id],
    );
    assert.equal(wait?.early, true);
  });

  it('are bound to the arguments: what was said of others counts for nothing', async () => {
    const id = await bench.submit();
    await run(['git push']);
    const [approval] = await pending();
    await decide(approval);
    await bench.db.query(
      `update animus.tool_calls set effective_input = '{"command": "git push --force"}' where id = $1`,
      [approval?.toolCallId ?? ''],
    );
    await run(['git push']);
    assert.deepEqual(shell.ran, []);
    const [again] = await pending();
    assert.deepEqual([again?.input, again?.state], [{ command: 'git push --force' }, 'pending']);
    assert.notEqual(again?.id, approval?.id);
    assert.match(again?.remark ?? '', /^Asked again: the arguments are others/);
    const [wait] = await openWaits(bench.db, [bench.place]);
    assert.deepEqual(wait?.targets, [again?.id]);
    assert.equal((await bench.look(id)).item.state, 'waiting');
    await decide(again);
    await run(['git push']);
    assert.deepEqual(shell.ran, ['git push --force']);
  });

  it('of several calls all ask at once, and each runs in its turn, whichever is decided first', async () => {
    const id = await bench.submit();
    const permissions = { allow: ['run_command(git status)', 'run_command(git log)'] };
    const commands = ['git log', 'git push', 'git status', 'git tag'];
    await run(commands, { permissions });
    assert.deepEqual(shell.ran, ['git log']);
    const [push, tag] = await pending();
    await decide(tag);
    await bench.nextHost();
    await run(commands, { permissions });
    const { calls, item } = await bench.look(id);
    assert.deepEqual([item.state, shell.ran], ['waiting', ['git log']]);
    assert.deepEqual(
      calls.map(({ state }) => state),
      ['done', 'waiting', 'requested', 'waiting'],
    );
    await decide(push, { verdict: 'deny' });
    await run(commands, { permissions });
    assert.deepEqual(shell.ran, ['git log', 'git status', 'git tag']);
    const ended = await bench.look(id);
    assert.deepEqual(
      [ended.item.state, ...ended.calls.map(({ state }) => state)],
      ['completed', 'done', 'denied', 'done', 'done'],
    );
  });

  it('for this focus: what the pattern is about runs in it, and asks in another', async () => {
    await bench.submit();
    await run(['git push a', 'git push b', 'git tag']);
    const about = 'run_command(git push *)';
    assert.equal(await decide((await pending())[0], { scope: 'focus', about }), 2);
    await run([]);
    assert.deepEqual(shell.ran, ['git push a', 'git push b']);
    await decide((await pending())[0], { verdict: 'deny' });
    await run([]);
    await bench.submit();
    await run(['git push c']);
    assert.equal((await pending()).length, 1);
    assert.deepEqual(await rulesOfPlace(bench.db, bench.place), []);
  });

  it('as a rule: all work of the place, until the rule is removed', async () => {
    await bench.submit();
    await run(['git push a']);
    await decide((await pending())[0], { scope: 'rule', about: 'run_command(git push *)' });
    await run(['git push a']);
    await bench.submit();
    await run(['git push b']);
    assert.deepEqual(shell.ran, ['git push a', 'git push b']);
    const [rule] = await rulesOfPlace(bench.db, bench.place);
    assert.deepEqual([rule?.decision, rule?.pattern, rule?.createdBy], ['allow', 'run_command(git push *)', 'cli']);
    await deleteRule(bench.db, bench.place, rule?.id ?? '');
    await bench.submit();
    await run(['git push c']);
    assert.equal((await pending()).length, 1);
  });

  it('a rule that came while a call was about to ask is seen at once, and the call is looked at once more', async () => {
    const id = await bench.submit();
    let looks = 0;
    shell.onPreview = async () => {
      looks += 1;
      if (looks > 1) return;
      const rule = { id: uuidv7(), place: bench.place, focusId: null, pattern: 'run_command(git push *)' };
      await bench.db.transaction((tx) => insertRule(tx, { ...rule, decision: 'allow', createdBy: 'cli' }));
    };
    await run(['git push']);
    const { item } = await bench.look(id);
    assert.deepEqual([item.state, shell.ran, await pending(), looks], ['completed', ['git push'], [], 1]);
  });

  it('permissions are as they are now: a refusal that came meanwhile holds, whatever was allowed before', async () => {
    const id = await bench.submit();
    await run(['git push']);
    await decide((await pending())[0]);
    await run(['git push'], { permissions: { deny: ['run_command(git push *)'] } });
    assert.deepEqual([(await bench.look(id)).calls[0]?.state, shell.ran], ['denied', []]);
  });

  it('where nobody is there to be asked, the policy answers', async () => {
    const denied = await bench.submit();
    await run(['git push'], { whenAsked: 'deny' });
    const { calls, item } = await bench.look(denied);
    assert.deepEqual([item.state, calls[0]?.state, shell.ran], ['completed', 'denied', []]);
    assert.match(calls[0]?.result?.content ?? '', /nobody is there to be asked/);
    await bench.submit();
    await run(['git push'], { whenAsked: 'allow' });
    assert.deepEqual([shell.ran, await pending()], [['git push'], []]);
  });

  it('of work that was cancelled nothing is left to decide', async () => {
    const id = await bench.submit();
    await run(['git push']);
    await bench.db.query("update animus.work_items set state = 'cancelled', resolved_at = now() where id = $1", [id]);
    assert.deepEqual(await pending(), []);
  });

  it('decided twice, the first decision holds', async () => {
    await bench.submit();
    await run(['git push']);
    const [approval] = await pending();
    assert.deepEqual([await decide(approval), await decide(approval, { verdict: 'deny' })], [1, 0]);
    assert.equal((await readApproval(bench.db, approval?.id ?? ''))?.state, 'allowed');
  });

  it('[S15] are stored without secrets', async () => {
    bench.redactor.add('pass', 'hunter2-hunter2');
    await bench.submit();
    await run(['login hunter2-hunter2']);
    assert.ok(!JSON.stringify(await pending()).includes('hunter2'));
  });
});
