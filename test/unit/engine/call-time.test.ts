/** What calls leave on the signal of their work, which outlives them all: nothing, however they end. */
import assert from 'node:assert/strict';
import { getEventListeners } from 'node:events';
import * as z from 'zod';
import { callTime } from '../../../src/host/engine/engage/call-time.ts';
import { planWorldTool, runWorldTool, settleWorldTool } from '../../../src/host/engine/engage/invoke-tool.ts';
import { turnsOnly } from '../../../src/host/engine/engage/limits.ts';
import type { FilePlan, ToolContext, WorldTool } from '../../../src/host/engine/engage/tool.ts';
import { barrier, CONTEXT } from '../../support/engine-loop.ts';

const PLAN: FilePlan = { path: 'a.txt', before: null, after: { sha256: 'ab' }, diff: '+a\n' };
const DONE = { content: 'Changed.', isError: false };
const BOUNDS = { ms: 60_000, reason: new DOMException('over its time', 'TimeoutError'), graceMs: 60_000 };

/** What each of the tool's steps does before it gives what it gives. */
type Step = (context: ToolContext) => Promise<void>;

const untilAborted: Step = ({ signal }) =>
  new Promise((_resolve, reject) => {
    // As a library that never takes back what it added.
    signal.addEventListener('abort', () => reject(signal.reason), { once: true });
  });

function changeTool(step: Step, timeoutMs: number): WorldTool {
  return {
    kind: 'world',
    name: 'change',
    description: 'Changes a file.',
    input: z.strictObject({}),
    effect: 'write',
    timeoutMs,
    plan: async (_input, context) => step(context).then(() => ({ kind: 'plan', plan: PLAN })),
    run: async (_input, context) => step(context).then(() => DONE),
    settle: async (_plan, context) => step(context).then(() => ({ kind: 'done', result: DONE })),
  };
}

/** One call of each kind after the other. Gives how often the signal was listened to while they ran. */
async function callEach(step: Step, { abort, timeoutMs = 60_000 }: { abort: AbortSignal; timeoutMs?: number }) {
  let most = 0;
  const watched: Step = (context) => {
    most = Math.max(most, getEventListeners(abort, 'abort').length);
    return step(context);
  };
  const deps = { context: CONTEXT, abort, limits: turnsOnly(1) };
  const tool = changeTool(watched, timeoutMs);
  await planWorldTool(deps, tool, {});
  await runWorldTool(deps, tool, {}, undefined);
  await settleWorldTool(deps, tool, PLAN);
  return most;
}

describe('the time of a call', () => {
  const ends: [string, Step, timeoutMs?: number][] = [
    ['done', async () => undefined],
    [
      'done with listeners left on their signals',
      async ({ signal }) => signal.addEventListener('abort', () => undefined),
    ],
    ['thrown', () => Promise.reject(new Error('EIO: i/o error'))],
    ['ended by their time', untilAborted, 2],
  ];
  for (const [how, step, timeoutMs] of ends) {
    it(`leaves nothing on the signal of the work, of a hundred calls that are ${how}`, async () => {
      const { signal: abort } = new AbortController();
      for (let call = 0; call < 100; call += 1) {
        const most = await callEach(step, { abort, ...(timeoutMs ? { timeoutMs } : {}) });
        assert.deepEqual([most, getEventListeners(abort, 'abort').length], [1, 0]);
      }
    });
  }

  it('[F19] leaves nothing on the signal of the work, of calls that hang and are waited for no longer', async () => {
    const { signal: abort } = new AbortController();
    const hang = barrier();
    const most = await callEach(() => hang.reached, { abort, timeoutMs: 2 });
    assert.deepEqual([most, getEventListeners(abort, 'abort').length], [1, 0]);
    hang.open();
  });

  it('leaves nothing on the signal of the work where that was aborted', async () => {
    const cancel = new AbortController();
    const step: Step = (context) => {
      const ended = untilAborted(context);
      cancel.abort();
      return ended;
    };
    const tool = changeTool(step, 60_000);
    const deps = { context: CONTEXT, abort: cancel.signal, limits: turnsOnly(1) };
    const { end, result } = await runWorldTool(deps, tool, {}, undefined);
    assert.deepEqual([end, result.content], ['cancelled', 'change was cancelled.']);
    assert.equal(getEventListeners(cancel.signal, 'abort').length, 0);
  });

  it('gives each call a signal of its own, with the reason of what ended it first', async () => {
    const cancel = new AbortController();
    {
      using first = callTime(cancel.signal, BOUNDS);
      using second = callTime(cancel.signal, { ...BOUNDS, ms: 1, graceMs: 1 });
      await second.gaveUp;
      assert.deepEqual([first.signal.aborted, second.signal.reason], [false, BOUNDS.reason]);
      assert.deepEqual([first.isTimeUp(), second.isTimeUp()], [false, true]);
      cancel.abort(new Error('The lease is lost.'));
      assert.equal(first.signal.reason, cancel.signal.reason);
      assert.equal(second.signal.reason, BOUNDS.reason);
    }
    using late = callTime(cancel.signal, BOUNDS);
    assert.deepEqual([late.signal.reason, late.isTimeUp()], [cancel.signal.reason, false]);
  });
});
