import assert from 'node:assert/strict';
import { createSleep } from '../../../../src/host/llm/clock.ts';
import { createScriptedClient, cut } from '../../../../src/host/llm/scripted/client.ts';
import { parseScript } from '../../../../src/host/llm/scripted/script.ts';
import type { LlmEvent } from '../../../../src/host/llm/types.ts';
import { createManualClock, createRecordedSleep } from '../../../support/model-server-clock.ts';
import { collect, requestOf, user } from '../requests.ts';

const REQUEST = requestOf([user('Go.')], { model: 'test' });
const signal = () => new AbortController().signal;

describe('the scripted model', () => {
  it('streams texts and calls in deltas, and waits as the script says', async () => {
    const { sleep, slept } = createRecordedSleep();
    const client = clientOf(
      [{ text: 'Hi 🙂!', tool_calls: [{ name: 'ask', input: { a: 1 } }], delay_ms: 9, chunk: 4, chunk_delay_ms: 2 }],
      sleep,
    );
    const events = await collect(client.stream(REQUEST, signal()));
    assert.deepEqual(events.slice(0, 8), [
      { type: 'text_start', index: 0 },
      { type: 'text_delta', index: 0, text: 'Hi 🙂' },
      { type: 'text_delta', index: 0, text: '!' },
      { type: 'text_end', index: 0 },
      { type: 'tool_call_start', index: 1, id: 'call_1_1', name: 'ask' },
      { type: 'tool_call_delta', index: 1, json: '{"a"' },
      { type: 'tool_call_delta', index: 1, json: ':1}' },
      { type: 'tool_call_end', index: 1 },
    ]);
    const last = events.at(-1);
    assert.equal(last?.type, 'done');
    assert.partialDeepStrictEqual(last, {
      response: {
        id: 'scripted_1',
        model: 'test',
        content: [
          { type: 'text', text: 'Hi 🙂!' },
          { type: 'tool_use', id: 'call_1_1', name: 'ask', input: { a: 1 } },
        ],
        stopReason: { kind: 'tool_use' },
        usage: { estimated: true },
      },
    });
    assert.deepEqual(slept, [9, 2, 2, 2, 2]);
  });

  it('streams what it thinks before it says anything', async () => {
    const client = clientOf([{ thinking: 'Hm 🙂', text: 'Yes.', chunk: 3 }], createRecordedSleep().sleep);
    const events = await collect(client.stream(REQUEST, signal()));
    assert.deepEqual(events.slice(0, 5), [
      { type: 'thinking_start', index: 0 },
      { type: 'thinking_delta', index: 0, text: 'Hm ' },
      { type: 'thinking_delta', index: 0, text: '🙂' },
      { type: 'thinking_end', index: 0 },
      { type: 'text_start', index: 1 },
    ]);
    assert.partialDeepStrictEqual(events.at(-1), {
      response: {
        content: [
          { type: 'thinking', text: 'Hm 🙂', model: 'scripted/test' },
          { type: 'text', text: 'Yes.' },
        ],
      },
    });
  });

  it('fails on purpose as often as the script says, and answers then', async () => {
    const client = clientOf([{ error: 'overloaded', times: 2, text: 'At last.' }]);
    const ends: (string | undefined)[] = [];
    for (let attempt = 0; attempt < 3; attempt += 1) {
      ends.push((await collect(client.stream(REQUEST, signal()))).at(-1)?.type);
    }
    assert.deepEqual(ends, ['failed', 'failed', 'done']);
  });

  it('fails every time where the script gives no number', async () => {
    const client = clientOf([{ error: 'context_exceeded' }]);
    for (let attempt = 0; attempt < 3; attempt += 1) {
      const [event] = await collect(client.stream(REQUEST, signal()));
      assert.equal(event?.type === 'failed' && event.error.kind, 'context_exceeded');
    }
  });

  it('says why where there is no such script', async () => {
    const client = createScriptedClient({ loadScript: async () => ({ kind: 'failed', message: 'no such script' }) });
    assert.deepEqual(await collect(client.stream(REQUEST, signal())), [
      { type: 'failed', error: { kind: 'api', status: 404, type: 'script_error', message: 'no such script' } },
    ]);
    assert.equal(await client.notice('absent'), undefined);
  });

  it('says that a script is answering', async () => {
    assert.match((await clientOf([{}]).notice('test')) ?? '', /script.*not a model/);
  });

  for (const phase of ['delay_ms', 'chunk_delay_ms']) {
    it(`ends at once when it is aborted within ${phase}, and leaves no timer`, async () => {
      const clock = createManualClock();
      const controller = new AbortController();
      const client = clientOf([{ text: 'A long text.', chunk: 2, [phase]: 60_000 }], createSleep(clock));
      const events: LlmEvent[] = [];
      setImmediate(() => controller.abort());
      for await (const event of client.stream(REQUEST, controller.signal)) events.push(event);
      const last = events.at(-1);
      assert.equal(last?.type === 'failed' && last.error.kind, 'cancelled');
      assert.equal(clock.running(), 0);
    });
  }

  it('cuts texts between characters, and into what they were', () => {
    assert.deepEqual(cut('a🙂b', 2), ['a🙂', 'b']);
    assert.deepEqual(cut('', 2), ['']);
    assert.deepEqual(cut('abc', Number.POSITIVE_INFINITY), ['abc']);
  });
});

function clientOf(turns: object[], sleep = createRecordedSleep().sleep) {
  const read = parseScript(JSON.stringify({ name: 'test', turns }), 'json', 'test');
  return createScriptedClient({
    loadScript: async () => (read.kind === 'script' ? read : { kind: 'failed', message: read.message }),
    sleep,
  });
}
