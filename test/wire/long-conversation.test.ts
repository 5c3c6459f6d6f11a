/** A long conversation with a server that keeps every request, whose host dies again and again: what goes over the wire. */
import assert from 'node:assert/strict';
import { runFocus } from '../../src/host/engine/focus/run-focus.ts';
import { createAnthropicClient } from '../../src/host/llm/anthropic/client.ts';
import type { CompletionRequest } from '../../src/host/llm/types.ts';
import { assertPairsWhole, bodyPieces, sizeOf } from '../support/engine-context.ts';
import { dyingDatabase, engineDatabase, OPENING_LIMIT_MS } from '../support/engine-database.ts';
import { facultyOf, openBench } from '../support/engine-focus.ts';
import { worldTool } from '../support/engine-loop.ts';
import { MODELLED, MODELLED_WORK, recordOf, remarkOf, SharedCount } from '../support/long-work.ts';
import { startModelServer, type WireFormat } from '../support/model-server.ts';
import { anthropicFormat } from '../support/model-server-anthropic.ts';
import { KEY, scriptOf } from './anthropic-setup.ts';

const { turns: TURNS, stepEvery: STEP_EVERY, resultCharacters: RESULT, headCharacters: HEAD } = MODELLED_WORK;

/** What the engine itself says before the task, in characters. */
const OWN_PROMPT = 4000;

/** So many transactions of a host, until it dies. */
const LIFE = 37;

const look = worldTool({
  name: 'look',
  description: 'Looks at a file.'.padEnd(HEAD - OWN_PROMPT, '.'),
  run: async (text) => ({ content: text.padEnd(RESULT, '.'), isError: false }),
});

const SCRIPT = scriptOf({
  name: 'long',
  turns: [
    ...Array.from({ length: TURNS }, (_, at) => ({
      text: remarkOf(at + 1),
      tool_calls: [
        { name: 'look', input: { text: `What there is of turn ${at + 1} ` } },
        ...recordOf(at + 1, STEP_EVERY),
      ],
    })),
    { text: 'Done.' },
  ],
});

/** What folded away no longer shows how many answers there were: the newest result, or the step, tells. */
function turnOf({ messages }: CompletionRequest): number {
  const last = JSON.stringify(messages.at(-1)?.content ?? '');
  const seen = [...last.matchAll(/What there is of turn (\d+)/g)].map(([, turn]) => Number(turn));
  const steps = [...last.matchAll(/Went through part (\d+)/g)].map(([, part]) => Number(part) * STEP_EVERY);
  return Math.max(0, ...seen, ...steps) + 1;
}

const FORMAT: WireFormat = {
  ...anthropicFormat,
  readRequest(body, headers) {
    const read = anthropicFormat.readRequest(body, headers);
    return { ...read, turn: turnOf(read) };
  },
};

type WireBlock = { text?: string; cache_control?: object };
type WireBody = { system: WireBlock[]; messages: { content: WireBlock[] }[] };

/** What is worth keeping is marked after the system, after the last stub, and at the end, and nowhere else. */
function assertMarked(body: unknown): void {
  const { system, messages } = body as WireBody;
  const blocks = messages.flatMap(({ content }) => content);
  const stub = blocks.findLast(({ text }) => text?.startsWith('[completed step'));
  const expected = [...new Set([system.at(-1), ...(stub ? [stub] : []), blocks.at(-1)])];
  assert.deepEqual(
    [...system, ...blocks].filter((block) => block.cache_control),
    expected,
  );
}

describe('a long conversation on the wire', function () {
  this.timeout(120_000);
  before(async function () {
    this.timeout(OPENING_LIMIT_MS);
    await engineDatabase();
  });

  it('[eng-16] [F1] sends whole pairs, goes on from the same bytes, and sends them again alike where its host died', async () => {
    const server = await startModelServer({ formats: [FORMAT], script: SCRIPT });
    const client = createAnthropicClient({ baseUrl: server.url, credential: () => ({ value: KEY }) });
    const bench = await openBench();
    const id = await bench.submit();
    const faculty = facultyOf({ engage: { max_turns: TURNS + 1 } });
    const changes = { workspaceTools: [look], defaultModel: 'anthropic/claude-of-the-test' };
    let deaths = 0;
    try {
      for (;;) {
        const db = dyingDatabase(bench.db, LIFE, deaths % 2 === 0 ? 'before' : 'after');
        const claim = await bench.claim(faculty);
        await runFocus(bench.dependencies(client, { ...changes, db }), claim);
        if ((await bench.look(id)).item.state !== 'running') break;
        deaths += 1;
        await bench.nextHost();
      }
      await server.idle();
    } finally {
      await server.close();
    }
    const { item, foci, calls } = await bench.look(id);
    assert.deepEqual([item.state, item.attempts, item.outcome?.summary, foci.length], ['completed', 0, 'Done.', 1]);
    assert.ok(deaths > 5, `${deaths} deaths`);

    const sent = new Map<number, string>();
    const count = new SharedCount();
    const written = Array.from({ length: TURNS }, (_, at) => recordOf(at + 1, STEP_EVERY)).flat().length;
    for (const { body, text, headers } of server.requests) {
      const read = FORMAT.readRequest(body, headers);
      assertPairsWhole(read);
      const turn = read.turn ?? 0;
      const asBefore = sent.get(turn);
      sent.set(turn, text);
      if (asBefore !== undefined) {
        assert.equal(text, asBefore, `turn ${turn} was asked again with other bytes`);
        continue;
      }
      const pieces = bodyPieces(body);
      const { same, before } = count.add(pieces);
      const stubs = pieces.filter((piece) => piece.includes('"text":"[completed step'));
      assert.equal(stubs.length, Math.floor((turn - 1) / STEP_EVERY));
      if ((turn - 1) % STEP_EVERY !== 0) assert.equal(same, sizeOf(before), `turn ${turn}`);
      else if (turn > 1)
        assert.equal(same, sizeOf(pieces.slice(0, pieces.indexOf(stubs.at(-1) ?? ''))), `turn ${turn}`);
      assertMarked(body);
    }
    assert.equal(sent.size, TURNS + 1);
    assert.equal(calls.length, TURNS + written);
    const { sent: tokens, peak, anew, sharedPercent } = count.figures;
    console.log(`      ${deaths} deaths; ${JSON.stringify(count.figures)}`);
    assert.ok(sharedPercent >= MODELLED.sharedPercent, `${sharedPercent} % had been sent before`);
    assert.ok(anew <= MODELLED.anew, `${anew} tokens that were not sent before`);
    assert.ok(tokens <= MODELLED.sent && peak <= MODELLED.peak, `${tokens} tokens, ${peak} at the peak`);
  });
});
