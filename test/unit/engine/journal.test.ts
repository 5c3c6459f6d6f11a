/** The loop's memory in the database: what it makes of odd answers, and what it refuses. */
import assert from 'node:assert/strict';
import { DbJournal } from '../../../src/host/engine/focus/journal.ts';
import { Redactor } from '../../../src/host/engine/redaction/redactor.ts';
import { ledgerAppend } from '../../../src/host/engine/tools/ledger-append.ts';
import { ledgerRead } from '../../../src/host/engine/tools/ledger-read.ts';
import { insertMessage } from '../../../src/host/store/foci/messages.ts';
import { appendEntry } from '../../../src/host/store/ledger/ledger.ts';
import { LeaseLost } from '../../../src/host/store/work/leases.ts';
import { uuidv7 } from '../../../src/rendezvous/ids.ts';
import { engineDatabase, OPENING_LIMIT_MS } from '../../support/engine-database.ts';
import { openBench } from '../../support/engine-focus.ts';
import { CONTEXT, runLoop, worldTool } from '../../support/engine-loop.ts';
import { type WrittenAnswer, writtenModel } from '../../support/engine-model.ts';

async function openJournal(redactor = new Redactor()) {
  const bench = await openBench();
  const id = await bench.submit();
  const claim = await bench.claim();
  await bench.db.transaction((tx) =>
    insertMessage(tx, claim.focus.id, {
      ...{ n: 1, turn: 0, block: 0, role: 'user', kind: 'task' },
      content: { blocks: [{ type: 'text', text: 'The task.' }] },
    }),
  );
  const open = () => new DbJournal(bench.db, claim.lease, 'anthropic/claude-sonnet-5', redactor);
  return { bench, id, claim, open };
}

async function run(answers: readonly WrittenAnswer[], redactor = new Redactor()) {
  const { bench, id, claim, open } = await openJournal(redactor);
  const client = writtenModel(answers);
  const context = { ...CONTEXT, workItemId: id, focusId: claim.focus.id };
  const tools = [worldTool({ name: 'look' }), ledgerAppend, ledgerRead];
  const result = await runLoop({ client, journal: open(), tools, context });
  return { result, client, ...(await bench.look(id)) };
}

const look = (text: string, id: string) => ({ name: 'look', input: { text }, id });

describe('DbJournal', () => {
  before(async function () {
    this.timeout(OPENING_LIMIT_MS);
    await engineDatabase();
  });

  it('[F18] tells calls apart that came with one id, in rows, results and requests', async () => {
    const { client, calls } = await run([
      { calls: [look('a', 'same'), look('b', 'same'), look('c', 'same-2'), look('d', 'same')] },
      { text: 'ok' },
    ]);
    const ids = calls.map(({ providerCallId }) => providerCallId);
    assert.equal(new Set(ids).size, 4);
    const [, answer, results] = client.requests[1]?.messages ?? [];
    assert.deepEqual(
      answer?.content.flatMap((block) => (block.type === 'tool_use' ? [block.id] : [])),
      ids,
    );
    assert.deepEqual(
      results?.content.flatMap((block) => (block.type === 'tool_result' ? [[block.toolUseId, block.content]] : [])),
      ids.map((id, at) => [id, `look: ${'abcd'[at]}`]),
    );
  });

  it('[F18] answers bad entries with an error, and writes nothing of them', async () => {
    const entry = (input: Record<string, unknown>) => ({
      name: 'ledger_append',
      input: input as { [key: string]: string },
    });
    const { calls, entries } = await run([
      {
        calls: [
          entry({ entry_type: 'guess', content: 'x' }),
          entry({ entry_type: 'note', content: '  ' }),
          entry({ entry_type: 'note', content: 'x'.repeat(20_001) }),
          entry({ entry_type: 'note' }),
          entry({ entry_type: 'note', content: 'x'.repeat(20_000) }),
        ],
      },
      { text: 'ok' },
    ]);
    assert.deepEqual(
      calls.map(({ state }) => state),
      ['error', 'error', 'error', 'error', 'done'],
    );
    assert.match(calls[2]?.result?.content ?? '', /up to 20,000 characters\. Split it/);
    assert.deepEqual(
      entries.map(({ seq, content }) => [seq, content.length]),
      [[1, 20_000]],
    );
  });

  it('[eng-2] [led-4] [led-5] lets an agent read its own entries, narrowed as it asks', async () => {
    const append = (entry_type: string, content: string) => ({ name: 'ledger_append', input: { entry_type, content } });
    const read = (input: { [key: string]: string | number }) => ({ name: 'ledger_read', input });
    const { calls } = await run([
      {
        calls: [
          read({}),
          append('plan', 'Look, then count.'),
          append('finding', 'Two herons.'),
          append('finding', 'One crane.'),
          ...[
            read({}),
            read({ entry_type: 'finding' }),
            read({ last_n: 1 }),
            read({ query: 'heron' }),
            read({ last_n: 0 }),
          ],
        ],
      },
      { text: 'ok' },
    ]);
    assert.deepEqual(
      calls.filter(({ name }) => name === 'ledger_read').map(({ result }) => result?.content.split('\n').slice(0, 3)),
      [
        ['No entries.'],
        ['[1] plan: Look, then count.', '[2] finding: Two herons.', '[3] finding: One crane.'],
        ['[2] finding: Two herons.', '[3] finding: One crane.'],
        ['[3] finding: One crane.'],
        ['[2] finding: Two herons.'],
        calls.at(-1)?.result?.content.split('\n').slice(0, 3),
      ],
    );
    assert.equal(calls.at(-1)?.state, 'error');
  });

  it('stores what databases refuse in another form', async () => {
    const { calls, entries, messages, result } = await run([
      {
        text: 'nul \0 half \ud800',
        calls: [
          { name: 'ledger_append', input: { entry_type: 'note', content: 'a\0b\udc00', data: { 'k\0': '\ud83d' } } },
        ],
      },
      { text: 'ok' },
    ]);
    assert.equal(result.kind, 'end_turn');
    assert.equal(calls[0]?.state, 'done');
    assert.deepEqual([entries[0]?.content, entries[0]?.data], ['a\uFFFDb\uFFFD', { 'k\uFFFD': '\uFFFD' }]);
    assert.ok(JSON.stringify(messages).includes('nul \uFFFD half \uFFFD'));
  });

  it('[S15] runs calls with what was stored, not with the secret that was meant', async () => {
    const redactor = new Redactor();
    redactor.add('pass', 'hunter2-hunter2');
    const { calls, client } = await run([{ calls: [look('hunter2-hunter2', 'a')] }, { text: 'ok' }], redactor);
    assert.equal(calls[0]?.result?.content, 'look: [redacted:pass]');
    assert.ok(!JSON.stringify(client.requests).includes('hunter2'));
  });

  it('adds up what the answers used and what they cost', async () => {
    const { focus } = await run([{ calls: [look('x', 'a')] }, { text: 'ok' }]);
    // 2 answers of 100 tokens in and 10 out, at 2 and 10 dollars a million.
    assert.deepEqual([focus?.iterations, focus?.costMicros], [2, 2 * (200 + 100)]);
    assert.equal(focus?.usage.input, 200);
  });

  it('numbers blocks the same whether it goes on or begins anew', async () => {
    const { open, bench, claim, id } = await openJournal();
    const blockOf = async () => (await bench.look(id)).messages.map(({ block }) => block);
    const answer = (turn: number, entry_type: string) => ({
      turn,
      blocks: [{ type: 'tool_use' as const, id: 'c', name: 'ledger_append', input: { entry_type, content: 'x' } }],
      stopReason: { kind: 'tool_use' as const },
      usage: { input: 1, cacheRead: 0, cacheWrite: 0, output: 1, reasoning: 0 },
    });
    for (const [at, type] of (['step', 'note', 'step'] as const).entries()) {
      const turn = at + 1;
      let journal = open();
      await journal.load();
      const recorded = await journal.recordAnswer(answer(turn, type));
      journal = open();
      const [call] = (await journal.load()).callsOfLastTurn;
      assert.deepEqual([call?.id, call?.result], [recorded.calls[0]?.id, null]);
      assert.ok(call);
      await journal.runStoreCall(call, 'write', async (tx) => {
        const { workItemId, focusId } = claim.lease;
        const entry = { workItemId, focusId, faculty: 'general', entryType: type, content: 'x', data: {} };
        await appendEntry(tx, { id: uuidv7(), ...entry });
        return { content: 'ok', isError: false };
      });
      journal = open();
      await journal.load();
      await journal.closeTurn({ turn, role: 'user', kind: 'tool_results', blocks: [] });
    }
    assert.deepEqual(await blockOf(), [0, 0, 0, 1, 1, 1, 1]);
    const last = open();
    await last.load();
    await last.recordAnswer(answer(4, 'note'));
    assert.deepEqual((await blockOf()).at(-1), 2);
    assert.equal(claim.item.id, id);
  });

  it('keeps the first result of a call, and refuses a second start of a write', async () => {
    const { open, bench, id } = await openJournal();
    const journal = open();
    await journal.load();
    const { calls } = await journal.recordAnswer({
      turn: 1,
      blocks: [{ type: 'tool_use', id: 'c', name: 'look', input: {} }],
      stopReason: { kind: 'tool_use' },
      usage: { input: 1, cacheRead: 0, cacheWrite: 0, output: 1, reasoning: 0 },
    });
    const [call] = calls;
    assert.ok(call);
    await journal.startCall(call, 'write');
    await assert.rejects(journal.startCall(call, 'write'), /cannot start/);
    await journal.finishCall(call, 'done', { content: 'first', isError: false });
    const again = await journal.finishCall(call, 'error', { content: 'second', isError: true });
    assert.deepEqual(again, { content: 'first', isError: false });
    const [kept] = (await bench.look(id)).calls;
    assert.deepEqual([kept?.state, kept?.result], ['done', { content: 'first', is_error: false }]);
  });

  it('[F11] counts an answer and the end of a turn as progress', async () => {
    const { open, bench, id } = await openJournal();
    const journal = open();
    await journal.load();
    const resumes = async () => (await bench.look(id)).item.resumesWithoutProgress;
    const dieTwice = () =>
      bench.db.query('update animus.work_items set resumes_without_progress = 2 where id = $1', [id]);
    await dieTwice();
    const usage = { input: 1, cacheRead: 0, cacheWrite: 0, output: 1, reasoning: 0 };
    await journal.recordAnswer({ turn: 1, blocks: [], stopReason: { kind: 'pause_turn' }, usage });
    assert.equal(await resumes(), 0);
    await dieTwice();
    await journal.closeTurn({ turn: 1, role: 'user', kind: 'remark', blocks: [] });
    assert.equal(await resumes(), 0);
  });

  it("[F3] writes nothing with a lease that is another's", async () => {
    const { open, bench, id } = await openJournal();
    const journal = open();
    await journal.load();
    const usage = { input: 1, cacheRead: 0, cacheWrite: 0, output: 1, reasoning: 0 };
    const stopReason = { kind: 'tool_use' } as const;
    const blocks = [{ type: 'tool_use' as const, id: 'c', name: 'look', input: {} }];
    const { calls } = await journal.recordAnswer({ turn: 1, blocks, stopReason, usage });
    const [call] = calls;
    assert.ok(call);
    await bench.nextHost();
    const before = await bench.look(id);
    const result = { content: 'x', isError: false };
    let ran = false;
    for (const write of [
      () => journal.recordAnswer({ turn: 2, blocks, stopReason, usage }),
      () => journal.startCall(call, 'read'),
      () => journal.finishCall(call, 'done', result),
      () => journal.closeTurn({ turn: 1, role: 'user', kind: 'tool_results', blocks: [] }),
      () =>
        journal.runStoreCall(call, 'write', async () => {
          ran = true;
          return result;
        }),
    ]) {
      await assert.rejects(write, LeaseLost);
    }
    assert.equal(ran, false);
    assert.deepEqual(await bench.look(id), before);
  });
});
