import assert from 'node:assert/strict';
import type { EngageEvent } from '../../../src/host/engine/engage/types.ts';
import { toolDefinition } from '../../../src/host/engine/tools/select-tools.ts';
import type { JsonValue, LlmError } from '../../../src/host/llm/types.ts';
import { runLoop, storeTool, worldTool } from '../../support/engine-loop.ts';
import { MemoryJournal } from '../../support/engine-memory-journal.ts';
import { type WrittenAnswer, writtenModel } from '../../support/engine-model.ts';

const look = worldTool({ name: 'look' });

function results(journal: MemoryJournal) {
  return journal.messages.flatMap(({ blocks }) => blocks.filter((block) => block.type === 'tool_result'));
}

async function run(answers: readonly WrittenAnswer[], tools = [look], maxTurns = 1000) {
  const journal = new MemoryJournal();
  const client = writtenModel(answers);
  const result = await runLoop({ client, journal, tools, maxTurns });
  return { journal, client, result };
}

describe('engage', () => {
  it('[eng-1] tells the model every tool it may call, with the schema of its input', async () => {
    const tools = [look, storeTool('keep')];
    const { client } = await run([{ text: 'Done.' }], tools);
    assert.deepEqual(client.requests[0]?.tools, tools.map(toolDefinition));
    assert.deepEqual(toolDefinition(look), {
      name: 'look',
      description: 'The tool look.',
      inputSchema: {
        type: 'object',
        properties: { text: { type: 'string' } },
        required: ['text'],
        additionalProperties: false,
      },
    });
  });

  it('[eng-2] [eng-5] runs the tool that is called and goes on with its result', async () => {
    const seen: unknown[] = [];
    const tool = worldTool({
      name: 'look',
      run: (text, context) => {
        const { knownFile: _, ...told } = context;
        seen.push([text, { ...told, signal: context.signal.aborted }]);
        return { content: 'a heron', isError: false };
      },
    });
    const other = worldTool({ name: 'other', run: () => assert.fail('nobody called it') });
    const answers = [{ text: 'I look.', calls: [{ name: 'look', input: { text: 'up' } }] }, { text: 'A heron.' }];
    const { client, journal, result } = await run(answers, [other, tool]);
    const context = { workItemId: 'item-1', focusId: 'focus-1', faculty: 'general', workspace: '/workspace' };
    assert.deepEqual(seen, [['up', { ...context, signal: false }]]);
    assert.deepEqual(result, { kind: 'end_turn', text: 'A heron.' });
    assert.deepEqual(client.requests[1]?.messages, [
      { role: 'user', content: [{ type: 'text', text: 'The task.' }] },
      {
        role: 'assistant',
        content: [
          { type: 'text', text: 'I look.' },
          { type: 'tool_use', id: 'call_1_0', name: 'look', input: { text: 'up' } },
        ],
      },
      {
        role: 'user',
        content: [{ type: 'tool_result', toolUseId: 'call_1_0', content: 'a heron', isError: false }],
      },
    ]);
    assert.deepEqual(journal.log, ['answer 1', 'start 1.0', 'finish 1.0 done', 'close 1', 'answer 2']);
  });

  it('sends what was fixed for the focus with every request', async () => {
    const journal = new MemoryJournal();
    const client = writtenModel([{ calls: [{ name: 'look', input: { text: 'a' } }] }, { text: 'b' }]);
    await runLoop({ client, journal, tools: [look], temperature: 0.5 });
    assert.equal(client.requests.length, 2);
    for (const [at, request] of client.requests.entries()) {
      const { messages: _messages, tools: _tools, ...rest } = request;
      const system = ['The engine.', 'The faculty.'].map((text) => ({ type: 'text', text }));
      assert.deepEqual(rest, { model: 'some-model', system, maxTokens: 4096, turn: at + 1, temperature: 0.5 });
    }
    const [cold] = (await run([{ text: 'a' }])).client.requests;
    assert.ok(cold && !('temperature' in cold));
  });

  it('[eng-3] [F18] answers an unknown tool with an error that names those there are', async () => {
    const { journal, result } = await run([{ calls: [{ name: 'fly' }] }, { text: 'Well.' }], [look, storeTool('keep')]);
    assert.deepEqual(results(journal), [
      {
        type: 'tool_result',
        toolUseId: 'call_1_0',
        content: 'There is no tool "fly". The tools are: look, keep.',
        isError: true,
      },
    ]);
    assert.deepEqual(result, { kind: 'end_turn', text: 'Well.' });
    assert.ok(!journal.log.includes('start 1.0'));
  });

  it('[eng-4] ends with the text of an answer that calls nothing', async () => {
    for (const stop of ['end_turn', 'stop_sequence', 'other', 'tool_use'] as const) {
      const { result, client } = await run([{ text: 'That is all.', stop }, { text: 'never asked' }]);
      assert.deepEqual(result, { kind: 'end_turn', text: 'That is all.' });
      assert.equal(client.requests.length, 1);
    }
  });

  it('[eng-6] ends as budget once all turns are used, with the last results recorded', async () => {
    const answers = Array.from({ length: 5 }, () => ({ calls: [{ name: 'look', input: { text: 'again' } }] }));
    const { result, client, journal } = await run(answers, [look], 3);
    assert.deepEqual(result, { kind: 'budget', message: 'The limit of 3 turns is reached.' });
    assert.equal(client.requests.length, 3);
    assert.equal(journal.log.at(-1), 'close 3');
  });

  it("[eng-7] gives a tool's error back as a result and goes on", async () => {
    const failing = worldTool({ name: 'look', run: () => ({ content: 'no such file', isError: true }) });
    const { journal, result } = await run(
      [{ calls: [{ name: 'look', input: { text: 'x' } }] }, { text: 'ok' }],
      [failing],
    );
    assert.equal(result.kind, 'end_turn');
    assert.deepEqual(
      results(journal).map(({ content, isError }) => [content, isError]),
      [['no such file', true]],
    );
    assert.ok(journal.log.includes('finish 1.0 error'));
  });

  it('[eng-7] takes whatever a tool throws for an error result', async () => {
    for (const [thrown, expected] of [
      [new Error('it broke'), 'look failed: it broke'],
      ['a word', 'look failed: a word'],
      [undefined, 'look failed: undefined'],
    ] as const) {
      const throwing = worldTool({
        name: 'look',
        run: () => {
          throw thrown;
        },
      });
      const { journal, result } = await run(
        [{ calls: [{ name: 'look', input: { text: 'x' } }] }, { text: 'ok' }],
        [throwing],
      );
      assert.equal(result.kind, 'end_turn');
      assert.deepEqual(results(journal)[0], {
        type: 'tool_result',
        toolUseId: 'call_1_0',
        content: expected,
        isError: true,
      });
    }
  });

  it('[eng-7] takes what a store tool throws for an error result, and keeps none of its rows', async () => {
    const answers = [
      {
        calls: [
          { name: 'breaks', input: { text: 'lost' } },
          { name: 'keep', input: { text: 'kept' } },
        ],
      },
      { text: 'ok' },
    ];
    const { journal, result } = await run(answers, [storeTool('breaks', true), storeTool('keep')]);
    assert.equal(result.kind, 'end_turn');
    assert.deepEqual(
      results(journal).map(({ content, isError }) => [content, isError]),
      [
        ['breaks failed: breaks broke', true],
        ['keep: kept', false],
      ],
    );
    assert.deepEqual(journal.rows, ['kept']);
  });

  it('[eng-10] lets roles alternate in every request, whatever was recorded', async () => {
    const { client } = await run([
      { text: 'one', stop: 'pause_turn' },
      { text: 'two', calls: [{ name: 'look', input: { text: 'x' } }] },
      { text: 'three', stop: 'max_tokens' },
      { text: 'four', stop: 'pause_turn' },
      { text: 'five' },
    ]);
    assert.equal(client.requests.length, 5);
    for (const { messages } of client.requests) {
      for (const [at, { role }] of messages.entries()) assert.equal(role, at % 2 === 0 ? 'user' : 'assistant');
    }
    assert.deepEqual(client.requests[1]?.messages[1]?.content, [{ type: 'text', text: 'one' }]);
    assert.deepEqual(
      client.requests[2]?.messages[1]?.content.map((block) => block.type),
      ['text', 'text', 'tool_use'],
    );
  });

  it('[eng-12] [F18] runs fifty calls of one turn in order, each result with the id of its call', async () => {
    const order: string[] = [];
    const tool = worldTool({
      name: 'look',
      effect: 'write',
      run: async (text) => {
        // The later ones would be done sooner if they overlapped.
        await new Promise((resolve) => setTimeout(resolve, text === '0' ? 20 : 0));
        order.push(text);
        return { content: `saw ${text}`, isError: false };
      },
    });
    const ids = Array.from({ length: 50 }, (_, at) => `id-${(at * 7) % 50}`);
    const calls = ids.map((id, at) => ({ id, name: 'look', input: { text: String(at) } }));
    const { journal } = await run([{ calls }, { text: 'ok' }], [tool]);
    assert.deepEqual(
      order,
      ids.map((_, at) => String(at)),
    );
    assert.deepEqual(
      results(journal).map(({ toolUseId, content }) => [toolUseId, content]),
      ids.map((id, at) => [id, `saw ${at}`]),
    );
  });

  it('[F18] never runs a call whose arguments did not parse, even of a tool that needs none', async () => {
    const invalid = { raw: `{"text": "up${'p'.repeat(600)}`, reason: 'the end is missing' };
    const tool = worldTool({ name: 'look', run: () => assert.fail('it ran') });
    const { journal } = await run(
      [{ calls: [{ name: 'look', input: { text: 'x' }, invalid }] }, { text: 'ok' }],
      [tool],
    );
    const [result] = results(journal);
    assert.ok(result?.isError);
    assert.match(result.content, /^The arguments are not a JSON object \(the end is missing\), so nothing was run\./);
    assert.match(result.content, /"up(p+)…$/);
    assert.ok(result.content.length < 700);
    assert.deepEqual(journal.log.slice(0, 2), ['answer 1', 'finish 1.0 error']);
  });

  it('[F18] never runs a call whose arguments do not fit the schema, and says which', async () => {
    const tool = worldTool({ name: 'look', run: () => assert.fail('it ran') });
    const refused: [JsonValue, RegExp][] = [
      [{}, /at text/],
      [{ text: 1 }, /expected string/],
      [{ text: 'a', more: true }, /Unrecognized key: "more"/],
      [null, /expected object/],
      [['text'], /expected object/],
    ];
    for (const [input, complaint] of refused) {
      const { journal } = await run([{ calls: [{ name: 'look', input }] }, { text: 'ok' }], [tool]);
      const [result] = results(journal);
      assert.ok(result?.isError);
      assert.match(result.content, /^Bad arguments for look:\n/);
      assert.match(result.content, complaint);
    }
  });

  it('cleans and bounds what a tool gives', async () => {
    const tool = worldTool({
      name: 'look',
      run: (text) => ({ content: text === 'odd' ? 'a\0b\ud800c' : '😀'.repeat(150_000), isError: false }),
    });
    const calls = ['odd', 'long'].map((text) => ({ name: 'look', input: { text } }));
    const { journal } = await run([{ calls }, { text: 'ok' }], [tool]);
    const [odd, long] = results(journal);
    assert.equal(odd?.content, 'a\uFFFDb\uFFFDc');
    assert.ok(long);
    assert.match(long.content.slice(-40), /\n\[cut: 100000 more characters\]$/);
    assert.ok(long.content.length < 200_100 && long.content.isWellFormed());
  });

  it('goes on once after an answer that was cut at the token limit, and takes the second for the end', async () => {
    const { result, journal, client } = await run([
      { text: 'The first half', stop: 'max_tokens' },
      { text: ' and the rest', stop: 'max_tokens' },
      { text: 'never asked' },
    ]);
    assert.deepEqual(result, { kind: 'end_turn', text: ' and the rest' });
    assert.equal(client.requests.length, 2);
    const remark = journal.messages.find(({ kind }) => kind === 'remark');
    assert.equal(remark?.role, 'user');
    assert.match(JSON.stringify(remark.blocks), /cut at the token limit/);
  });

  it('continues anew after a cut that comes later', async () => {
    const { client, result } = await run([
      { text: 'a', stop: 'max_tokens' },
      { text: 'b', calls: [{ name: 'look', input: { text: 'x' } }] },
      { text: 'c', stop: 'max_tokens' },
      { text: 'd' },
    ]);
    assert.deepEqual(result, { kind: 'end_turn', text: 'd' });
    assert.equal(client.requests.length, 4);
  });

  it('answers the call that a token limit cut, and runs those before it', async () => {
    const invalid = { raw: '{"te', reason: 'cut' };
    const calls = [
      { name: 'look', input: { text: 'x' } },
      { name: 'look', invalid },
    ];
    const { journal, result } = await run([{ calls, stop: 'max_tokens' }, { text: 'ok' }]);
    assert.deepEqual(
      results(journal).map(({ isError }) => isError),
      [false, true],
    );
    assert.equal(result.kind, 'end_turn');
  });

  it('sends a paused answer back as it is', async () => {
    const { client, result, journal } = await run([{ text: 'One moment', stop: 'pause_turn' }, { text: '.' }]);
    assert.deepEqual(result, { kind: 'end_turn', text: '.' });
    assert.deepEqual(client.requests[1]?.messages.at(-1), {
      role: 'assistant',
      content: [{ type: 'text', text: 'One moment' }],
    });
    assert.deepEqual(journal.log, ['answer 1', 'answer 2']);
  });

  it('stops an endless pause at the limit of turns', async () => {
    const answers = Array.from({ length: 9 }, () => ({ text: '…', stop: 'pause_turn' as const }));
    assert.equal((await run(answers, [look], 4)).result.kind, 'budget');
  });

  it('ends at a refusal, with what the model said, and runs nothing that came with it', async () => {
    const tool = worldTool({ name: 'look', run: () => assert.fail('it ran') });
    const call = { name: 'look', input: { text: 'x' } };
    assert.deepEqual((await run([{ text: 'I will not.', stop: 'refusal' }])).result, {
      kind: 'refusal',
      message: 'I will not.',
    });
    const { result } = await run([{ calls: [call], stop: 'refusal' }], [tool]);
    assert.deepEqual(result, { kind: 'refusal', message: 'The model refused to go on.' });
  });

  it('gives a full context and every failure of the model as data', async () => {
    const { result } = await run([{ text: '', stop: 'context_exceeded' }]);
    assert.equal(result.kind === 'model_failed' && result.error.kind, 'context_exceeded');
    const errors: LlmError[] = [
      { kind: 'http', message: 'refused' },
      { kind: 'api', status: 400, type: 'invalid_request_error', message: 'bad' },
      { kind: 'rate_limited', message: 'later', retryAfterMs: 5000 },
      { kind: 'auth', message: 'no' },
      { kind: 'stream_cut', message: 'cut' },
    ];
    for (const error of errors) {
      const { result, journal } = await run([{ error }]);
      assert.deepEqual(result, { kind: 'model_failed', error });
      assert.deepEqual(journal.log, []);
    }
  });

  it('takes a stream without an end for a failure', async () => {
    const journal = new MemoryJournal();
    const client = {
      provider: 'written',
      async *stream() {
        yield { type: 'text_delta', index: 0, text: 'half' } as const;
      },
    };
    const result = await runLoop({ client, journal });
    assert.equal(result.kind === 'model_failed' && result.error.kind, 'malformed');
    assert.deepEqual(journal.log, []);
  });

  it('tells watchers of turns, text, calls and repetitions', async () => {
    const events: EngageEvent[] = [];
    const error: LlmError = { kind: 'overloaded', message: 'busy' };
    const inner = writtenModel([{ text: 'Hello.', calls: [{ name: 'look', input: { text: 'x' } }] }, { text: 'ok' }]);
    const client = {
      provider: 'written',
      async *stream(...args: Parameters<typeof inner.stream>) {
        if (args[0].turn === 1) yield { type: 'retry', attempt: 1, delayMs: 0, error } as const;
        yield* inner.stream(...args);
      },
    };
    await runLoop({ client, journal: new MemoryJournal(), tools: [look], emit: (event) => events.push(event) });
    assert.deepEqual(events, [
      { type: 'turn_start', turn: 1 },
      { type: 'retry', turn: 1, reason: 'busy' },
      { type: 'text', turn: 1, text: 'Hel' },
      { type: 'text', turn: 1, text: 'lo.' },
      { type: 'tool_call', turn: 1, name: 'look' },
      { type: 'turn_start', turn: 2 },
      { type: 'text', turn: 2, text: 'ok' },
    ]);
  });

  it('runs two hundred turns', async () => {
    const journal = new MemoryJournal();
    const client = writtenModel((turn) =>
      turn < 200 ? { calls: [{ name: 'keep', input: { text: String(turn) } }] } : { text: 'Done.' },
    );
    const result = await runLoop({ client, journal, tools: [storeTool('keep')] });
    assert.deepEqual(result, { kind: 'end_turn', text: 'Done.' });
    assert.deepEqual(
      journal.rows,
      Array.from({ length: 199 }, (_, at) => String(at + 1)),
    );
    const conversation = journal.messages.filter(({ kind }) => kind !== 'remark');
    assert.equal(conversation.length, 1 + 2 * 199 + 1);
  });
});
