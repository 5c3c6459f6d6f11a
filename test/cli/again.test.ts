import assert from 'node:assert/strict';
import { CliSandbox } from '../support/cli-sandbox.ts';
import { QUICK } from '../support/cli-scenarios.ts';

type Waited = { item: { id: string; state: string; retry_of: string | null; follow_up_of: string | null } };
type Refused = { error: { kind: string; message: string; next: string } };

const FAILING = {
  name: 'failing',
  turns: [
    { tool_calls: [{ name: 'ledger_append', input: { entry_type: 'finding', content: 'The weir is dry.' } }] },
    { error: 'context_exceeded' },
  ],
};

describe('work that comes after finished work', () => {
  let sandbox: CliSandbox;
  beforeEach(() => {
    sandbox = new CliSandbox();
  });
  afterEach(() => sandbox.remove());

  async function run(args: string[], script: object): Promise<Waited & { code: number }> {
    return sandbox.json<Waited>([...args, '--wait'], { env: { ANIMUS_MODEL: sandbox.script(script) } });
  }

  /** What its first message tells the model. */
  async function taskOf(id: string): Promise<string> {
    const client = await sandbox.attach();
    const { foci } = await client.request('work/show', { id });
    const { messages } = await client.request('focus/read', { id: foci.at(-1)?.id ?? '' });
    await client.close();
    return JSON.stringify(messages[0]?.content);
  }

  it('tries dead work again as a new item, which knows what was recorded', async () => {
    const script = FAILING;
    const dead = await run(['work', 'submit', '--trust', '--max-attempts', '1', 'count the herons'], script);
    assert.equal(dead.item.state, 'dead');
    const again = await run(['work', 'retry', dead.item.id.slice(-8)], FAILING);
    assert.notEqual(again.item.id, dead.item.id);
    assert.equal(again.item.retry_of, dead.item.id);
    const task = await taskOf(again.item.id);
    assert.match(task, /^.*count the herons/);
    assert.match(task, /This was tried before, and ended without success/);
    assert.match(task, /The weir is dry/);
  });

  it('follows up on work that was done, with its outcome and its ledger', async () => {
    const done = await run(['work', 'submit', '--trust', 'look around'], QUICK);
    const next = await run(['work', 'follow-up', done.item.id, 'now', 'count', 'them'], QUICK);
    assert.equal(next.code, 0);
    assert.equal(next.item.follow_up_of, done.item.id);
    const task = await taskOf(next.item.id);
    for (const told of ['now count them', 'look around', 'It succeeded: All is well.', 'Seen.']) {
      assert.ok(task.includes(told), told);
    }
  });

  it('says something to work that is under way, and says when it is too late', async () => {
    const env = { ANIMUS_MODEL: sandbox.script({ ...QUICK, pace: { delay_ms: 1500 } }) };
    const { id } = await sandbox.json<{ id: string }>(['work', 'submit', '--trust', 'look around'], { env });
    const told = await sandbox.animus(['work', 'message', id.slice(-8), 'mind', 'the', 'weir']);
    assert.equal(told.code, 0, told.stderr);
    assert.match(told.stdout, /it is heard at the end of the turn/);
    const done = await sandbox.json<Waited>(['work', 'wait', id]);
    assert.equal(done.item.state, 'completed');
    const client = await sandbox.attach();
    const { foci } = await client.request('work/show', { id });
    const { messages } = await client.request('focus/read', { id: foci.at(-1)?.id ?? '' });
    await client.close();
    const people = messages.filter(({ kind }) => kind === 'person');
    assert.equal(people.length, 1);
    assert.match(JSON.stringify(people), /mind the weir/);
    const late = await sandbox.json<Refused>(['work', 'message', id, 'hello?']);
    assert.deepEqual([late.code, late.error.kind], [2, 'wrong_state']);
    assert.match(late.error.next, /animus work follow-up/);
  });

  it('refuses what is open, what was done, and what says nothing, and says what to do', async () => {
    const refused = async (args: string[]) => {
      const { code, error } = await sandbox.json<Refused>(args);
      return `${code} ${error.kind}: ${error.message} ${error.next}`;
    };
    const open = await sandbox.json<{ id: string }>(['work', 'submit', '--trust', '--delay', '600', 'later']);
    assert.match(await refused(['work', 'retry', open.id]), /^2 wrong_state: .* is queued, .*animus work wait/);
    assert.match(await refused(['work', 'follow-up', open.id, 'more']), /^2 wrong_state/);
    const done = await run(['work', 'submit', 'look around'], QUICK);
    assert.match(await refused(['work', 'retry', done.item.id]), /^2 wrong_state: .* was done.*animus work follow-up/);
    assert.match(await refused(['work', 'follow-up', done.item.id, '  ']), /^2 invalid_params/);
    assert.match(await refused(['work', 'retry', 'ffffffff']), /^2 not_found/);
  });
});
