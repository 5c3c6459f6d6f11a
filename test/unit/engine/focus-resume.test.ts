/** A host dies at each of its transactions in turn, and another goes on; answers of the database are lost. */
import assert from 'node:assert/strict';
import type { Db } from '../../../src/host/db/types.ts';
import { runFocus } from '../../../src/host/engine/focus/run-focus.ts';
import { dyingDatabase, engineDatabase, lossyDatabase } from '../../support/engine-database.ts';
import { type Bench, type FacultyKeys, facultyOf, openBench } from '../../support/engine-focus.ts';
import { worldTool } from '../../support/engine-loop.ts';
import { writtenModel } from '../../support/engine-model.ts';

const INTERRUPTED = /^Interrupted: the host ended while this ran\./;

const entry = (entry_type: string, content: string) => ({ name: 'ledger_append', input: { entry_type, content } });

const ANSWERS = [
  { text: 'A plan.', calls: [entry('plan', 'Look, act.'), { name: 'look', input: { text: 'a' } }] },
  { calls: [{ name: 'act', input: { text: 'b' } }, entry('step', 'Acted.')] },
  { calls: [{ name: 'act', input: { text: 'c' } }, { name: 'nothing' }] },
  { text: 'A pause.', stop: 'pause_turn' as const },
  { calls: [{ name: 'report_outcome', input: { success: true, summary: 'Done.' } }] },
  { text: 'Bye.' },
];

const FACULTY: FacultyKeys = {
  orient: { command: `echo '{"context": "It rained."}' > orient-out.json` },
  consolidate: { command: `echo '{"outcome": {"success": true, "summary": "Judged."}}' > consolidate-out.json` },
};

/** What tools did outside of the store, by their argument. */
class World {
  done: Record<string, number> = {};
  tools = ['look', 'act'].map((name) =>
    worldTool({
      name,
      effect: name === 'look' ? 'read' : 'write',
      run: (text) => {
        this.done[text] = (this.done[text] ?? 0) + 1;
        return { content: `${name}: ${text}`, isError: false };
      },
    }),
  );
}

async function life(bench: Bench, world: World, db: Db, client = writtenModel(ANSWERS)) {
  const claim = await bench.claim(facultyOf(FACULTY));
  await runFocus(bench.dependencies(client, { db, workspaceTools: world.tools }), claim);
  return client.requests.length;
}

/** All of an item that must not depend on how it came about. */
async function trace(bench: Bench, id: string) {
  const { item, foci, messages, calls, entries } = await bench.look(id);
  return {
    state: item.state,
    attempts: item.attempts,
    outcome: { ...item.outcome, duration_ms: 0 },
    foci: foci.map(({ attempt, phase, status, model, iterations, usage, engageEnd, report, error }) => ({
      ...{ attempt, phase, status, model, iterations, usage, engageEnd, report, error },
    })),
    messages: messages.map(({ n, turn, block, role, kind, content }) => ({ n, turn, block, role, kind, content })),
    calls: calls.map(({ turn, position, name, effect, input, state, result }) => {
      return { turn, position, name, effect, input, state, result };
    }),
    entries: entries.map(({ seq, entryType, content }) => [seq, entryType, content]),
  };
}

type Trace = Awaited<ReturnType<typeof trace>>;

/** The calm trace, with those calls interrupted that were in the other one. */
function withInterruptions(calm: Trace, other: Trace): Trace {
  const hit = new Map(
    other.calls
      .filter(({ state, name }) => state === 'interrupted' && name === 'act')
      .map((call) => [`call_${call.turn}_${call.position}`, call]),
  );
  return {
    ...calm,
    calls: calm.calls.map((call) => hit.get(`call_${call.turn}_${call.position}`) ?? call),
    messages: calm.messages.map((message) => ({
      ...message,
      content: {
        ...message.content,
        blocks: message.content.blocks.map((block) => {
          const { type, toolUseId } = block as { type: string; toolUseId?: string };
          const result = type === 'tool_result' ? hit.get(toolUseId ?? '')?.result : undefined;
          return result ? { type, toolUseId: toolUseId ?? '', content: result.content, isError: true } : block;
        }),
      },
    })),
  };
}

/** A result that says "interrupted" has another length than the one that it stands for. */
function sized(trace: Trace): Trace {
  if (!trace.calls.some(({ state }) => state === 'interrupted')) return trace;
  const messages = trace.messages.map(({ content: { requestTokens: _, ...content }, ...message }) => {
    return { ...message, content: { ...content, blocks: content.blocks } };
  });
  return { ...trace, messages };
}

describe('a focus that outlives its host', function () {
  this.timeout(120_000);
  let calm: Trace;
  let transactions = 0;

  before(async () => {
    await engineDatabase();
    const bench = await openBench();
    const id = await bench.submit();
    const world = new World();
    const counting = {
      ...bench.db,
      kind: bench.db.kind,
      query: bench.db.query.bind(bench.db),
      transaction: <T>(body: Parameters<typeof bench.db.transaction<T>>[0]) => {
        transactions += 1;
        return bench.db.transaction(body);
      },
    } as Db;
    await life(bench, world, counting);
    calm = await trace(bench, id);
    assert.deepEqual([calm.state, calm.outcome.summary], ['completed', 'Judged.']);
    assert.deepEqual(world.done, { a: 1, b: 1, c: 1 });
    assert.ok(transactions > 25, `${transactions}`);
  });

  for (const when of ['before', 'after'] as const) {
    it(`[F1] [F2] ends as one that did not, whichever transaction it died ${when}`, async () => {
      const interruptions: string[] = [];
      for (let at = 1; at <= transactions; at += 1) {
        const bench = await openBench();
        const id = await bench.submit();
        const world = new World();
        const dying = dyingDatabase(bench.db, at, when);
        let requests = await life(bench, world, dying);
        assert.ok(dying.died);
        if ((await bench.look(id)).item.state !== 'completed') {
          assert.deepEqual(await bench.nextHost(), [id], `transaction ${at}`);
          requests += await life(bench, world, bench.db);
        }
        const found = await trace(bench, id);
        assert.deepEqual(sized(found), sized(withInterruptions(calm, found)), `transaction ${at}`);
        assert.ok(requests <= ANSWERS.length + 1, `${requests} requests with a death at ${at}`);
        for (const { state, name, input, result } of found.calls) {
          if (name !== 'act') continue;
          const { text } = input as { text: string };
          const runs = world.done[text] ?? 0;
          if (state === 'interrupted') {
            interruptions.push(`${text} after ${runs}`);
            assert.match(result?.content ?? '', INTERRUPTED);
            assert.ok(runs <= 1);
          } else assert.equal(runs, 1);
        }
      }
      // Killed before the record of its end a write has run; killed after the record of its start it has not.
      // What runs beside a read may also be cut by the death after the read's record.
      const expected = when === 'before' ? ['b after 1', 'c after 1'] : ['b after 0', 'c after 0'];
      for (const interruption of expected) assert.ok(interruptions.includes(interruption), `${interruptions}`);
      assert.ok(interruptions.length <= expected.length + 1, `${interruptions}`);
    });
  }

  it('repeats nothing when the answer of any transaction is lost after it committed', async () => {
    for (let at = 1; at <= transactions; at += 1) {
      const bench = await openBench();
      const id = await bench.submit();
      const world = new World();
      const requests = await life(
        bench,
        world,
        lossyDatabase(bench.db, (count) => count === at),
      );
      assert.deepEqual(await trace(bench, id), calm, `transaction ${at}`);
      assert.deepEqual([requests, world.done], [ANSWERS.length, { a: 1, b: 1, c: 1 }]);
      assert.deepEqual(
        bench.logged.map(({ event }) => event),
        ['focus.end'],
      );
    }
  });

  it('repeats nothing when every second answer is lost', async () => {
    const bench = await openBench();
    const id = await bench.submit();
    const world = new World();
    await life(
      bench,
      world,
      lossyDatabase(bench.db, (count) => count % 2 === 1),
    );
    assert.deepEqual(await trace(bench, id), calm);
    assert.deepEqual(world.done, { a: 1, b: 1, c: 1 });
  });
});
