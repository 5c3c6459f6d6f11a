/** What the model sees of a conversation that has steps: stubs for what is complete, everything else as it is. */
import assert from 'node:assert/strict';
import type { ContextSettings } from '../../../src/host/engine/engage/context/types.ts';
import { ledgerAppend } from '../../../src/host/engine/tools/ledger-append.ts';
import type { CompletionRequest } from '../../../src/host/llm/types.ts';
import { assertPairsWhole, CONTEXT_SETTINGS, requestPieces, textsOf } from '../../support/engine-context.ts';
import { runLoop, worldTool } from '../../support/engine-loop.ts';
import { MemoryJournal } from '../../support/engine-memory-journal.ts';
import { type WrittenAnswer, writtenModel } from '../../support/engine-model.ts';

const entry = (entry_type: string, content: string) => ({ name: 'ledger_append', input: { entry_type, content } });
const look = (text: string) => ({ name: 'look', input: { text } });

/** Gives as many characters as it is asked for. */
const LOOK = worldTool({
  name: 'look',
  run: (text) => ({ content: text.padEnd(Number(/\d+/.exec(text)?.[0] ?? 0), '.'), isError: false }),
});

async function converse(
  answers: readonly WrittenAnswer[],
  changes: Partial<ContextSettings> = {},
  prepare: (journal: MemoryJournal) => void = () => undefined,
) {
  const settings = { ...CONTEXT_SETTINGS, ...changes };
  const journal = new MemoryJournal('The task.', settings);
  prepare(journal);
  const client = writtenModel(answers);
  const result = await runLoop({ client, journal, settings, tools: [LOOK, ledgerAppend] });
  assert.equal(result.kind, 'end_turn');
  client.requests.forEach(assertPairsWhole);
  return { journal, requests: client.requests };
}

const shows = (request: CompletionRequest | undefined, text: string) =>
  request !== undefined && requestPieces(request).join('\n').includes(text);

const BIG = look('10000 a');

describe('the context of a focus', () => {
  it('[eng-14] [eng-15] closes a block with the turn that recorded a step, and sends its stub ever after', async () => {
    const { journal, requests } = await converse([
      { text: 'I look.', calls: [BIG] },
      { calls: [entry('finding', 'Two herons.'), entry('note', 'Rain.'), entry('step', 'Looked at a.')] },
      { text: 'On.', calls: [look('b')] },
      { text: 'Done.' },
    ]);
    assert.ok(shows(requests[1], '10000 a...'), 'while the block is open it is there');
    assert.deepEqual(requests[2]?.messages, [
      {
        role: 'user',
        content: [
          { type: 'text', text: 'The task.' },
          {
            type: 'text',
            text: '[completed step 3: Looked at a.]\n[1] finding: Two herons.',
            cacheBreakpoint: true,
          },
        ],
      },
    ]);
    assert.deepEqual(requests[3]?.messages[0], requests[2]?.messages[0]);
    assert.deepEqual(
      journal.blocks.map(({ block, firstMessage, lastMessage, folds, steps }) => {
        return { block, firstMessage, lastMessage, folds, steps };
      }),
      [{ block: 0, firstMessage: 2, lastMessage: 5, folds: true, steps: [3] }],
    );
    assert.deepEqual(
      journal.messages.map(({ block }) => block),
      [0, 0, 0, 0, 0, 1, 1, 1],
    );
  });

  it('[eng-16] [eng-17] folds every closed block, in order, and never the open one', async () => {
    const { requests } = await converse([
      { calls: [BIG, entry('step', 'First.')] },
      { calls: [BIG, entry('decision', 'Count by hand.'), entry('step', 'Second.')] },
      { calls: [look('9000 open')] },
      { text: 'Done.' },
    ]);
    const last = requests[3];
    assert.deepEqual(last && textsOf(last), [
      'The task.',
      '[completed step 1: First.]',
      '[completed step 3: Second.]\n[2] decision: Count by hand.',
    ]);
    assert.ok(shows(last, '9000 open...'));
    assert.ok(!shows(last, '10000 a...'));
  });

  it('[eng-14] closes one block with all the texts where a turn records several steps', async () => {
    const { journal, requests } = await converse([
      { calls: [entry('step', 'First.'), BIG, entry('error', 'It broke.'), entry('step', 'Second.')] },
      { text: 'Done.' },
    ]);
    assert.equal(journal.blocks.length, 1);
    assert.deepEqual(textsOf(requests[1] as CompletionRequest), [
      'The task.',
      '[completed step 1: First.]\n[completed step 3: Second.]\n[2] error: It broke.',
    ]);
  });

  it('[eng-15] keeps a small block until the next one closes, and folds both with their own stubs', async () => {
    const { journal, requests } = await converse([
      { calls: [look('small'), entry('step', 'First.')] },
      { calls: [look('small too'), entry('step', 'Second.')] },
      { calls: [BIG, entry('step', 'Third.')] },
      { text: 'Done.' },
    ]);
    assert.ok(shows(requests[1], 'small') && shows(requests[2], 'small too'));
    assert.deepEqual(
      journal.blocks.map(({ folds }) => folds),
      [false, false, true],
    );
    assert.deepEqual(textsOf(requests[3] as CompletionRequest), [
      'The task.',
      '[completed step 1: First.]',
      '[completed step 2: Second.]',
      '[completed step 3: Third.]',
    ]);
  });

  it('folds nothing where that is switched off, and closes blocks all the same', async () => {
    const { journal, requests } = await converse(
      [{ calls: [BIG, entry('step', 'First.')] }, { calls: [BIG, entry('step', 'Second.')] }, { text: 'Done.' }],
      { truncateClosedBlocks: false },
    );
    assert.equal(journal.blocks.length, 2);
    assert.equal(requests[2]?.messages.length, 5);
  });

  it('does not close a block for a step that was refused', async () => {
    const { journal } = await converse([{ calls: [BIG, entry('step', ' ')] }, { text: 'Done.' }]);
    assert.deepEqual(journal.blocks, []);
  });

  it('keeps what a person said, in its place among the stubs, and folds what the engine remarked', async () => {
    const said = {
      turn: 1,
      role: 'user',
      kind: 'person',
      blocks: [{ type: 'text', text: 'And the cranes?' }],
    } as const;
    const { requests } = await converse(
      [
        { calls: [look('a')] },
        { calls: [look('b')] },
        { calls: [BIG, entry('step', 'First.')] },
        { calls: [BIG, entry('step', 'Second.')] },
        { text: 'Done.' },
      ],
      { ledgerNudgeInterval: 2 },
      (journal) => journal.said.push({ ...said, blocks: [...said.blocks] }),
    );
    assert.match(textsOf(requests[2] as CompletionRequest).at(-1) ?? '', /^\[ledger\] 2 turns without an entry/);
    assert.deepEqual(textsOf(requests[4] as CompletionRequest), [
      'The task.',
      'And the cranes?',
      '[completed step 1: First.]',
      '[completed step 2: Second.]',
    ]);
  });

  it('[eng-18] [eng-19] reminds of the ledger after so many turns without an entry, and counts anew from an entry', async () => {
    const quiet = (): WrittenAnswer => ({ calls: [look('x')] });
    const { requests } = await converse(
      [quiet(), quiet(), quiet(), quiet(), { calls: [entry('note', 'At last.')] }, quiet(), quiet(), { text: 'Done.' }],
      { ledgerNudgeInterval: 3 },
    );
    const reminded = requests.flatMap((request, at) => {
      const last = request.messages.at(-1)?.content.at(-1);
      return last?.type === 'text' && last.text.startsWith('[ledger]') ? [[at + 1, last.text.slice(0, 16)]] : [];
    });
    assert.deepEqual(reminded, [[4, '[ledger] 3 turns']]);
    const { requests: more } = await converse([...Array.from({ length: 7 }, quiet), { text: 'Done.' }], {
      ledgerNudgeInterval: 3,
    });
    const texts = textsOf(more[7] as CompletionRequest).filter((text) => text.startsWith('[ledger]'));
    assert.deepEqual(
      texts.map((text) => text.slice(0, 16)),
      ['[ledger] 3 turns', '[ledger] 6 turns'],
    );
  });

  it('[eng-18] never reminds where that is switched off', async () => {
    const quiet = Array.from({ length: 12 }, () => ({ calls: [look('x')] }));
    const { journal } = await converse([...quiet, { text: 'Done.' }], { ledgerNudgeInterval: 0 });
    assert.ok(journal.messages.every(({ kind }) => kind !== 'remark'));
  });
});
