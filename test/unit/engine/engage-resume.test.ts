/** The loop is cut at its writes, as when the process dies, and a new one goes on with what was kept. */
import assert from 'node:assert/strict';
import fc from 'fast-check';
import type { Tool } from '../../../src/host/engine/engage/tool.ts';
import type { EngageResult, RecordedMessage } from '../../../src/host/engine/engage/types.ts';
import { runLoop, storeTool, worldTool } from '../../support/engine-loop.ts';
import { Crash, type Cut, MemoryJournal } from '../../support/engine-memory-journal.ts';
import { type WrittenAnswer, type WrittenCall, writtenModel } from '../../support/engine-model.ts';

const INTERRUPTED =
  'Interrupted: the host ended while this ran. It may or may not have taken effect; check before you repeat it.';

/** What every kind of call is answered with, and how often its tool ran. */
class World {
  runs: Record<string, number> = {};
  tools: Tool[] = [
    this.#tool('read', 'read'),
    this.#tool('write', 'write'),
    this.#tool('exclusive', 'exclusive'),
    this.#tool('fail', 'read', true),
    storeTool('keep'),
  ];

  #tool(name: string, effect: 'read' | 'write' | 'exclusive', failing = false): Tool {
    return worldTool({
      name,
      effect,
      run: (text) => {
        this.runs[text] = (this.runs[text] ?? 0) + 1;
        if (failing) throw new Error('it broke');
        return { content: `did ${text}`, isError: false };
      },
    });
  }
}

type Run = { journal: MemoryJournal; world: World; result: EngageResult; interrupted: Set<string> };

/** Lives as many lives as there are cuts, and then one to its end. */
async function live(answers: readonly WrittenAnswer[], cuts: readonly Cut[]): Promise<Run> {
  const journal = new MemoryJournal();
  const world = new World();
  const interrupted = new Set<string>();
  for (const cut of [...cuts, undefined]) {
    for (const { id, started, effect, result } of journal.calls) {
      if (started && result === null && effect !== 'read') interrupted.add(id);
    }
    journal.revive(cut);
    try {
      const result = await runLoop({ client: writtenModel(answers), journal, tools: world.tools });
      return { journal, world, result, interrupted };
    } catch (error) {
      if (!(error instanceof Crash)) throw error;
    }
  }
  throw new Error('It never came to its end.');
}

/** The transcript with the results of the calls that were interrupted. */
function withInterruptions(messages: readonly RecordedMessage[], interrupted: ReadonlySet<string>): RecordedMessage[] {
  return messages.map((message) => ({
    ...message,
    blocks: message.blocks.map((block, at) =>
      block.type === 'tool_result' && interrupted.has(`${message.turn}.${at}`)
        ? { ...block, content: INTERRUPTED, isError: true }
        : block,
    ),
  }));
}

/** A result that says "interrupted" has another length than the one that it stands for. */
function withoutSizes(messages: readonly RecordedMessage[]) {
  return messages.map(({ requestTokens: _, ...message }) => message);
}

async function compare(answers: readonly WrittenAnswer[], cuts: readonly Cut[], calm: Run): Promise<void> {
  const { journal, world, result, interrupted } = await live(answers, cuts);
  assert.deepEqual(result, calm.result);
  const sized = (messages: RecordedMessage[]) => (interrupted.size === 0 ? messages : withoutSizes(messages));
  assert.deepEqual(sized(journal.messages), sized(withInterruptions(calm.journal.messages, interrupted)));
  assert.deepEqual(journal.rows, calm.journal.rows, 'effects in the store happen once');
  for (const { id, name, started, input } of calm.journal.calls) {
    const { text } = input as { text: string };
    if (!started) assert.equal(world.runs[text], undefined);
    if (!started) continue;
    const runs = world.runs[text] ?? 0;
    if (name === 'write' || name === 'exclusive')
      assert.ok(runs === 1 || (runs === 0 && interrupted.has(id)), `${text} ran ${runs} times`);
    if (name === 'read' || name === 'fail')
      assert.ok(runs >= 1 && runs <= cuts.length + 1, `${text} ran ${runs} times`);
  }
}

const NAMES = ['read', 'write', 'exclusive', 'fail', 'keep', 'unknown', 'bad', 'invalid'] as const;

function written(name: (typeof NAMES)[number], turn: number, at: number): WrittenCall {
  const input = { text: `${turn}.${at}` };
  if (name === 'bad') return { name: 'write', input: { ...input, more: 1 } };
  if (name === 'invalid') return { name: 'write', input, invalid: { raw: '{', reason: 'cut' } };
  return { name, input };
}

/** Up to four turns of up to four calls, or of a pause or a cut, and an end. */
const conversation = fc
  .array(
    fc.oneof(
      fc.array(fc.constantFrom(...NAMES), { minLength: 1, maxLength: 4 }),
      fc.constantFrom('pause_turn' as const, 'max_tokens' as const),
    ),
    { maxLength: 4 },
  )
  .map((turns): WrittenAnswer[] => [
    ...turns.map((turn, at) =>
      typeof turn === 'string'
        ? { text: `turn ${at + 1}`, stop: turn }
        : { text: `turn ${at + 1}`, calls: turn.map((name, place) => written(name, at + 1, place)) },
    ),
    { text: 'The end.' },
  ]);

const cut = fc.record({
  at: fc.integer({ min: 1, max: 12 }),
  when: fc.constantFrom('before' as const, 'after' as const),
});

describe('engage, cut and resumed', () => {
  it('gives the same transcript whatever single write it is cut at', async () => {
    const kinds = NAMES.map((name, at) => written(name, 1, at));
    const answers = [
      { text: 'All kinds.', calls: kinds },
      { text: 'A pause.', stop: 'pause_turn' as const },
      { text: 'Two more.', calls: [written('keep', 3, 0), written('write', 3, 1)] },
      { text: 'Cut.', stop: 'max_tokens' as const },
      { text: 'The end.' },
    ];
    const calm = await live(answers, []);
    assert.equal(calm.journal.log.length, 23);
    for (let at = 1; at <= calm.journal.log.length; at += 1) {
      for (const when of ['before', 'after'] as const) await compare(answers, [{ at, when }], calm);
    }
  });

  it('gives the same transcript for any conversation and up to three cuts', async () => {
    await fc.assert(
      fc.asyncProperty(conversation, fc.array(cut, { maxLength: 3 }), async (answers, cuts) => {
        await compare(answers, cuts, await live(answers, []));
      }),
      { numRuns: 300 },
    );
  });

  it('runs a read again that had started, and not a write', async () => {
    const answers = [{ calls: [written('read', 1, 0), written('write', 1, 1)] }, { text: 'ok' }];
    const duringRead = await live(answers, [{ at: 3, when: 'before' }]);
    assert.deepEqual(duringRead.journal.log.slice(0, 4), ['answer 1', 'start 1.0', 'start 1.0', 'finish 1.0 done']);
    assert.deepEqual(duringRead.world.runs, { '1.0': 2, '1.1': 1 });
    const duringWrite = await live(answers, [{ at: 5, when: 'before' }]);
    assert.deepEqual(duringWrite.journal.log.slice(3, 6), ['start 1.1', 'finish 1.1 interrupted', 'close 1']);
    assert.deepEqual(duringWrite.world.runs, { '1.0': 1, '1.1': 1 });
    assert.equal(duringWrite.journal.calls[1]?.result?.content, INTERRUPTED);
    assert.equal(duringWrite.journal.calls[1]?.result?.isError, true);
  });

  it('never runs a call again that has its result', async () => {
    const answers = [{ calls: [written('read', 1, 0), written('keep', 1, 1), written('fail', 1, 2)] }, { text: 'ok' }];
    const { journal, world } = await live(answers, [{ at: 7, when: 'before' }]);
    assert.deepEqual(journal.log.slice(-3), ['finish 1.2 error', 'close 1', 'answer 2']);
    assert.deepEqual(world.runs, { '1.0': 1, '1.2': 1 });
    assert.deepEqual(journal.rows, ['1.1']);
  });

  it('asks the model again for an answer that was not recorded, and for no other', async () => {
    const answers = [{ calls: [written('read', 1, 0)] }, { text: 'ok' }];
    const journal = new MemoryJournal();
    const turns: (number | undefined)[] = [];
    for (const next of [{ at: 1, when: 'before' }, { at: 1, when: 'after' }, undefined] as const) {
      const client = writtenModel(answers);
      journal.revive(next);
      await runLoop({ client, journal, tools: new World().tools }).catch((error) => assert.ok(error instanceof Crash));
      turns.push(...client.requests.map(({ turn }) => turn));
    }
    assert.deepEqual(turns, [1, 1, 2]);
  });
});
