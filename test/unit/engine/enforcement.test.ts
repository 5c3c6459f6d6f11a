/** The one way of a call: schema, hooks, permission, start, run, hooks, result; whoever made it. */
import assert from 'node:assert/strict';
import type { HookDecision, Hooks } from '../../../src/host/engine/engage/hooks.ts';
import type { Permission } from '../../../src/host/engine/engage/permissions.ts';
import type { Tool } from '../../../src/host/engine/engage/tool.ts';
import type { EngageResult } from '../../../src/host/engine/engage/types.ts';
import type { JsonValue } from '../../../src/host/llm/types.ts';
import { type LoopOptions, runLoop, storeTool, waitingTool, worldTool } from '../../support/engine-loop.ts';
import { Crash, MemoryJournal } from '../../support/engine-memory-journal.ts';
import { writtenModel } from '../../support/engine-model.ts';

function decision(outcome: HookDecision['outcome'], event: HookDecision['event'] = 'BeforeToolCall'): HookDecision {
  const facts = { hook: 'guard', reason: null, patch: null, exitCode: 0, stderrTail: '', durationMs: 1 };
  return { id: `${event}-${outcome}`, event, outcome, ...facts };
}

/** Hooks that say what they were asked, and answer by the call's name. */
function hooksOf(log: string[], before: Record<string, JsonValue | 'block'>, after: Record<string, string> = {}) {
  const hooks: Partial<Hooks> = {
    matches: async (event, subject) => event === 'AfterToolCall' && subject in after,
    beforeTool: async ({ call, input, complaint }) => {
      const answer = before[call.name];
      if (answer === undefined) return { kind: 'none' };
      log.push(`hook ${call.name}`);
      if (answer === 'block')
        return { kind: 'block', reason: 'Blocked by the hook guard: no', runs: [decision('blocked')] };
      const wrong = complaint(answer);
      if (wrong) return { kind: 'block', reason: wrong, runs: [decision('blocked')] };
      return { kind: 'pass', input: answer ?? input, runs: [decision('modified')] };
    },
    afterTool: async ({ call, result }) => {
      log.push(`after ${call.name}: ${result.content}`);
      return {
        result: { ...result, content: after[call.name] ?? result.content },
        runs: [decision('modified', 'AfterToolCall')],
      };
    },
  };
  return hooks;
}

const KINDS = ['look', 'act', 'keep', 'wait'] as const;

function toolsOf(log: string[]) {
  const run = (name: string) => (text: string) => {
    log.push(`run ${name} ${text}`);
    return { content: `${name}: ${text}`, isError: false };
  };
  return [
    worldTool({ name: 'look', run: run('look') }),
    worldTool({ name: 'act', effect: 'write', run: run('act') }),
    storeTool('keep'),
    waitingTool('wait', (text) => ({ kind: 'result', result: run('wait')(text) })),
  ];
}

async function turn(
  names: readonly string[],
  changes: Partial<LoopOptions>,
  journal = new MemoryJournal(),
  log: string[] = [],
) {
  const calls = names.map((name) => ({ name, input: { text: 'asked' } }));
  const client = writtenModel([{ calls }, { text: 'Done.' }]);
  const result: EngageResult = await runLoop({ client, journal, tools: toolsOf(log), ...changes });
  return { journal, result, log };
}

describe('the one enforcement point', () => {
  it('[hook-4] a call of every kind that a hook blocks is not run, and its result says why', async () => {
    const log: string[] = [];
    const blocked = Object.fromEntries(KINDS.map((name) => [name, 'block' as const]));
    const { journal, result } = await turn(KINDS, { hooks: hooksOf(log, blocked) }, undefined, log);
    assert.deepEqual(log.toSorted(), KINDS.map((name) => `hook ${name}`).toSorted());
    assert.deepEqual(
      journal.calls.map(({ end, started, result: given }) => [end, started, given]),
      KINDS.map(() => ['blocked', false, { content: 'Blocked by the hook guard: no', isError: true }]),
    );
    assert.deepEqual(journal.rows, []);
    assert.equal(result.kind, 'end_turn');
  });

  it('runs a call of every kind with what hooks made of its arguments, which is stored', async () => {
    const log: string[] = [];
    const patches = Object.fromEntries(KINDS.map((name) => [name, { text: 'patched' }]));
    const { journal } = await turn(KINDS, { hooks: hooksOf(log, patches) }, undefined, log);
    assert.deepEqual(
      log.filter((line) => line.startsWith('run')),
      ['run look patched', 'run act patched', 'run wait patched'],
    );
    assert.deepEqual(journal.rows, ['patched']);
    for (const call of journal.calls) {
      assert.deepEqual([call.input, call.effectiveInput], [{ text: 'asked' }, { text: 'patched' }]);
    }
  });

  it('[F21] a patch that does not fit the tool blocks', async () => {
    const log: string[] = [];
    const hooks = hooksOf(log, { act: { text: 7 } });
    const { journal } = await turn(['act'], { hooks }, undefined, log);
    assert.match(journal.calls[0]?.result?.content ?? '', /Bad arguments for act/);
    assert.deepEqual(log, ['hook act']);
  });

  it('[hook-5] hooks see the raw result of a call of every kind, which is stored, and change it', async () => {
    const log: string[] = [];
    const after = Object.fromEntries(KINDS.map((name) => [name, `${name} changed`]));
    const { journal } = await turn(KINDS, { hooks: hooksOf(log, {}, after) }, undefined, log);
    assert.deepEqual(
      journal.calls.map(({ raw, result }) => [raw?.content, result?.content]),
      KINDS.map((name) => [`${name}: asked`, `${name} changed`]),
    );
  });

  it('asks hooks before permissions, and permissions about what hooks left', async () => {
    const log: string[] = [];
    const asked: unknown[] = [];
    const permissions = {
      decide: async ({
        call,
        arguments: given,
      }: {
        call: { name: string };
        arguments: JsonValue;
      }): Promise<Permission> => {
        log.push(`permission ${call.name}`);
        asked.push(given);
        return { kind: 'denied', reason: 'not here' };
      },
    };
    const hooks = hooksOf(log, { act: { text: 'patched' } });
    const { journal } = await turn(['act'], { hooks, permissions }, undefined, log);
    assert.deepEqual(log, ['hook act', 'permission act']);
    assert.deepEqual(asked, [{ text: 'patched' }]);
    assert.deepEqual(
      [journal.calls[0]?.end, journal.calls[0]?.result],
      ['denied', { content: 'not here', isError: true }],
    );
  });

  it('neither hooks nor permissions are asked about arguments that do not fit, or about no tool', async () => {
    const journal = new MemoryJournal();
    const hooks: Partial<Hooks> = { beforeTool: () => assert.fail('a hook was asked') };
    const permissions = { decide: () => assert.fail('permissions were asked') };
    const calls = [{ name: 'act', input: { text: 7 } }, { name: 'nothing' }];
    const client = writtenModel([{ calls }, { text: 'Done.' }]);
    await runLoop({ client, journal, tools: toolsOf([]), hooks, permissions });
    assert.deepEqual(
      journal.calls.map(({ end }) => end),
      ['error', 'error'],
    );
  });

  it('a call that asks parks its focus once all else has run, and runs when it was allowed', async () => {
    const log: string[] = [];
    const journal = new MemoryJournal();
    let isAllowed = false;
    const permissions = {
      decide: async ({ call }: { call: { name: string } }): Promise<Permission> => {
        if (call.name !== 'act' || isAllowed) return { kind: 'allowed' };
        const wait = { kind: 'approval' as const, targets: ['a'], mode: null, wakeInMs: null };
        return { kind: 'ask', evaluate: async () => ({ kind: 'wait', wait }) };
      },
    };
    const first = await turn(['look', 'act'], { permissions }, journal, log);
    assert.deepEqual(first.result, { kind: 'parked', waitsFor: 'approval' });
    assert.deepEqual(log, ['run look asked']);
    isAllowed = true;
    const second = await turn(['look', 'act'], { permissions }, journal, log);
    assert.equal(second.result.kind, 'end_turn');
    assert.deepEqual(log, ['run look asked', 'run act asked']);
  });

  it('a decision that comes while the turn settles lets the call run without a park', async () => {
    const log: string[] = [];
    let times = 0;
    const permissions = {
      decide: async (): Promise<Permission> => {
        times += 1;
        if (times > 1) return { kind: 'allowed' };
        return { kind: 'ask', evaluate: async () => ({ kind: 'ready' }) };
      },
    };
    const { journal, result } = await turn(['act'], { permissions }, undefined, log);
    assert.equal(result.kind, 'end_turn');
    assert.deepEqual(log, ['run act asked']);
    assert.ok(!journal.log.some((line) => line.includes('park')));
  });

  it('is cut at each of its writes: no tool runs twice but a read, no hook is asked again about a stored decision', async () => {
    const patches = { look: { text: 'patched' }, act: { text: 'patched' }, keep: { text: 'patched' } };
    const after = { look: 'changed', act: 'changed', keep: 'changed' };
    for (const when of ['before', 'after'] as const) {
      for (let at = 1; at <= 16; at += 1) {
        const journal = new MemoryJournal();
        const log: string[] = [];
        journal.revive({ at, when });
        const options = { hooks: hooksOf(log, patches, after), maxParallelTools: 1 };
        const names = ['look', 'act', 'keep'];
        await turn(names, options, journal, log).catch((error) => assert.ok(error instanceof Crash, String(error)));
        journal.revive();
        const { result } = await turn(names, options, journal, log);
        assert.equal(result.kind, 'end_turn', `${when} ${at}`);
        assert.ok(log.filter((line) => line === 'run act patched').length <= 1, `${when} ${at}: ${log}`);
        assert.deepEqual(journal.rows, ['patched'], `${when} ${at}`);
        const decisions = journal.runs.filter(({ event }) => event === 'BeforeToolCall');
        assert.equal(decisions.length, 3, `${when} ${at}`);
        for (const call of journal.calls) {
          const expected = call.end === 'interrupted' ? /^Interrupted/ : /^changed$/;
          assert.match(call.result?.content ?? '', expected, `${when} ${at}`);
        }
      }
    }
  });

  it('[S10] a call whose path leads elsewhere than was allowed is not started', async () => {
    const log: string[] = [];
    const plan = { path: '.git/hooks/x', before: null, after: { sha256: 'x' }, diff: '' };
    const act = { ...toolsOf(log)[1], plan: async () => ({ kind: 'plan', plan }) } as Tool;
    const starts = async (path: string) => {
      const permissions = { decide: async (): Promise<Permission> => ({ kind: 'allowed', path }) };
      const { journal } = await turn(['act'], { permissions, tools: [act] }, undefined, log);
      return journal.calls.map(({ started, end }) => [started, end]);
    };
    assert.deepEqual([await starts('src/x'), log], [[[false, 'error']], []]);
    assert.deepEqual([await starts('.git/hooks/x'), log], [[[true, 'done']], ['run act asked']]);
  });

  it('as many calls are rows as tools were invoked, refused ones apart', async () => {
    const log: string[] = [];
    const names = Array.from({ length: 40 }, (_, at) => (at % 4 === 0 ? 'act' : 'look'));
    const hooks = hooksOf([], { act: 'block' });
    const { journal } = await turn(names, { hooks }, undefined, log);
    const ran = journal.calls.filter(({ started }) => started);
    assert.equal(journal.calls.length, 40);
    assert.deepEqual([ran.length, log.length], [30, 30]);
  });
});
