import assert from 'node:assert/strict';
import { setImmediate } from 'node:timers/promises';
import { createDeadline } from '../../../src/host/llm/deadline.ts';
import { readServerSentEvents, type SseItem, type SseOptions } from '../../../src/host/llm/sse.ts';
import { createManualClock } from '../../support/model-server-clock.ts';
import { collect } from './requests.ts';

const encoder = new TextEncoder();

describe('server-sent events', () => {
  const texts: { name: string; pieces: string[]; data: string[] }[] = [
    {
      name: 'lines that end in CRLF, split between the two',
      pieces: ['data: a\r', '\n\r', '\ndata: b\r\n\r\n'],
      data: ['a', 'b'],
    },
    { name: 'lines that end in CR alone', pieces: ['data: a\r\rdata: b\r\r'], data: ['a', 'b'] },
    { name: 'a byte order mark', pieces: ['\uFEFFdata: a\n\n'], data: ['a'] },
    { name: 'comments', pieces: [': one\n\ndata: a\n: two\n\n: three\n\n'], data: ['a'] },
    { name: 'data of several lines', pieces: ['data: a\ndata: b\n\n'], data: ['a\nb'] },
    { name: 'a last event without a blank line', pieces: ['data: a\n\ndata: b\n'], data: ['a', 'b'] },
    { name: 'a last line without an end', pieces: ['data: a\n\ndata: b'], data: ['a', 'b'] },
    { name: 'a last event that was cut within its JSON', pieces: ['data: {"a":1}\n\ndata: {"b":'], data: ['{"a":1}'] },
    { name: 'nothing', pieces: [], data: [] },
  ];
  for (const { name, pieces, data } of texts) {
    it(`[llm-6] reads ${name}`, async () => {
      const items = await collect(
        readServerSentEvents(bodyOf(pieces.map((piece) => encoder.encode(piece))), options()),
      );
      assert.deepEqual(items.map(dataOf), data);
    });
  }

  it('[llm-6] reads characters whose bytes come apart', async () => {
    const bytes = encoder.encode('\uFEFFdata: ü東🙂\n\n');
    const items = await collect(readServerSentEvents(bodyOf([...bytes].map((byte) => Uint8Array.of(byte))), options()));
    assert.deepEqual(items.map(dataOf), ['ü東🙂']);
  });

  const tooMuch: { name: string; pieces: string[] }[] = [
    { name: 'an event that comes in one piece', pieces: [`data: ${'x'.repeat(200)}\n\n`] },
    { name: 'an event of many pieces', pieces: ['data: ', ...Array<string>(50).fill('xxxx')] },
    { name: 'an event of many lines', pieces: Array<string>(50).fill('data: x\n') },
    { name: 'comments without an event', pieces: Array<string>(50).fill(': x\n\n') },
    { name: 'a line that is nothing', pieces: Array<string>(50).fill('xxxx') },
  ];
  for (const { name, pieces } of tooMuch) {
    it(`ends as malformed at ${name} over the bound`, async () => {
      const body = bodyOf(pieces.map((piece) => encoder.encode(piece)));
      const items = await collect(readServerSentEvents(body, options({ maxEventBytes: 100 })));
      assert.deepEqual(items.map(dataOf), ['malformed']);
    });
  }

  it('ends as malformed where the whole stream is over its bound', async () => {
    const body = bodyOf(Array<Uint8Array>(50).fill(encoder.encode('data: x\n\n')));
    const items = await collect(readServerSentEvents(body, options({ maxStreamBytes: 100 })));
    assert.equal(items.map(dataOf).at(-1), 'malformed');
    assert.ok(items.length < 20);
  });

  it('ends as stream_cut after the longest silence, counted from the last byte', async () => {
    const clock = createManualClock();
    const { body, push, cancelled } = openBody();
    const reading = collect(readServerSentEvents(body, options({ idleTimeoutMs: 100 }, clock)));
    clock.advance(90);
    push('data: a\n\n');
    await setImmediate();
    clock.advance(90);
    push(': still here\n\n');
    await setImmediate();
    clock.advance(100);
    assert.deepEqual((await reading).map(dataOf), ['a', 'stream_cut']);
    assert.equal(clock.running(), 0);
    assert.equal(cancelled(), true);
  });

  it('ends as stream_cut when the whole answer has had its time, however lively', async () => {
    const clock = createManualClock();
    const { body, push } = openBody();
    const deadline = createDeadline(new AbortController().signal, clock, 250);
    const reading = collect(readServerSentEvents(body, { deadline, idleTimeoutMs: 100 }));
    for (let ping = 0; ping < 5; ping += 1) {
      push(': ping\n\n');
      await setImmediate();
      clock.advance(60);
    }
    assert.deepEqual((await reading).map(dataOf), ['stream_cut']);
    assert.equal(clock.running(), 0);
  });

  it('ends at once as cancelled, and releases the body', async () => {
    const clock = createManualClock();
    const { body, cancelled } = openBody();
    const controller = new AbortController();
    const deadline = createDeadline(controller.signal, clock, Number.POSITIVE_INFINITY);
    const reading = collect(readServerSentEvents(body, { deadline, idleTimeoutMs: 100 }));
    controller.abort();
    assert.deepEqual((await reading).map(dataOf), ['cancelled']);
    assert.equal(clock.running(), 0);
    assert.equal(cancelled(), true);
  });

  it('releases the body where the reader stops early', async () => {
    const { body, push, cancelled } = openBody();
    push('data: a\n\ndata: b\n\n');
    for await (const item of readServerSentEvents(body, options())) {
      assert.equal(dataOf(item), 'a');
      break;
    }
    assert.equal(cancelled(), true);
  });

  it('ends as stream_cut where the body breaks', async () => {
    const body = new ReadableStream<Uint8Array>({ pull: (controller) => controller.error(new Error('gone')) });
    assert.deepEqual((await collect(readServerSentEvents(body, options()))).map(dataOf), ['stream_cut']);
  });
});

function options(changes: Partial<SseOptions> = {}, clock = createManualClock()): SseOptions {
  const deadline = createDeadline(new AbortController().signal, clock, Number.POSITIVE_INFINITY);
  return { deadline, idleTimeoutMs: 1000, ...changes };
}

function bodyOf(pieces: Uint8Array[]): ReadableStream<Uint8Array> {
  return ReadableStream.from(pieces) as ReadableStream<Uint8Array>;
}

/** A body that the test fills, and that says whether it was released. */
function openBody() {
  let controller: ReadableStreamDefaultController<Uint8Array> | undefined;
  let isCancelled = false;
  const body = new ReadableStream<Uint8Array>({
    start(given) {
      controller = given;
    },
    cancel() {
      isCancelled = true;
    },
  });
  return { body, push: (text: string) => controller?.enqueue(encoder.encode(text)), cancelled: () => isCancelled };
}

/** What an event holds, or the kind of failure. */
function dataOf(item: SseItem): string {
  return item.kind === 'event' ? item.data : item.error.kind;
}
