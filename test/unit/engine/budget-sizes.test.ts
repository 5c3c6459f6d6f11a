/** What is held back for a model call: as much as it may use by what it is going to send, whatever was sent before. */
import assert from 'node:assert/strict';
import type { Exhausted } from '../../../src/host/engine/focus/admission.ts';
import { budgetQuestion, exhaustedText } from '../../../src/host/engine/focus/budget-wording.ts';
import type { CompletionRequest, LlmClient } from '../../../src/host/llm/types.ts';
import { choosing, PRICED, spentOn, using } from '../../support/engine-budgets.ts';
import { counting } from '../../support/engine-context.ts';
import { OPENING_LIMIT_MS } from '../../support/engine-database.ts';
import { type Bench, type FacultyKeys, facultyOf, openBench } from '../../support/engine-focus.ts';
import { worldTool } from '../../support/engine-loop.ts';
import { type WrittenAnswer, type WrittenCall, writtenModel } from '../../support/engine-model.ts';

/** Five dollars for a million tokens in, 25 for a million out; and what one answer costs that uses as much as `using` says. */
const DEARER = 'anthropic/claude-opus-4-8';
const DEARER_MICROS = 75_000;

const MOST_ANSWER = 100;
const look = worldTool({ name: 'look', run: (text) => ({ content: text.padEnd(8000, '.'), isError: false }) });

/** So little that a few looks fill it. */
const narrow = (engage: FacultyKeys['engage'] = {}) =>
  facultyOf({ engage: { max_tokens: MOST_ANSWER, context_tokens: 12_000, compact_keep_recent: 2, ...engage } });

function looking(turns: number, calls: (turn: number) => WrittenCall[] = () => []) {
  return counting(
    writtenModel((turn): WrittenAnswer => {
      if (turn > turns) return { text: 'All seen.' };
      return { calls: [{ name: 'look', input: { text: `at ${turn}` } }, ...calls(turn)] };
    }),
  );
}

describe('a budget without room for the next call', () => {
  const [own, above] = ['0190a1b2-0000-7000-8000-000000000001', '0190a1b2-0000-7000-8000-0000beefcafe'];
  const at = (changes: Partial<Exhausted>): Exhausted => {
    return { limit: 'cost', ownerId: own, most: 40_000, spent: 0, need: 10_000, ...changes };
  };

  for (const [title, exhausted, expected] of [
    [
      'used up',
      at({ spent: 40_000 }),
      'The budget of this work is used up: of $0.04 it has spent $0.04, and the next answer may cost up to $0.01.',
    ],
    [
      'overspent, above',
      at({ ownerId: above, limit: 'tokens', most: 100, spent: 120, need: 60 }),
      'The budget of the work #beefcafe above this one is used up: of 100 tokens it has spent 120 tokens, and the next answer may take up to 60 tokens.',
    ],
    [
      'with less left than the call may need',
      at({ spent: 30_001 }),
      'The budget of this work has too little left: of $0.04 it has spent $0.03, and the next answer may cost up to $0.01.',
    ],
    [
      'smaller than one call, and nothing spent',
      at({ need: 90_000 }),
      'The next answer may cost up to $0.09, and the limit of this work is $0.04. Nothing of it is spent.',
    ],
    [
      'smaller than one call, and something spent',
      at({ limit: 'tokens', most: 100, spent: 7, need: 110 }),
      'The next answer may take up to 110 tokens, and the limit of this work is 100 tokens. It has spent 7 tokens of it.',
    ],
  ] as const) {
    it(`says what is true of one that is ${title}`, () => {
      assert.equal(exhaustedText(exhausted, own), expected);
      assert.equal(budgetQuestion(exhausted, own, 3).text, `${expected} Shall it go on?`);
    });
  }
});

describe('what is held back for a model call', function () {
  this.timeout(OPENING_LIMIT_MS);
  let bench: Bench;
  beforeEach(async () => {
    bench = await openBench();
  });

  type Sent = { turn: number | undefined; size: number; held: number; spent: number };

  /** Notes with each request how large it is, how much is held back for it, and what was spent before. */
  function noting(client: LlmClient, id: string, sent: Sent[]): LlmClient {
    return {
      ...client,
      async *stream(request: CompletionRequest, signal: AbortSignal) {
        const [row] = await bench.db.query<{ held: number; spent: number }>(
          `select coalesce(sum(r.tokens), 0)::float8 as held, max(b.spent_tokens)::float8 as spent
           from animus.budgets b left join animus.reservations r on r.work_item_id = b.work_item_id
           where b.work_item_id = $1`,
          [id],
        );
        assert.ok(row);
        for await (const event of client.stream(request, signal)) {
          if (event.type === 'done') sent.push({ turn: request.turn, size: event.response.usage.input, ...row });
          yield event;
        }
      },
    };
  }

  async function work(maxTokens: number, client: LlmClient, faculty = narrow()) {
    const id = await bench.submit({ budget: { max_tokens: maxTokens } });
    const sent: Sent[] = [];
    await bench.run(noting(client, id, sent), faculty, { workspaceTools: [look] });
    return { sent, state: (await bench.look(id)).item.state };
  }

  const fits = ({ held, size }: Sent) => held >= size * 0.8 && held <= size * 1.3 + 200 + MOST_ANSWER;

  it('is what the request needs, also where room was made for it or a block folded', async () => {
    const cut = await work(1_000_000, looking(8));
    const sizes = cut.sent.map(({ size }) => size);
    assert.ok(
      sizes.some((size, at) => size < (sizes[at - 1] ?? 0) * 0.6),
      `nothing was cut: ${sizes}`,
    );
    assert.deepEqual(
      cut.sent.filter((sent) => !fits(sent)),
      [],
    );
    const step = { name: 'ledger_append', input: { entry_type: 'step', content: 'Looked.' } };
    const folded = await work(
      1_000_000,
      looking(4, (turn) => (turn === 3 ? [step] : [])),
      narrow({ context_tokens: 100_000 }),
    );
    assert.ok((folded.sent[3]?.size ?? 0) < (folded.sent[2]?.size ?? 0) * 0.8);
    assert.deepEqual(
      folded.sent.filter((sent) => !fits(sent)),
      [],
    );
  });

  it('an answer that outgrew the context costs what its own model costs', async () => {
    let outgrown = false;
    const answers = (turn: number): WrittenAnswer => {
      if (turn < 3) return { calls: [{ name: 'look', input: { text: `at ${turn}` } }] };
      if (outgrown) return { text: 'All seen.' };
      outgrown = true;
      return { text: 'All', stop: 'context_exceeded' };
    };
    const [dear, cheap] = [using(writtenModel(answers)), using(writtenModel(answers))];
    const id = await bench.submit();
    await bench.run(cheap, narrow({ context_tokens: 100_000, compact_keep_recent: 1 }), {
      workspaceTools: [look],
      defaultModel: PRICED,
      hooksOf: () => choosing(DEARER),
      models: {
        ...bench.dependencies(cheap).models,
        open: (modelName) => ({ kind: 'ready', modelName, client: modelName === DEARER ? dear : cheap }),
      },
    });
    assert.equal((await bench.look(id)).item.state, 'completed');
    assert.deepEqual([dear.requests.length, cheap.requests.length], [4, 0]);
    assert.equal((await spentOn(bench, id)).costMicros, 4 * DEARER_MICROS);
    assert.equal((await bench.look(id)).focus?.costMicros, 4 * DEARER_MICROS);
  });

  it('refuses no call that has room once the context was cut for it', async () => {
    const free = await work(1_000_000, looking(8));
    const at = free.sent.findIndex(({ size }, index) => size < (free.sent[index - 1]?.size ?? 0) * 0.6);
    const after = free.sent[at];
    assert.ok(after?.turn);
    const most = after.spent + Math.ceil(after.size * 1.3) + 200 + MOST_ANSWER;
    const { sent } = await work(most, looking(8));
    assert.equal(sent.at(-1)?.turn, after.turn);
  });
});
