/** A focus's context as rows: what closes a turn commits together, what left comes back, and what was seen can be built anew. */
import assert from 'node:assert/strict';
import { isDeepStrictEqual } from 'node:util';
import fc from 'fast-check';
import { type Db, DbLost } from '../../src/host/db/types.ts';
import type { ContextSettings } from '../../src/host/engine/engage/context/types.ts';
import { alternating, viewContext } from '../../src/host/engine/engage/context/view.ts';
import type { Tool } from '../../src/host/engine/engage/tool.ts';
import { readContextAt } from '../../src/host/engine/focus/context-rows.ts';
import { DbJournal } from '../../src/host/engine/focus/journal.ts';
import { Redactor } from '../../src/host/engine/redaction/redactor.ts';
import { ledgerAppend } from '../../src/host/engine/tools/ledger-append.ts';
import { readArtifactTool } from '../../src/host/engine/tools/read-artifact.ts';
import { recallStep } from '../../src/host/engine/tools/recall-step.ts';
import type { CompletionRequest, ContentBlock, JsonValue } from '../../src/host/llm/types.ts';
import { readBlocks } from '../../src/host/store/foci/context-blocks.ts';
import { readContextCuts } from '../../src/host/store/foci/cuts.ts';
import { readFocus } from '../../src/host/store/foci/foci.ts';
import { insertMessage, readAnswers, readMessages } from '../../src/host/store/foci/messages.ts';
import { pruneOldest } from '../../src/host/store/foci/prune.ts';
import { readToolCalls } from '../../src/host/store/foci/tool-calls.ts';
import { appendEntry, readEntries } from '../../src/host/store/ledger/ledger.ts';
import type { Lease } from '../../src/host/store/work/leases.ts';
import { uuidv7 } from '../../src/rendezvous/ids.ts';
import { inTransactions } from '../support/database-interleaving.ts';
import { onEachDatabase } from '../support/databases.ts';
import { assertPairsWhole, CONTEXT_SETTINGS, counting, requestPieces } from '../support/engine-context.ts';
import { CONTEXT, runLoop, worldTool } from '../support/engine-loop.ts';
import { type WrittenAnswer, writtenModel } from '../support/engine-model.ts';
import { PLACE, running } from './work-rows.ts';

const entry = (entry_type: string, content: string) => ({ name: 'ledger_append', input: { entry_type, content } });
const look = (characters: number) => ({ name: 'look', input: { text: `${characters} ` } });
const LOOK = worldTool({
  name: 'look',
  run: (text) => ({ content: `${text}ä𝄞\n`.padEnd(Number(/^\d+/.exec(text)?.[0] ?? 0), 'x.'), isError: false }),
});
const SETTINGS: ContextSettings = { ...CONTEXT_SETTINGS, windowTokens: 6000, foldMinTokens: 200, compactKeepRecent: 4 };

/** The host is gone: the loop ends, and another goes on with the lease. */
class Death extends Error {}

type Fault = 'death before' | 'death after' | 'loss';

/** Each fault strikes once, at the transaction of its number. */
function faulty(db: Db, faults: Map<number, Fault>, count: { value: number }): Db {
  return inTransactions(db, async (body) => {
    count.value += 1;
    const fault = faults.get(count.value);
    if (fault === 'death before') throw new Death();
    const result = await db.transaction(body);
    if (fault === 'death after') throw new Death();
    if (fault === 'loss') throw new DbLost('lost after the commit, by the test');
    return result;
  });
}

async function begun(db: Db): Promise<Lease> {
  const { lease } = await running(db);
  const content = { blocks: [{ type: 'text', text: 'The task.' }] };
  const task = { n: 1, turn: 0, block: 0, role: 'user', kind: 'task', content } as const;
  await db.transaction((tx) => insertMessage(tx, lease.focusId, task));
  return lease;
}

type Answers = (turn: number) => WrittenAnswer;

/** Runs to the end through all deaths. Gives the requests, and how many transactions it took. */
async function live(db: Db, lease: Lease, answers: Answers, faults = new Map<number, Fault>()) {
  const requests: CompletionRequest[] = [];
  const count = { value: 0 };
  for (;;) {
    const client = counting(writtenModel(answers));
    const journal = new DbJournal(
      faulty(db, faults, count),
      lease,
      'scripted/x',
      new Redactor(),
      undefined,
      undefined,
      undefined,
      SETTINGS,
    );
    const context = { ...CONTEXT, workItemId: lease.workItemId, focusId: lease.focusId };
    try {
      await runLoop({ client, journal, context, settings: SETTINGS, tools: [LOOK, ledgerAppend, recallStep] });
      requests.push(...client.requests);
      return { requests, transactions: count.value };
    } catch (error) {
      if (!(error instanceof Death)) throw error;
      requests.push(...client.requests);
    }
  }
}

/** All that bounds a context, without ids and times. */
async function left(db: Db, { focusId }: Lease) {
  return {
    messages: (await readMessages(db, focusId)).map(({ createdAt: _, ...message }) => message),
    blocks: await readBlocks(db, focusId),
    cuts: await readContextCuts(db, focusId),
  };
}

async function call(db: Db, tool: Tool, lease: Lease, input: Record<string, JsonValue>) {
  if (tool.kind !== 'store') throw new Error('not a tool of the store');
  const context = { ...CONTEXT, ...lease, signal: new AbortController().signal };
  return db.transaction((tx) => tool.run(tool.input.parse(input), context, tx));
}

/** All pages, without their closing lines. */
async function readAll(db: Db, tool: Tool, lease: Lease, input: Record<string, JsonValue>): Promise<string> {
  let text = '';
  for (;;) {
    const { content, isError } = await call(db, tool, lease, { ...input, offset: text.length });
    assert.ok(!isError, content);
    assert.ok(content.length <= 16_000, 'a page is never kept apart itself');
    const at = content.lastIndexOf('\n[characters ');
    text += content.slice(0, at);
    if (!content.slice(at).includes('go on with offset')) return text;
  }
}

/** What a block says, each text as it is. */
function textsOf(block: ContentBlock): string[] {
  if (block.type === 'text') return [block.text];
  if (block.type === 'tool_use') return [block.id, block.name, JSON.stringify(block.input)];
  return block.type === 'tool_result' ? [block.toolUseId, block.content] : [];
}

const ANSWERS: Answers = (turn) => {
  if (turn === 0) return { text: 'A summary.' };
  const turns: WrittenAnswer[] = [
    { text: 'One.', calls: [look(900), entry('finding', 'Two herons.')] },
    { text: 'Two.', calls: [look(300), entry('step', 'First.'), entry('step', 'Second.')] },
    { text: 'Three.', calls: [look(10_000), look(3)] },
    { text: 'Four.', calls: [look(12_000)] },
    { text: 'Five.', calls: [entry('step', 'Third.')] },
    { text: 'Six.', calls: [look(20)] },
  ];
  return turns[turn - 1] ?? { text: 'Done.' };
};

onEachDatabase('context', {}, (database) => {
  it('[eng-14] [eng-15] [eng-20] [F1] has one effect, wherever its host dies and whichever answer is lost', async function () {
    this.timeout(180_000);
    const { db } = database;
    const whole = await begun(db);
    const calm = await live(db, whole, ANSWERS);
    const expected = await left(db, whole);
    assert.deepEqual(
      expected.blocks.map(({ steps, folds }) => [steps, folds]),
      [
        [[2, 3], true],
        [[4], true],
      ],
    );
    assert.deepEqual(
      expected.cuts.map(({ kind }) => kind),
      ['compaction'],
    );
    for (let at = 1; at <= calm.transactions; at += 1) {
      for (const fault of ['death before', 'death after', 'loss'] as const) {
        const lease = await begun(db);
        const { requests } = await live(db, lease, ANSWERS, new Map([[at, fault]]));
        assert.deepEqual(await left(db, lease), expected, `${fault} ${at}`);
        requests.forEach(assertPairsWhole);
        const bytes = (all: CompletionRequest[]) => [
          ...new Set(all.map((request) => requestPieces(request).join('\n'))),
        ];
        assert.ok(isDeepStrictEqual(bytes(requests), bytes(calm.requests)), `other bytes with ${fault} ${at}`);
      }
    }
  });

  const turn = fc.record({
    looks: fc.array(fc.integer({ min: 1, max: 9000 }), { minLength: 1, maxLength: 2 }),
    entries: fc.array(fc.constantFrom('step', 'step', 'finding', 'note'), { maxLength: 2 }),
  });
  const faults = fc.array(
    fc.tuple(fc.integer({ min: 1, max: 40 }), fc.constantFrom<Fault>('death before', 'death after', 'loss')),
    { maxLength: 3 },
  );

  it('[eng-16] [F1] gives back every folded message byte for byte, and every request from its rows', async function () {
    this.timeout(180_000);
    const { db } = database;
    let folded = 0;
    const property = fc.asyncProperty(fc.array(turn, { minLength: 2, maxLength: 8 }), faults, async (turns, struck) => {
      const lease = await begun(db);
      const { requests } = await live(
        db,
        lease,
        (at) => {
          if (at === 0) return { text: 'A summary.' };
          const asked = turns[at - 1];
          if (!asked) return { text: 'Done.' };
          return {
            text: `Turn ${at}.`,
            calls: [...asked.looks.map(look), ...asked.entries.map((type) => entry(type, `${type} in ${at}`))],
          };
        },
        new Map(struck),
      );
      await assertRebuilt(db, lease, requests);
      folded += await assertRecalled(db, lease);
    });
    await fc.assert(property, { numRuns: 25 });
    assert.ok(folded > 20, `${folded} messages were folded in all of it`);
  });

  /** The request of each turn, as rows give it long after, is the one that was sent. */
  async function assertRebuilt(db: Db, { focusId }: Lease, requests: readonly CompletionRequest[]): Promise<void> {
    for (const { turn: at, n } of await readAnswers(db, focusId)) {
      const sent = requests.findLast((request) => request.turn === at);
      const rows = await readContextAt(db, focusId, { turn: at, answerN: n });
      assert.ok(sent);
      const rebuilt = { ...sent, messages: alternating(viewContext(rows)) };
      assert.deepEqual(requestPieces(rebuilt), requestPieces(sent), `turn ${at}`);
    }
  }

  /** Gives how many messages there were to recall. */
  async function assertRecalled(db: Db, lease: Lease): Promise<number> {
    const messages = await readMessages(db, lease.focusId);
    const blocks = await readBlocks(db, lease.focusId);
    let count = 0;
    for (const { firstMessage, lastMessage, steps } of blocks) {
      for (const seq of steps) {
        const text = await readAll(db, recallStep, lease, { seq });
        let at = 0;
        for (const { content } of messages.filter(({ n }) => n >= firstMessage && n <= lastMessage)) {
          count += 1;
          for (const part of (content.blocks as unknown as ContentBlock[]).flatMap(textsOf)) {
            const found = text.indexOf(part, at);
            assert.ok(found >= at, `${JSON.stringify(part.slice(0, 80))} comes back`);
            at = found + part.length;
          }
        }
      }
    }
    return count;
  }

  it('recalls by any entry of a block, also of the open one, and says what it cannot recall', async () => {
    const { db } = database;
    const lease = await begun(db);
    await live(db, lease, ANSWERS);
    const note = { focusId: null, faculty: 'person', entryType: 'note', content: 'Hm.', data: {} } as const;
    await db.transaction((tx) => appendEntry(tx, { ...note, id: uuidv7(), workItemId: lease.workItemId }));
    const byFinding = await readAll(db, recallStep, lease, { seq: 1 });
    assert.equal(byFinding, await readAll(db, recallStep, lease, { seq: 3 }));
    assert.match(byFinding, /^--- turn 1, you\nOne\.\n--- turn 1, call \S+: look\n\{"text":"900 "\}\n/);
    const open = await readAll(db, recallStep, lease, { seq: 0 });
    assert.match(open, /^--- turn 6, you\nSix\.\n/);
    const problems = [{ seq: 99 }, { seq: 5 }, { seq: 1, offset: 1_000_000 }];
    const said = await Promise.all(problems.map((input) => call(db, recallStep, lease, input)));
    assert.deepEqual(
      said.map(({ isError }) => isError),
      [true, true, true],
    );
    assert.match(said[0]?.content ?? '', /has no entry 99/);
    assert.match(said[1]?.content ?? '', /by a person/);
    assert.match(said[2]?.content ?? '', /shorter than 1000000/);
  });

  it('keeps head and tail of a long result, the whole of it as an artifact, and nothing of it when it is pruned', async () => {
    const { db } = database;
    const lease = await begun(db);
    await live(db, lease, (turn) => (turn === 1 ? { calls: [look(16_000), look(40_001)] } : { text: 'Done.' }));
    const [short, long] = (await readToolCalls(db, lease.focusId)).map(({ result }) => result?.content ?? '');
    assert.equal(short?.length, 16_000);
    const [, id = ''] = /read_artifact \{"id": "([0-9a-f-]{36})", "offset": 10000\}/.exec(long ?? '') ?? [];
    const whole = await readAll(db, readArtifactTool, lease, { id });
    assert.equal(whole.length, 40_001);
    assert.ok(long?.startsWith(whole.slice(0, 10_000)) && long.endsWith(whole.slice(-4000)) && long.length < 15_000);
    const foreign = { ...lease, workItemId: uuidv7() };
    assert.deepEqual(await call(db, readArtifactTool, foreign, { id }), {
      content: `This work has no artifact ${id}.`,
      isError: true,
    });
    await db.query("update animus.foci set status = 'completed', ended_at = now() - interval '1 day'");
    await db.query("update animus.work_items set state = 'completed', resolved_at = now()");
    await pruneOldest(db, { places: [PLACE], olderThanDays: 0, limit: 10 });
    assert.ok((await readFocus(db, lease.focusId))?.prunedAt);
    assert.deepEqual(await db.query('select id from animus.artifacts'), []);
  });

  it('counts what a summary cost with the focus, and not as a turn', async () => {
    const { db } = database;
    const lease = await begun(db);
    const { requests } = await live(db, lease, (turn) => {
      if (turn === 0) return { text: 'A summary.' };
      return turn === 1 ? { calls: [look(15_000), look(15_000)] } : { text: 'Done.' };
    });
    assert.deepEqual(
      requests.map(({ turn }) => turn),
      [1, undefined, 2],
    );
    const focus = await readFocus(db, lease.focusId);
    assert.equal(focus?.iterations, 2);
    assert.equal(focus?.usage.output, 30);
    const [cut] = await readContextCuts(db, lease.focusId);
    assert.match(String(cut?.content.text), /Nothing was recorded\.[\s\S]*A summary\./);
    assert.deepEqual(await readEntries(db, { workItemId: lease.workItemId }), []);
  });
});
