/** Hooks as processes: guards fail closed, whatever they do, and nothing of them is left running. */
import assert from 'node:assert/strict';
import { inNamespace, requireNamespace } from './namespace.ts';

const result = <T = Record<string, unknown>>(scenario: string) => inNamespace<T>('./hook-scenarios.ts', scenario);

type Before = {
  verdict: { kind: string; outcome: string; reason: string | null; exitCode: number | null };
  alive: string[];
  afterClose?: string[];
};

describe('hooks as processes', function () {
  this.timeout(60_000);
  before(requireNamespace);

  const blocking: [scenario: string, reason: RegExp, exitCode: number | null][] = [
    ['hang', /^it did not end within 1500 ms$/, null],
    ['stubborn', /^it did not end within 1500 ms$/, null],
    ['garbage', /^it answered with no JSON/, 0],
    ['unknownKeys', /^it answered with .*verdict/s, 0],
    ['flood', /^it said more than 2097152 bytes$/, 0],
    ['endlessFlood', /^it did not end within 1500 ms$/, null],
    ['exit137', /^it ended with exit code 137$/, 137],
    ['killed', /^it ended with SIGKILL$/, null],
    ['missing', /^it ended with exit code 127$/, 127],
  ];
  for (const [scenario, reason, exitCode] of blocking) {
    it(`[F20] [hook-7] a guard blocks and leaves nothing running: ${scenario}`, async () => {
      const { verdict, alive } = await result<Before>(scenario);
      assert.deepEqual([verdict.kind, verdict.outcome, verdict.exitCode, alive], ['block', 'blocked', exitCode, []]);
      assert.match(verdict.reason ?? '', reason);
    });
  }

  it('[F20] a daemon that a hook leaves behind is ended, and its answer counts', async () => {
    const { verdict, alive } = await result<Before>('daemon');
    assert.deepEqual([verdict.kind, verdict.outcome, alive], ['pass', 'allowed', []]);
  });

  it('[F20] a hook may close its input: what it answers counts', async () => {
    const { verdict } = await result<Before>('closedInput');
    assert.deepEqual([verdict.outcome, verdict.reason], ['blocked', 'seen nothing']);
    assert.deepEqual((await result<Before>('closedInputAllows')).verdict.outcome, 'allowed');
  });

  for (const scenario of ['closedInputSilent', 'unreadSilent']) {
    it(`[F20] one that says nothing and has not read a long input has decided nothing: ${scenario}`, async () => {
      const { verdict, alive } = await result<Before>(scenario);
      assert.deepEqual([verdict.kind, verdict.outcome, verdict.exitCode, alive], ['block', 'blocked', 0, []]);
      assert.match(
        verdict.reason ?? '',
        /^it said nothing, and did not read its input, which is longer than 262144 bytes/,
      );
    });
  }

  it('[F20] one that says nothing allows what is short, read or not, and what is long, read', async () => {
    for (const scenario of ['unreadShort', 'readLong']) {
      assert.equal((await result<Before>(scenario)).verdict.outcome, 'allowed', scenario);
    }
  });

  it('[F20] after the call, and of a turn, an unread input and no answer are recorded as a failure', async () => {
    const { length, mark, outcome } = await result<Record<string, unknown>>('afterUnread');
    assert.deepEqual([length, outcome], [3_000_000, 'marked']);
    assert.match(String(mark), /^\n\[the hook late failed: it said nothing, and did not read its input/);
    assert.deepEqual(await result('turnUnread'), { outcome: 'marked', saysWhy: true });
  });

  it('[hook-7] on_error: allow lets the call through and marks the failure', async () => {
    const { verdict, alive } = await result<Before>('allowsErrors');
    assert.deepEqual([verdict.kind, verdict.outcome, alive], ['pass', 'marked', []]);
    assert.match(verdict.reason ?? '', /did not end within/);
  });

  it('[F20] after the call a failure keeps the result and marks it', async () => {
    assert.deepEqual(await result('afterHang'), {
      content: 'raw\n[the hook late failed: it did not end within 1500 ms]',
      outcome: 'marked',
      alive: [],
    });
    const { content } = await result<{ content: string }>('afterGarbage');
    assert.match(content, /^raw\n\[the hook late failed: it answered with no JSON/);
  });

  it('[F22] a cancel ends the hook that is asked, with all that it started', async () => {
    const { verdict, alive } = await result<Before>('cancelled');
    assert.deepEqual([verdict.kind, verdict.reason, alive], ['block', 'it was cancelled with the work', []]);
  });

  it('nothing is started where no hook is about the call', async () => {
    assert.deepEqual(await result('nothingMatches'), {
      unasked: 'none',
      ranBefore: false,
      asked: 'pass',
      ranAfter: true,
    });
  });

  it('a hook that stays is one process, asked line by line, and ends with the host', async () => {
    const { alive, ...rest } = await result<{ alive: number }>('persistent');
    assert.ok(alive >= 1);
    assert.deepEqual(rest, {
      verdicts: ['pass', 'pass', 'Blocked by the hook guard: no', 'pass'],
      processes: 1,
      afterClose: [],
    });
  });

  for (const [scenario, reason] of [
    ['persistentDies', /it ended with exit code 9 instead of answering/],
    ['persistentHangs', /it did not answer within 4000 ms/],
    ['persistentFloods', /it said more than 2097152 bytes/],
  ] as const) {
    it(`[F20] one that stays blocks when it fails, and is started anew: ${scenario}`, async () => {
      type Stayed = { verdicts: string[]; processes: number; afterClose: string[] };
      const { verdicts, processes, afterClose } = await result<Stayed>(scenario);
      assert.match(verdicts.at(-2) ?? '', reason);
      assert.deepEqual([verdicts.at(-1), processes, afterClose], ['pass', 2, []]);
    });
  }

  it('one that stays answers each of many at once with what is its own', async () => {
    assert.deepEqual(await result('persistentTogether'), { right: true, afterClose: [] });
  });

  it('[S4] a hook is told by its input and its environment, and nothing secret', async () => {
    const { names, input, inFolder } = await result<{
      names: string[];
      input: Record<string, unknown>;
      inFolder: boolean;
    }>('environment');
    assert.deepEqual(names, [
      'ANIMUS_FOCUS_ID=focus-1',
      'ANIMUS_HOOK_EVENT=BeforeToolCall',
      'ANIMUS_HOOK_NAME=guard',
      'ANIMUS_WORK_ID=work-1',
    ]);
    const { workspace: _, id, ...rest } = input;
    assert.match(String(id), /^[0-9a-f-]{36}$/);
    assert.deepEqual(rest, {
      ...{ event: 'BeforeToolCall', hook: 'guard', work_id: 'work-1', focus_id: 'focus-1', faculty: 'general' },
      ...{
        iteration: 3,
        call_id: 'call-1',
        tool_name: 'act',
        caller: 'model',
        effect: 'write',
        tool_input: { text: 'x' },
      },
    });
    assert.equal(inFolder, true);
  });
});
