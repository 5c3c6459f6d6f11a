/** What ends the loop, or a call, from outside. */
import assert from 'node:assert/strict';
import type { ToolContext, ToolResult } from '../../../src/host/engine/engage/tool.ts';
import { barrier, runLoop, worldTool } from '../../support/engine-loop.ts';
import { MemoryJournal } from '../../support/engine-memory-journal.ts';
import { type WrittenAnswer, writtenModel } from '../../support/engine-model.ts';

const call = (name: string, text = 'x') => ({ name, input: { text } });

async function runOne(run: (text: string, context: ToolContext) => Promise<ToolResult>, timeoutMs: number) {
  const journal = new MemoryJournal();
  const tool = worldTool({ name: 'wait', effect: 'write', timeoutMs, run });
  const client = writtenModel([{ calls: [call('wait')] }, { text: 'ok' }]);
  const result = await runLoop({ client, journal, tools: [tool] });
  assert.deepEqual(result, { kind: 'end_turn', text: 'ok' });
  return { journal, content: journal.calls[0]?.result?.content, end: journal.calls[0]?.end };
}

const untilAborted = ({ signal }: ToolContext) =>
  new Promise<void>((resolve) => signal.addEventListener('abort', () => resolve(), { once: true }));

describe('engage, stopped', () => {
  it('stops between turns, with the open turn closed, and goes on from there', async () => {
    const stopping = new AbortController();
    const tool = worldTool({
      name: 'look',
      run: (text) => {
        if (text === 'stop') stopping.abort();
        return { content: 'seen', isError: false };
      },
    });
    const answers = [{ calls: [call('look', 'stop'), call('look')] }, { text: 'ok' }];
    const journal = new MemoryJournal();
    const first = writtenModel(answers);
    const options = { journal, tools: [tool] };
    assert.deepEqual(await runLoop({ ...options, client: first, stopping: stopping.signal }), { kind: 'stopped' });
    assert.equal(first.requests.length, 1);
    assert.equal(journal.log.at(-1), 'close 1');
    const second = writtenModel(answers);
    assert.deepEqual(await runLoop({ ...options, client: second }), { kind: 'end_turn', text: 'ok' });
    assert.deepEqual(
      second.requests.map(({ turn }) => turn),
      [2],
    );
  });

  it('asks no model once it is to stop', async () => {
    const client = writtenModel([{ text: 'never' }]);
    const result = await runLoop({ client, journal: new MemoryJournal(), stopping: AbortSignal.abort() });
    assert.deepEqual([result, client.requests], [{ kind: 'stopped' }, []]);
  });

  it('ends as stopped when it is aborted while the model answers, and records nothing of the answer', async () => {
    const abort = new AbortController();
    const never = barrier();
    const journal = new MemoryJournal();
    const client = writtenModel([{ text: 'half of it', after: never.reached }]);
    const result = await runLoop({
      client,
      journal,
      abort: abort.signal,
      emit: ({ type }) => type === 'text' && abort.abort(),
    });
    assert.deepEqual([result, journal.log], [{ kind: 'stopped' }, []]);
  });

  it('leaves the calls requested that it had not started when it was aborted', async () => {
    const abort = new AbortController();
    const ran: string[] = [];
    const tool = worldTool({
      name: 'look',
      effect: 'write',
      run: (text) => {
        ran.push(text);
        if (ran.length === 1) abort.abort();
        return { content: `saw ${text}`, isError: false };
      },
    });
    const answers = [{ calls: ['a', 'b', 'c'].map((text) => call('look', text)) }, { text: 'ok' }];
    const journal = new MemoryJournal();
    const options = { journal, tools: [tool] };
    const stopped = await runLoop({ ...options, client: writtenModel(answers), abort: abort.signal });
    assert.deepEqual(stopped, { kind: 'stopped' });
    assert.deepEqual(
      journal.calls.map(({ started, result }) => [started, result !== null]),
      [
        [true, true],
        [false, false],
        [false, false],
      ],
    );
    const resumed = await runLoop({ ...options, client: writtenModel(answers) });
    assert.deepEqual(resumed, { kind: 'end_turn', text: 'ok' });
    assert.deepEqual(ran, ['a', 'b', 'c']);
  });

  it('closes a turn whose calls have all their results, also when it is aborted', async () => {
    const answers: WrittenAnswer[] = [{ calls: [call('look')] }, { text: 'never' }];
    const journal = new MemoryJournal();
    journal.revive({ at: 3, when: 'after' });
    const tools = [worldTool({ name: 'look' })];
    await assert.rejects(runLoop({ client: writtenModel(answers), journal, tools }));
    journal.revive();
    const result = await runLoop({ client: writtenModel(answers), journal, tools, abort: AbortSignal.abort() });
    assert.deepEqual([result, journal.log.at(-1)], [{ kind: 'stopped' }, 'close 1']);
  });

  it('[F19] aborts a tool over its time with a TimeoutError and takes its own last words', async () => {
    let reason: unknown;
    const { content, end } = await runOne(async (_text, context) => {
      await untilAborted(context);
      reason = context.signal.reason;
      return { content: 'half of it was done', isError: true };
    }, 30);
    assert.ok(reason instanceof DOMException && reason.name === 'TimeoutError');
    assert.deepEqual([content, end], ['half of it was done', 'error']);
  });

  it('[F19] gives up on a tool that hangs and ignores that it is aborted', async () => {
    const hang = barrier();
    const { content, end } = await runOne(() => hang.reached.then(() => ({ content: 'late', isError: false })), 30);
    assert.deepEqual([content, end], ['wait did not end within 0.03 s.', 'error']);
    hang.open();
  });

  it('[F19] says that the time was over where a tool throws because of it', async () => {
    const { content, end } = await runOne(async (_text, context) => {
      await untilAborted(context);
      throw context.signal.reason;
    }, 30);
    assert.deepEqual([content, end], ['wait did not end within 0.03 s.', 'error']);
  });

  it('[F19] does not mind what a tool does after it was given up', async () => {
    const late = barrier();
    const { journal } = await runOne(() => late.reached.then(() => Promise.reject(new Error('too late'))), 10);
    const before = structuredClone(journal.calls);
    late.open();
    await new Promise((resolve) => setImmediate(resolve));
    assert.deepEqual(journal.calls, before);
  });

  it('[F19] records a call that ignores its abort as cancelled, and starts no other', async () => {
    const abort = new AbortController();
    const hang = barrier();
    const journal = new MemoryJournal();
    const tool = worldTool({
      name: 'wait',
      effect: 'write',
      run: async () => {
        abort.abort();
        await hang.reached;
        return { content: 'late', isError: false };
      },
    });
    const client = writtenModel([{ calls: [call('wait'), call('wait')] }]);
    const result = await runLoop({ client, journal, tools: [tool], abort: abort.signal });
    assert.deepEqual(result, { kind: 'stopped' });
    assert.deepEqual(
      journal.calls.map(({ end, result: given }) => [end, given?.content]),
      [
        ['cancelled', 'wait was cancelled.'],
        [null, undefined],
      ],
    );
    hang.open();
  });
});
