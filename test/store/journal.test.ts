/** The loop's memory: each of its writes has one effect however often it is repeated, and from each a loop can go on. */
import assert from 'node:assert/strict';
import type { Db } from '../../src/host/db/types.ts';
import type { CallEnd, RecordedCall } from '../../src/host/engine/engage/types.ts';
import { DbJournal } from '../../src/host/engine/focus/journal.ts';
import { Redactor } from '../../src/host/engine/redaction/redactor.ts';
import type { CostOf } from '../../src/host/llm/prices.ts';
import { readFocus } from '../../src/host/store/foci/foci.ts';
import { insertMessage, readMessages } from '../../src/host/store/foci/messages.ts';
import { readToolCalls } from '../../src/host/store/foci/tool-calls.ts';
import { appendEntry, readEntries } from '../../src/host/store/ledger/ledger.ts';
import type { Lease } from '../../src/host/store/work/leases.ts';
import { uuidv7 } from '../../src/rendezvous/ids.ts';
import { type Loss, losing } from '../support/database-faults.ts';
import { onEachDatabase } from '../support/databases.ts';
import { claimed, item, running } from './work-rows.ts';

const MODEL = 'scripted/demo';
const USAGE = { input: 100, cacheRead: 10, cacheWrite: 5, output: 7, reasoning: 0 };
const ANSWER = {
  turn: 1,
  blocks: [
    { type: 'text' as const, text: 'I look.' },
    { type: 'tool_use' as const, id: 'same', name: 'read_file', input: { path: 'a' } },
    { type: 'tool_use' as const, id: 'same', name: 'write_file', input: { path: 'b' } },
    { type: 'tool_use' as const, id: 'step', name: 'ledger_append', input: { entry_type: 'step', content: 'done' } },
  ],
  stopReason: { kind: 'tool_use' as const },
  usage: USAGE,
};
const RESULTS = { turn: 1, role: 'user' as const, kind: 'tool_results' as const, blocks: [] };
const OK = { content: 'ok', isError: false };
const FAILED = { content: 'no such file', isError: true };

/** The turn's writes in order; the transactions of a journal are numbered the same. */
const POINTS = [
  'recordAnswer',
  'startCall',
  'finishCall',
  'startCall',
  'finishCall',
  'runStoreCall',
  'closeTurn',
] as const;

type Script = { db: Db; lease: Lease; until?: number };

/** Records one turn, up to and without point `until`. Gives what the last write gave. */
async function recordTurn({ db, lease, until = POINTS.length }: Script): Promise<void> {
  const journal = new DbJournal(db, lease, MODEL, new Redactor());
  await journal.load();
  const recorded: RecordedCall[] = [];
  const call = (position: number): RecordedCall => {
    const found = recorded[position];
    assert.ok(found);
    return found;
  };
  const finish = async (position: number, end: CallEnd, result: typeof OK) => {
    assert.deepEqual(await journal.finishCall(call(position), end, result), result);
  };
  const steps: (() => Promise<unknown>)[] = [
    async () => recorded.push(...(await journal.recordAnswer(ANSWER)).calls),
    () => journal.startCall(call(0), 'read'),
    () => finish(0, 'done', OK),
    () => journal.startCall(call(1), 'write'),
    () => finish(1, 'error', FAILED),
    async () =>
      assert.deepEqual(await appendStep(journal, call(2), lease), { content: 'recorded as [1]', isError: false }),
    () => journal.closeTurn(RESULTS),
  ];
  for (const step of steps.slice(0, until)) await step();
}

function appendStep(journal: DbJournal, call: RecordedCall, { workItemId, focusId }: Lease) {
  return journal.runStoreCall(call, 'write', async (tx) => {
    const entry = { workItemId, focusId, faculty: 'general', entryType: 'step', content: 'done', data: {} } as const;
    const seq = await appendEntry(tx, { id: uuidv7(), ...entry });
    return { content: `recorded as [${seq}]`, isError: false };
  });
}

/** All that a turn leaves, without ids and times. */
async function left(db: Db, { focusId, workItemId }: Lease) {
  const focus = await readFocus(db, focusId);
  return {
    messages: (await readMessages(db, focusId)).map(({ createdAt: _at, ...message }) => message),
    calls: (await readToolCalls(db, focusId)).map(
      ({ position, providerCallId, name, state, effect, result, input }) => ({
        ...{ position, providerCallId, name, state, effect, result, input },
      }),
    ),
    ledger: (await readEntries(db, { workItemId })).map(({ seq, entryType, content }) => [seq, entryType, content]),
    counted: [focus?.iterations, focus?.usage, focus?.costMicros],
    resumes: (await item(db, workItemId)).resumesWithoutProgress,
  };
}

async function begun(db: Db): Promise<Lease> {
  const { lease } = await running(db);
  await db.transaction((tx) =>
    insertMessage(tx, lease.focusId, {
      ...{ n: 1, turn: 0, block: 0, role: 'user', kind: 'task' },
      content: { blocks: [{ type: 'text', text: 'The task.' }] },
    }),
  );
  return lease;
}

onEachDatabase('journal', {}, (database) => {
  it('[F18] a turn leaves its answer, its calls under ids of their own, their results, and what it used', async () => {
    const { db } = database;
    const lease = await begun(db);
    await recordTurn({ db, lease });
    const { messages, calls, ledger, counted } = await left(db, lease);
    assert.deepEqual(
      messages.map(({ n, turn, block, role, kind }) => [n, turn, block, role, kind]),
      [
        [1, 0, 0, 'user', 'task'],
        [2, 1, 0, 'assistant', 'assistant'],
        [3, 1, 0, 'user', 'tool_results'],
      ],
    );
    assert.deepEqual(
      calls.map(({ position, providerCallId, name, state, effect, result }) => [
        ...[position, providerCallId, name, state, effect, result?.content],
      ]),
      [
        [0, 'same', 'read_file', 'done', 'read', 'ok'],
        [1, 'same-2', 'write_file', 'error', 'write', 'no such file'],
        [2, 'step', 'ledger_append', 'done', 'write', 'recorded as [1]'],
      ],
    );
    assert.deepEqual(ledger, [[1, 'step', 'done']]);
    const { reasoning: _reasoning, ...tokens } = USAGE;
    assert.deepEqual(counted, [1, { ...tokens, estimated: false }, 0]);
    const ids = messages[1]?.content.blocks.flatMap((block) => (block as { id?: string }).id ?? []);
    assert.deepEqual(ids, ['same', 'same-2', 'step'], 'message and calls name the same ids');
  });

  for (const [at, point] of POINTS.entries()) {
    for (const loss of ['before commit', 'after commit'] as const) {
      it(`${point} (write ${at + 1} of the turn) has one effect when its answer is lost ${loss}`, async () => {
        const { db } = database;
        const whole = await begun(db);
        await recordTurn({ db, lease: whole });
        const lease = await begun(db);
        const losses: (Loss | undefined)[] = [...Array(at).fill(undefined), loss, loss];
        await recordTurn({ db: losing(db, losses), lease });
        assert.deepEqual(await left(db, lease), await left(db, whole));
      });
    }
  }

  for (const loss of ['before commit', 'after commit'] as const) {
    it(`what an answer used counts once where the answer of its own write is lost ${loss}`, async () => {
      const { db } = database;
      const lease = await begun(db);
      const costOf: CostOf = (_model, { input }) => input * 3;
      const journal = new DbJournal(losing(db, [loss, loss]), lease, MODEL, new Redactor(), undefined, costOf);
      await journal.load();
      await journal.recordSpent({ usage: USAGE });
      await journal.recordAnswer({ ...ANSWER, isCounted: true });
      const once = await left(db, lease);
      const { reasoning: _reasoning, ...tokens } = USAGE;
      assert.deepEqual(once.counted, [1, { ...tokens, estimated: false }, 300]);
      assert.deepEqual(once.messages[1]?.content.usage, USAGE, 'it is told with the answer all the same');
    });
  }

  /** What a new loop finds after so many writes: the messages, and the calls' results and whether they were started. */
  const RESUMES: [until: number, messages: number, calls: [result: string | null, started: boolean][]][] = [
    [0, 1, []],
    [
      1,
      2,
      [
        [null, false],
        [null, false],
        [null, false],
      ],
    ],
    [
      2,
      2,
      [
        [null, true],
        [null, false],
        [null, false],
      ],
    ],
    [
      3,
      2,
      [
        ['ok', false],
        [null, false],
        [null, false],
      ],
    ],
    [
      4,
      2,
      [
        ['ok', false],
        [null, true],
        [null, false],
      ],
    ],
    [
      5,
      2,
      [
        ['ok', false],
        ['no such file', false],
        [null, false],
      ],
    ],
    [
      6,
      2,
      [
        ['ok', false],
        ['no such file', false],
        ['recorded as [1]', false],
      ],
    ],
    [7, 3, []],
  ];
  for (const [until, messages, calls] of RESUMES) {
    const after = until === 0 ? 'the task' : `${POINTS[until - 1]} (write ${until})`;
    it(`[F1] after ${after} a new loop finds where the last one was, and what it records comes next`, async () => {
      const { db } = database;
      const lease = await begun(db);
      await recordTurn({ db, lease, until });
      const journal = new DbJournal(db, lease, MODEL, new Redactor());
      const loaded = await journal.load();
      assert.equal(loaded.context.messages.length, messages);
      assert.deepEqual(
        loaded.callsOfLastTurn.map(({ result, started }) => [result?.content ?? null, started]),
        calls,
      );
      if (messages > 1) assert.deepEqual(loaded.context.messages[1]?.stopReason, ANSWER.stopReason);
      await journal.closeTurn({ turn: 2, role: 'user', kind: 'remark', blocks: [] });
      const last = (await readMessages(db, lease.focusId)).at(-1);
      // The step closed its block with the results of its turn; what comes after them begins the next one.
      assert.deepEqual([last?.n, last?.block], [messages + 1, until === POINTS.length ? 1 : 0]);
    });
  }

  it('a call that did not parse is loaded as it was asked for', async () => {
    const { db } = database;
    const lease = await begun(db);
    const invalid = { raw: '{"path": ', reason: 'it ends too early' };
    const blocks = [{ type: 'tool_use' as const, id: 'a', name: 'read_file', input: null, invalid }];
    const writer = new DbJournal(db, lease, MODEL, new Redactor());
    await writer.load();
    await writer.recordAnswer({ ...ANSWER, blocks });
    const reader = new DbJournal(db, lease, MODEL, new Redactor());
    const [call] = (await reader.load()).callsOfLastTurn;
    assert.deepEqual([call?.invalid, call?.input], [invalid, null]);
  });

  it('a tool of the store that fails takes its rows and its start with it', async () => {
    const { db } = database;
    const lease = await begun(db);
    const journal = new DbJournal(db, lease, MODEL, new Redactor());
    await journal.load();
    const { calls } = await journal.recordAnswer(ANSWER);
    const call = calls[2];
    assert.ok(call);
    const failure = new Error('of the tool');
    const failing = journal.runStoreCall(call, 'write', async (tx) => {
      await tx.query("insert into animus.trusted_folders values (gen_random_uuid(), '/a', 'test')");
      throw failure;
    });
    await assert.rejects(failing, failure);
    assert.deepEqual(await db.query('select 1 from animus.trusted_folders'), []);
    const [stored] = (await readToolCalls(db, lease.focusId)).filter(({ id }) => id === call.id);
    assert.deepEqual([stored?.state, stored?.result], ['requested', null]);
    await appendStep(journal, call, lease);
    assert.equal((await readEntries(db, { workItemId: lease.workItemId })).length, 1);
  });

  it('what another focus of the item recorded is not loaded', async () => {
    const { db } = database;
    const lease = await begun(db);
    await recordTurn({ db, lease });
    await db.transaction(async (tx) => {
      await tx.query("update animus.foci set status = 'failed'");
      await tx.query('delete from animus.leases');
      await tx.query("update animus.work_items set state = 'queued'");
    });
    const next = await claimed(db);
    assert.equal(next.item.id, lease.workItemId);
    const journal = new DbJournal(db, next.lease, MODEL, new Redactor());
    const context = { messages: [], blocks: [], cuts: [] };
    assert.deepEqual(await journal.load(), { context, callsOfLastTurn: [] });
  });
});
