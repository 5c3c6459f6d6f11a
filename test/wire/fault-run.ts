/** Runs the table of faults, and what no table can hold, for one wire format. */
import assert from 'node:assert/strict';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import * as z from 'zod';
import { defineTool } from '../../src/host/engine/engage/tool.ts';
import type { Clock, Sleep } from '../../src/host/llm/clock.ts';
import { planTurn } from '../../src/host/llm/scripted/plan.ts';
import type { LlmClient, LlmError, LlmEvent } from '../../src/host/llm/types.ts';
import { runLoop } from '../support/engine-loop.ts';
import { MemoryJournal } from '../support/engine-memory-journal.ts';
import { startModelServer, type WireFormat } from '../support/model-server.ts';
import { createCountingClock, createManualClock, createRecordedSleep } from '../support/model-server-clock.ts';
import type { Fault } from '../support/model-server-faults.ts';
import { failureOf, REQUEST, scriptOf, stream } from './anthropic-setup.ts';
import {
  type ClientBounds,
  FAULT_TABLE,
  type FaultRow,
  type FaultSetting,
  MARK_ARGUMENT,
  MARK_TEXT,
  type ProviderFault,
  SAID,
  WALL_MS,
} from './fault-table.ts';

export type FaultFormat = {
  /** The provider's name. */
  name: string;
  wire: WireFormat;
  createClient(
    parts: ClientBounds & {
      baseUrl: string;
      credential: () => { value: string };
      fetch?: typeof fetch;
      clock: Clock;
      sleep: Sleep;
      random: () => number;
    },
  ): LlmClient;
  /** The status and the error type with which the provider says each. */
  says: { readonly [kind in ProviderFault]: { status: number; type: string } };
  /** A frame that says nothing, with this text in a place that nobody reads. */
  idleFrame(padding: string): string;
};

const KEY = 'sk-planted-0123456789';

const MARKED = scriptOf({
  name: 'marked',
  turns: [
    { text: `Größe ${MARK_TEXT} 🙂`, tool_calls: [{ name: 'read_file', input: { path: MARK_ARGUMENT, limit: 3 } }] },
  ],
});

export function describeFaults(format: FaultFormat): void {
  describe(`faults on the way to an answer of ${format.name}`, () => {
    for (const row of FAULT_TABLE) it(row.name, () => runRow(format, row));

    it('[F15] a call that was cut is not run, and the whole one once', () => runCutCall(format));
    it('[F15] a call that is cut each time is never run', () => runCutCalls(format));
    it('[F17] one byte a second ends at the deadline, however long it goes on', () => readDrops(format));
    it('[F17] an endless answer keeps no more than its bounds', () => readFlood(format)).timeout(60_000);
  });
}

async function runRow(format: FaultFormat, row: FaultRow): Promise<void> {
  const clock = createCountingClock(WALL_MS);
  const { sleep, slept } = createRecordedSleep();
  const server = await startModelServer({
    formats: [format.wire],
    script: MARKED,
    faultOf: (request) => row.fault(settingOf(format, request)),
  });
  try {
    const { createClient } = format;
    const credential = () => ({ value: KEY });
    const client = createClient({ baseUrl: server.url, credential, clock, sleep, random: () => 0, ...row.client });
    const events = await stream(client);
    assertOutcome(events, row.outcome);
    assert.equal(server.requests.length, row.requests);
    assert.deepEqual(slept, row.slept);
    assert.equal(events.filter((event) => event.type === 'retry').length, slept.length);
    assert.ok(!JSON.stringify(events).includes(KEY), 'the key shows');
    assert.equal(clock.running(), 0, 'a timer was left running');
    await server.idle();
  } finally {
    await server.close();
  }
}

function settingOf({ wire, says }: FaultFormat, request: number): FaultSetting {
  const frames = wire.writeAnswer(planTurn(MARKED, REQUEST), REQUEST.model);
  return {
    request,
    frames,
    bytes: Buffer.from(frames.join('')),
    answer: (kind, headers = {}): Fault => {
      const { status, type } = says[kind];
      return { status, headers, body: wire.writeError(type, SAID[kind]) };
    },
    frame: (kind) => wire.writeErrorFrame(says[kind].type, SAID[kind]),
  };
}

function assertOutcome(events: LlmEvent[], outcome: FaultRow['outcome']): void {
  if ('survives' in outcome) {
    const last = events.at(-1);
    if (last?.type !== 'done') throw new Error(`no answer came: ${JSON.stringify(last)}`);
    const { content, stopReason } = last.response;
    const texts = content.flatMap((block) => (block.type === 'text' ? [block.text] : []));
    assert.deepEqual(texts, [outcome.text ?? `Größe ${MARK_TEXT} 🙂`]);
    const calls = content.flatMap((block) => (block.type === 'tool_use' ? [[block.name, block.input]] : []));
    assert.deepEqual(calls, [['read_file', { path: outcome.argument ?? MARK_ARGUMENT, limit: 3 }]]);
    assert.deepEqual(stopReason, { kind: 'tool_use' });
    return;
  }
  const error: LlmError & { [member: string]: unknown } = failureOf(events);
  assert.equal(error.kind, outcome.error, JSON.stringify(error));
  assert.match(error.message, outcome.says);
  for (const [member, value] of Object.entries(outcome.has ?? {})) assert.deepEqual(error[member], value, member);
}

/** Runs the loop on answers of which the first `cuts` end inside the arguments of their call; gives what was run. */
async function runLoopOnCuts(format: FaultFormat, cuts: number) {
  const { bytes } = settingOf(format, 0);
  const endAfterBytes = bytes.indexOf(MARK_ARGUMENT) + 2;
  const script = scriptOf({ name: 'call', turns: [...MARKED.turns, { text: 'Done.' }] });
  const faultOf = (request: number) => (request < cuts ? { endAfterBytes } : undefined);
  const server = await startModelServer({ formats: [format.wire], script, faultOf });
  const { sleep } = createRecordedSleep();
  const credential = () => ({ value: KEY });
  const client = format.createClient({
    ...{ baseUrl: server.url, credential, clock: createCountingClock(), sleep, random: () => 0 },
  });
  const ran: unknown[] = [];
  const readFile = defineTool({
    kind: 'world',
    name: 'read_file',
    description: 'Stands for one that writes.',
    effect: 'write',
    timeoutMs: 60_000,
    input: z.looseObject({}),
    run: async (input) => {
      ran.push(input);
      return { content: 'read', isError: false };
    },
  });
  try {
    const result = await runLoop({ client, journal: new MemoryJournal(), tools: [readFile] });
    return { result, ran, requests: server.requests.length };
  } finally {
    await server.close();
  }
}

async function runCutCall(format: FaultFormat): Promise<void> {
  const { result, ran, requests } = await runLoopOnCuts(format, 2);
  assert.deepEqual(ran, [{ path: MARK_ARGUMENT, limit: 3 }]);
  assert.deepEqual(result, { kind: 'end_turn', text: 'Done.' });
  assert.equal(requests, 4);
}

async function runCutCalls(format: FaultFormat): Promise<void> {
  const { result, ran, requests } = await runLoopOnCuts(format, 99);
  assert.deepEqual([ran, requests], [[], 5]);
  assert.equal(result.kind === 'model_failed' && result.error.kind, 'stream_cut');
}

const answerOf = (body: ReadableStream<Uint8Array>) => async () =>
  new Response(body, { headers: { 'content-type': 'text/event-stream' } });

/** Time passes as the bytes come: never silent for long, never at an end. */
async function readDrops(format: FaultFormat): Promise<void> {
  const clock = createManualClock();
  let bytes = 0;
  const body = new ReadableStream<Uint8Array>(
    {
      pull(controller) {
        bytes += 1;
        controller.enqueue(Buffer.from(bytes % 40 === 0 ? '\n' : ':'));
        clock.advance(1000);
      },
    },
    { highWaterMark: 0 },
  );
  const { sleep } = createRecordedSleep();
  const credential = () => ({ value: KEY });
  const parts = { baseUrl: 'http://127.0.0.1:1', credential, clock, sleep, random: () => 0, retries: 0 };
  const error = failureOf(
    await stream(format.createClient({ ...parts, totalTimeoutMs: 3_600_000, fetch: answerOf(body) })),
  );
  assert.equal(error.kind, 'stream_cut', error.message);
  assert.match(error.message, /the answer took over 3600 s/);
  assert.ok(bytes >= 3600 && bytes <= 3602, `${bytes} bytes`);
  assert.equal(clock.running(), 0, 'a timer was left running');
}

const MIB = 1024 * 1024;
/** What may be kept of an answer that says nothing: a fraction of what flows past. */
const MOST_GROWTH = 16 * MIB;

/** Tens of megabytes of frames that say nothing flow by; the heap is looked at while they do. */
async function readFlood(format: FaultFormat): Promise<void> {
  const beginning = Buffer.from(settingOf(format, 0).frames[0] ?? '');
  const flood = Buffer.from(format.idleFrame('x'.repeat(4000)).repeat(256));
  let sent = 0;
  let growth = 0;
  const before = usedHeap();
  const body = new ReadableStream<Uint8Array>(
    {
      pull(controller) {
        controller.enqueue(sent === 0 ? beginning : flood);
        sent += sent === 0 ? beginning.length : flood.length;
        if (sent % (8 * MIB) < flood.length) growth = Math.max(growth, usedHeap() - before);
      },
    },
    { highWaterMark: 0 },
  );
  const { sleep } = createRecordedSleep();
  const credential = () => ({ value: KEY });
  const parts = { baseUrl: 'http://127.0.0.1:1', credential, clock: createCountingClock(), sleep, random: () => 0 };
  const error = failureOf(await stream(format.createClient({ ...parts, retries: 0, fetch: answerOf(body) })));
  assert.equal(error.kind, 'malformed', error.message);
  assert.match(error.message, /it has over \d+ bytes/);
  assert.ok(sent > 4 * MOST_GROWTH - 8 * MIB, `only ${sent} bytes flowed`);
  assert.ok(growth < MOST_GROWTH, `the heap grew by ${growth} bytes while ${sent} flowed past`);
}

/** What is in use once all garbage is gone; long strings that were decoded lie outside the heap proper. */
function usedHeap(): number {
  setFlagsFromString('--expose-gc');
  runInNewContext('gc')();
  const { heapUsed, external } = process.memoryUsage();
  return heapUsed + external;
}
