/** Plans of calls that change a file: whatever goes wrong while one is made, or looked back on, costs that call alone. */
import assert from 'node:assert/strict';
import * as z from 'zod';
import { DbError, DbLost } from '../../../src/host/db/types.ts';
import { defineTool, type FilePlan, type WorldTool } from '../../../src/host/engine/engage/tool.ts';
import { barrier, runLoop } from '../../support/engine-loop.ts';
import { Crash, MemoryJournal } from '../../support/engine-memory-journal.ts';
import { writtenModel } from '../../support/engine-model.ts';

const PLAN: FilePlan = { path: 'a.txt', before: null, after: { sha256: 'ab' }, diff: '+a\n' };
const DONE = { content: 'Changed.', isError: false };
const DISK_FULL = new DbError('no space left on device', '53100', undefined);

/** Steps of a tool that may be replaced; what is not makes a plan, carries it out, and finds it carried out. */
type Steps = Partial<Pick<WorldTool, 'plan' | 'run' | 'settle' | 'timeoutMs'>>;

function changeTool(steps: Steps) {
  return defineTool({
    kind: 'world',
    name: 'change',
    description: 'Changes a file.',
    input: z.strictObject({}),
    effect: 'write',
    timeoutMs: 60_000,
    plan: async () => ({ kind: 'plan', plan: PLAN }),
    run: async () => DONE,
    settle: async () => ({ kind: 'done', result: DONE }),
    ...steps,
  });
}

const throwing = (error: unknown) => async () => {
  throw error;
};

async function called(steps: Steps, { journal = new MemoryJournal(), abort }: CallOptions = {}) {
  const client = writtenModel([{ calls: [{ name: 'change', input: {} }] }, { text: 'Done.' }]);
  const result = await runLoop({ client, journal, tools: [changeTool(steps)], ...(abort ? { abort } : {}) });
  const [call] = journal.calls;
  assert.ok(call);
  return { kind: result.kind, end: call.end, started: call.started, content: call.result?.content };
}

type CallOptions = { journal?: MemoryJournal; abort?: AbortSignal };

/** A call that was started under its plan, and whose host ended then. */
async function startedAndCut(): Promise<MemoryJournal> {
  const journal = new MemoryJournal();
  journal.revive({ at: 3, when: 'before' });
  await assert.rejects(called({}, { journal }), Crash);
  assert.deepEqual(journal.log, ['answer 1', 'start 1.0']);
  journal.revive();
  return journal;
}

describe('a plan', () => {
  it('that cannot be made is an error of the call, which has not begun, and the work goes on', async () => {
    for (const error of [new RangeError('Invalid string length'), new Error('EMFILE: too many open files')]) {
      assert.deepEqual(await called({ plan: throwing(error) }), {
        kind: 'end_turn',
        end: 'error',
        started: false,
        content: `change failed: ${error.message}`,
      });
    }
  });

  it('that is never there ends with the time of its tool, or with the work', async () => {
    const never = () => barrier().reached as Promise<never>;
    const late = await called({ plan: never, timeoutMs: 10 });
    assert.deepEqual([late.kind, late.started, late.content], ['end_turn', false, 'change did not end within 0.01 s.']);
    const cancel = new AbortController();
    const cancelled = await called(
      {
        plan: () => {
          cancel.abort();
          return never();
        },
      },
      { abort: cancel.signal },
    );
    assert.deepEqual([cancelled.kind, cancelled.end, cancelled.started], ['stopped', 'cancelled', false]);
  });

  it('of a call that was cut off is in doubt where looking back goes wrong: it may have been carried out', async () => {
    let runs = 0;
    const run = async () => {
      runs += 1;
      return DONE;
    };
    const journal = await startedAndCut();
    const settled = await called({ run, settle: throwing(new Error('EIO: i/o error')) }, { journal });
    assert.deepEqual([settled.kind, settled.end, runs], ['end_turn', 'interrupted', 0]);
    assert.match(settled.content ?? '', /It may or may not have taken effect/);
  });

  it('is found as it was where the database is lost or full while it is made, carried out, or looked back on', async () => {
    for (const error of [new DbLost('gone'), DISK_FULL]) {
      const journal = new MemoryJournal();
      await assert.rejects(called({ plan: throwing(error) }, { journal }), error);
      assert.deepEqual(journal.log, ['answer 1']);
      await assert.rejects(called({ run: throwing(error) }, { journal }), error);
      assert.deepEqual(journal.log, ['answer 1', 'start 1.0']);
      await assert.rejects(called({ settle: throwing(error) }, { journal }), error);
      assert.deepEqual(journal.log, ['answer 1', 'start 1.0']);
      const ended = await called({}, { journal });
      assert.deepEqual([ended.kind, ended.end, ended.content], ['end_turn', 'done', 'Changed.']);
    }
  });
});
