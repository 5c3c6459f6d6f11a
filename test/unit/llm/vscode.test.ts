import assert from 'node:assert/strict';
import type { Clock } from '../../../src/host/llm/clock.ts';
import type { CompletionRequest, JsonValue, LlmEvent } from '../../../src/host/llm/types.ts';
import type { AskWindow, WindowEnd, WindowPart } from '../../../src/host/llm/vscode/ask.ts';
import { createVscodeClient, type VscodeOptions } from '../../../src/host/llm/vscode/client.ts';
import { LONGEST_ANSWER, MOST_CALLS } from '../../../src/host/llm/vscode/read.ts';

const REQUEST: CompletionRequest = {
  model: 'copilot/gpt',
  system: [{ type: 'text', text: 'x'.repeat(400) }],
  messages: [{ role: 'user', content: [{ type: 'text', text: 'x'.repeat(40) }] }],
  tools: [],
  maxTokens: 100,
};
const never = new AbortController().signal;

const answers =
  (parts: readonly WindowPart[], end: WindowEnd = { kind: 'done' }): AskWindow =>
  async (_request, onPart) => {
    for (const part of parts) onPart(part);
    return end;
  };

async function read(ask: AskWindow, more: Partial<VscodeOptions> = {}, signal = never): Promise<LlmEvent[]> {
  const client = createVscodeClient({ ask, sleep: async () => undefined, random: () => 0, ...more });
  const events: LlmEvent[] = [];
  for await (const event of client.stream(REQUEST, signal)) events.push(event);
  return events;
}

const text = (value: string): WindowPart => ({ type: 'text', text: value });
const call = (input: { [key: string]: JsonValue }, id = 'c1'): WindowPart => {
  return { type: 'tool_call', id, name: 'read_file', input };
};

describe('an answer of a window', () => {
  it('streams its text, and its calls whole', async () => {
    const events = await read(answers([text('It '), text('is '), call({ path: 'a' }), text('Then.')]));
    assert.deepEqual(
      events.map((event) => ('index' in event ? `${event.type} ${event.index}` : event.type)),
      [
        'text_start 0',
        'text_delta 0',
        'text_delta 0',
        'text_end 0',
        'tool_call_start 1',
        'tool_call_delta 1',
        'tool_call_end 1',
        'text_start 2',
        'text_delta 2',
        'text_end 2',
        'usage',
        'done',
      ],
    );
    const done = events.at(-1);
    assert.ok(done?.type === 'done');
    assert.deepEqual(done.response.content, [
      { type: 'text', text: 'It is ' },
      { type: 'tool_use', id: 'c1', name: 'read_file', input: { path: 'a' } },
      { type: 'text', text: 'Then.' },
    ]);
    assert.deepEqual(done.response.stopReason, { kind: 'tool_use' });
  });

  it('has its tokens estimated from lengths, and says so', async () => {
    const done = (await read(answers([text('x'.repeat(20))]))).at(-1);
    assert.ok(done?.type === 'done');
    assert.deepEqual(done.response.usage, {
      ...{ input: 110, cacheRead: 0, cacheWrite: 0, output: 5, reasoning: 0, estimated: true },
    });
    assert.deepEqual(done.response.stopReason, { kind: 'end_turn' });
  });

  it('keeps a character whole that came in two halves, and shows that one half is missing', async () => {
    const [first = '', second = ''] = '🐦'.split('');
    const textOf = async (...parts: WindowPart[]) => {
      const done = (await read(answers(parts))).at(-1);
      return (
        done?.type === 'done' &&
        done.response.content.map((block) => (block.type === 'text' ? block.text : '|')).join('')
      );
    };
    assert.equal(await textOf(text(`a ${first}`), text(`${second} b`)), 'a 🐦 b');
    assert.equal(await textOf(text(first), text(second)), '🐦');
    assert.equal(await textOf(text(`a${first}`), call({}), text('b')), 'a\ufffd|b');
    assert.equal(await textOf(text(`a${first}`)), 'a\ufffd');
  });

  it('may say nothing at all', async () => {
    const done = (await read(answers([text('')]))).at(-1);
    assert.deepEqual(done?.type === 'done' && done.response.content, []);
  });

  it('never runs a call whose arguments nest without end', async () => {
    let input: JsonValue = {};
    for (let n = 0; n < 300; n += 1) input = { a: input };
    const done = (await read(answers([call({ deep: input })]))).at(-1);
    assert.ok(done?.type === 'done');
    const [block] = done.response.content;
    assert.ok(block?.type === 'tool_use' && block.invalid?.reason.includes('nest'));
    assert.equal(block.input, null);
  });

  it('is refused where it grows beyond all bounds, and the window is told to end', async () => {
    let ended = false;
    const flood =
      (part: WindowPart, times: number): AskWindow =>
      (_request, onPart, signal) => {
        signal.addEventListener('abort', () => {
          ended = true;
        });
        for (let n = 0; n < times; n += 1) onPart(part);
        return new Promise(() => undefined);
      };
    const long = await read(flood(text('x'.repeat(LONGEST_ANSWER / 4)), 5), { retries: 0 });
    assert.equal(long.at(-1)?.type === 'failed', true);
    assert.equal(ended, true);
    const many = await read(flood(call({}), MOST_CALLS + 2), { retries: 0 });
    const last = many.at(-1);
    assert.equal(last?.type === 'failed' && last.error.kind, 'malformed');
  });

  it('is asked for again where it was cut, and not where nobody is there', async () => {
    let asked = 0;
    const cutOnce: AskWindow = async (_request, onPart) => {
      asked += 1;
      if (asked > 1) return { kind: 'failed', error: { kind: 'unavailable', message: 'nobody' } };
      onPart(text('half'));
      return { kind: 'failed', error: { kind: 'stream_cut', message: 'gone' } };
    };
    const events = await read(cutOnce);
    assert.deepEqual(
      events.map(({ type }) => type),
      ['text_start', 'text_delta', 'retry', 'failed'],
    );
    assert.equal(asked, 2);
  });

  it('is cut where the window falls silent', async () => {
    let fire: () => void = () => undefined;
    const clock: Clock = {
      wall: () => 0,
      monotonic: () => 0,
      after(_ms, callback) {
        fire = callback;
        return () => undefined;
      },
    };
    const silent: AskWindow = (_request, onPart) => {
      onPart(text('I begin'));
      return new Promise(() => undefined);
    };
    const client = createVscodeClient({ ask: silent, clock, retries: 0 });
    const events: LlmEvent[] = [];
    for await (const event of client.stream(REQUEST, never)) {
      events.push(event);
      // The wait for the next part begins when this one was looked at.
      if (event.type === 'text_delta') setImmediate(() => fire());
    }
    const last = events.at(-1);
    assert.ok(last?.type === 'failed');
    assert.equal(last.error.kind, 'stream_cut');
    assert.match(last.error.message, /120 s/);
  });

  it('ends when it is cancelled, whatever the window does', async () => {
    const stop = new AbortController();
    const deaf: AskWindow = (_request, onPart) => {
      onPart(text('a'));
      setImmediate(() => stop.abort());
      return new Promise(() => undefined);
    };
    const last = (await read(deaf, {}, stop.signal)).at(-1);
    assert.equal(last?.type === 'failed' && last.error.kind, 'cancelled');
  });
});
