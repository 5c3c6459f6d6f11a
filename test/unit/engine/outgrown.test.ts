/** What an answer used that outgrew the context is spent before a call is made that makes room for the next one. */
import assert from 'node:assert/strict';
import type { CompletionRequest, LlmClient, LlmError } from '../../../src/host/llm/types.ts';
import { DEAR, PRICED, spentOn, using } from '../../support/engine-budgets.ts';
import { OPENING_LIMIT_MS } from '../../support/engine-database.ts';
import { type Bench, facultyOf, openBench } from '../../support/engine-focus.ts';
import { barrier, worldTool } from '../../support/engine-loop.ts';
import { type WrittenAnswer, writtenModel } from '../../support/engine-model.ts';

const USED = DEAR.input + DEAR.output;
const faculty = facultyOf({ engage: { max_tokens: 100, context_tokens: 100_000, compact_keep_recent: 1 } });
const look = worldTool({ name: 'look', run: (text) => ({ content: text.padEnd(8000, '.'), isError: false }) });

type Barrier = ReturnType<typeof barrier>;
type Seen = { call: number | 'summary'; held: number; reservations: number; spent: number };

describe('an answer that outgrew the context', function () {
  this.timeout(OPENING_LIMIT_MS);
  let bench: Bench;
  beforeEach(async () => {
    bench = await openBench();
  });

  /**
   * Looks twice and outgrows its context twice: a compaction makes room for the first time, a summary for the second.
   * `dies`: another host has the work while the first one's summary is made.
   */
  async function outgrow(maxTokens: number, summary: WrittenAnswer = { text: 'In short.' }, dies = false) {
    let outgrown = 0;
    const model = writtenModel((turn): WrittenAnswer => {
      if (turn === 0) return summary;
      if (turn < 3) return { calls: [{ name: 'look', input: { text: `at ${turn}` } }] };
      if (outgrown === 2) return { text: 'All seen.' };
      outgrown += 1;
      return { text: 'All', stop: 'context_exceeded' };
    });
    const id = await bench.submit({ budget: { max_tokens: maxTokens } });
    const seen: Seen[] = [];
    const workspaceTools = [look];
    const client = noting(using(model), id, seen);
    if (dies) {
      const [reached, goesOn] = [barrier(), barrier()];
      const first = bench.run(stopping(client, reached, goesOn), faculty, { workspaceTools, defaultModel: PRICED });
      await reached.reached;
      assert.deepEqual(await bench.nextHost(), [id]);
      goesOn.open();
      await first;
    }
    await bench.run(client, faculty, { workspaceTools, defaultModel: PRICED });
    const { item, focus } = await bench.look(id);
    const { tokens } = await spentOn(bench, id);
    const { input = 0, output = 0 } = focus?.usage ?? {};
    return { seen, item, focus, tokens, counted: input + output, iterations: focus?.iterations };
  }

  function noting(client: LlmClient, id: string, seen: Seen[]): LlmClient {
    return {
      ...client,
      async *stream(request: CompletionRequest, signal: AbortSignal) {
        const [row] = await bench.db.query<Omit<Seen, 'call'>>(
          `select coalesce(sum(r.tokens), 0)::float8 as held, count(r.id)::float8 as reservations,
             max(b.spent_tokens)::float8 as spent
           from animus.budgets b left join animus.reservations r on r.work_item_id = b.work_item_id
           where b.work_item_id = $1`,
          [id],
        );
        assert.ok(row);
        seen.push({ call: request.turn ?? 'summary', ...row });
        yield* client.stream(request, signal);
      },
    };
  }

  /** The answer of a summary stands still until somebody else has the work. */
  function stopping(client: LlmClient, reached: Barrier, goesOn: Barrier): LlmClient {
    return {
      ...client,
      async *stream(request: CompletionRequest, signal: AbortSignal) {
        for await (const event of client.stream(request, signal)) {
          if (request.turn === undefined) {
            reached.open();
            await goesOn.reached;
          }
          yield event;
        }
      },
    };
  }

  it('is paid before a summary is admitted, which is asked for where there is room for it alone', async () => {
    const most = 4 * USED + 1000;
    const { seen, item, tokens, counted } = await outgrow(most);
    assert.deepEqual(
      seen.map(({ call }) => call),
      [1, 2, 3, 3],
    );
    assert.equal(item.state, 'waiting');
    assert.deepEqual([tokens, counted], [4 * USED, 4 * USED]);
    assert.ok(tokens <= most);
  });

  it('is counted once, and the summary has a reservation of its own', async () => {
    const { seen, item, tokens, counted, iterations } = await outgrow(1_000_000);
    assert.deepEqual(
      seen.map(({ call, reservations, spent }) => [call, reservations, spent]),
      [
        [1, 1, 0],
        [2, 1, USED],
        [3, 1, 2 * USED],
        [3, 1, 3 * USED],
        ['summary', 1, 4 * USED],
        [3, 1, 5 * USED],
      ],
    );
    const [before, summary] = seen.slice(3);
    assert.notEqual(summary?.held, before?.held);
    assert.equal(item.state, 'completed');
    assert.deepEqual([tokens, counted, iterations], [6 * USED, 6 * USED, 3]);
  });

  it('is counted once where the host dies while its summary is made', async () => {
    const { seen, item, tokens, counted, iterations } = await outgrow(1_000_000, { text: 'In short.' }, true);
    assert.deepEqual(
      seen.map(({ call }) => call),
      [1, 2, 3, 3, 'summary', 3],
    );
    assert.equal(item.state, 'completed');
    assert.deepEqual([counted, iterations], [5 * USED, 3]);
    // The summary may have been billed, and nobody knows for how much.
    assert.equal(tokens, 5 * USED + (seen[4]?.held ?? 0));
  });

  for (const [kind, title] of [
    ['refused', 'its answer stays'],
    ['auth', 'nothing more is asked'],
  ] as const) {
    it(`is counted once where its summary fails and ${title} (${kind})`, async () => {
      const error: LlmError = { kind, message: 'no' };
      const { seen, tokens, counted, focus } = await outgrow(1_000_000, { error });
      assert.deepEqual(
        seen.map(({ call }) => call),
        [1, 2, 3, 3, 'summary'],
      );
      // The summary was not billed.
      assert.deepEqual([tokens, counted], [4 * USED, 4 * USED]);
      assert.equal(focus?.iterations, kind === 'refused' ? 3 : 2);
      const held = await bench.db.query('select 1 from animus.reservations where focus_id = $1', [focus?.id]);
      assert.deepEqual(held, []);
    });
  }
});
