/** What hooks make of model calls. */
import assert from 'node:assert/strict';
import type { BeforeModel, HookDecision, Hooks, ModelPatch } from '../../../src/host/engine/engage/hooks.ts';
import { turnsOnly } from '../../../src/host/engine/engage/limits.ts';
import type { RecordCut } from '../../../src/host/engine/engage/types.ts';
import type { LlmError } from '../../../src/host/llm/types.ts';
import { CONTEXT_SETTINGS, counting } from '../../support/engine-context.ts';
import { type LoopOptions, runLoop, worldTool } from '../../support/engine-loop.ts';
import { Crash, MemoryJournal } from '../../support/engine-memory-journal.ts';
import { type WrittenAnswer, writtenModel } from '../../support/engine-model.ts';

const look = worldTool({ name: 'look' });
const CALL = { calls: [{ name: 'look', input: { text: 'up' } }] };

/** Where room is made of little. */
const NARROW = { ...CONTEXT_SETTINGS, compactKeepRecent: 1 };

function decided(
  patch: ModelPatch | null,
  outcome: HookDecision['outcome'] = 'modified',
  reason: string | null = null,
) {
  const facts = { exitCode: 0, stderrTail: '', durationMs: 1 };
  return {
    id: 'run',
    event: 'BeforeLLMCall',
    hook: 'guard',
    outcome,
    reason,
    patch: patch as never,
    ...facts,
  } as const;
}

/** One hook that patches the request of each turn as it is told; asked turns are noted. */
function patching(patchOf: (turn: number) => ModelPatch | null, asked: number[] = []): Partial<Hooks> {
  return {
    matches: async (event) => event === 'BeforeLLMCall',
    beforeModel: async ({ turn }) => {
      asked.push(turn);
      const patch = patchOf(turn);
      return [patch ? decided(patch) : decided(null, 'allowed')];
    },
  };
}

function run(
  changes: Partial<LoopOptions>,
  journal = new MemoryJournal(),
  client = writtenModel([CALL, CALL, { text: 'Done.' }]),
) {
  const ended = runLoop({ client, journal, tools: [look], ...changes });
  return { journal, client, ended };
}

describe('hooks of model calls', () => {
  it('[hook-2] one that blocks ends the loop with its reason, and nothing is sent', async () => {
    const hooks = {
      ...patching(() => null),
      beforeModel: async () => [decided(null, 'blocked', 'too late in the day')],
    };
    const { ended, client, journal } = run({ hooks });
    assert.deepEqual(await ended, { kind: 'blocked', message: 'too late in the day' });
    assert.deepEqual(client.requests, []);
    assert.equal(journal.modelRuns.length, 1);
  });

  it('[hook-3] patches system, temperature and the most tokens of one request, and records the breaks of the prefix', async () => {
    const hooks = patching((turn) => (turn === 2 ? { system: 'Be brief.', temperature: 0.1, max_tokens: 7 } : null));
    const { ended, client, journal } = run({ hooks });
    await ended;
    assert.deepEqual(
      client.requests.map(({ system, temperature, maxTokens }) => [
        system.map(({ text }) => text),
        temperature,
        maxTokens,
      ]),
      [
        [['The engine.', 'The faculty.'], undefined, 4096],
        [['Be brief.'], 0.1, 7],
        [['The engine.', 'The faculty.'], undefined, 4096],
      ],
    );
    assert.deepEqual(
      journal.modelRuns.map(({ turn, breaks }) => [turn, breaks]),
      [
        [1, {}],
        [2, { system: 'Be brief.' }],
        [3, { system: 'The engine.\n\nThe faculty.' }],
      ],
    );
  });

  it('the same patch for each request is one break', async () => {
    const { ended, journal } = run({ hooks: patching(() => ({ system: 'Be brief.' })) });
    await ended;
    assert.deepEqual(
      journal.modelRuns.map(({ breaks }) => breaks),
      [{ system: 'Be brief.' }, {}, {}],
    );
  });

  it('chooses another model, which answers, is paid and is a break', async () => {
    const other = writtenModel([CALL, CALL, { text: 'Another.' }]);
    const recorded: (string | undefined)[] = [];
    const journal = new MemoryJournal();
    const record = journal.recordAnswer.bind(journal);
    journal.recordAnswer = (answer) => {
      recorded.push(answer.model);
      return record(answer);
    };
    const hooks = patching((turn) => (turn === 3 ? { model: 'other/large' } : null));
    const openModel = (name: string) => (name === 'other/large' ? other : undefined);
    const { ended, client } = run({ hooks, openModel }, journal);
    assert.deepEqual(await ended, { kind: 'end_turn', text: 'Another.' });
    assert.deepEqual([client.requests.length, other.requests.length, other.requests[0]?.model], [2, 1, 'large']);
    assert.deepEqual(recorded, [undefined, undefined, 'other/large']);
    assert.deepEqual(journal.modelRuns.at(-1)?.breaks, { model: 'other/large' });
  });

  it('adds messages, which stay in the conversation in the order of happening', async () => {
    const hooks = patching((turn) => (turn === 2 ? { messages: ['Mind the herons.'] } : null));
    const { ended, client, journal } = run({ hooks });
    await ended;
    assert.deepEqual(
      journal.messages.map(({ kind, turn }) => `${kind} ${turn}`),
      ['task 0', 'assistant 1', 'tool_results 1', 'hook 2', 'assistant 2', 'tool_results 2', 'assistant 3'],
    );
    const texts = (at: number) => JSON.stringify(client.requests[at]?.messages);
    assert.ok(texts(1).includes('Mind the herons.') && texts(2).includes('Mind the herons.'));
    assert.deepEqual(
      client.requests[1]?.messages.map(({ role }) => role),
      ['user', 'assistant', 'user'],
    );
  });

  it('they may add to a turn what the window and their earlier messages leave', async () => {
    const rooms: number[] = [];
    const hooks: Partial<Hooks> = {
      matches: async (event) => event === 'BeforeLLMCall',
      beforeModel: async ({ messageRoom }) => {
        rooms.push(messageRoom);
        return [decided({ messages: ['x'.repeat(20_000)] })];
      },
    };
    const settings = { ...CONTEXT_SETTINGS, windowTokens: 50_000 };
    await run({ hooks, settings }, new MemoryJournal('The task.', settings)).ended;
    // A fifth of the window is 10,000 tokens, or 40,000 characters.
    assert.deepEqual(rooms, [32_000, 20_000, 0]);
  });

  it('a tool that is taken away keeps its place in the request and is denied when it is called', async () => {
    const hooks = patching((turn) => (turn === 1 ? { tools_removed: ['look'] } : null));
    const { ended, client, journal } = run({ hooks });
    await ended;
    assert.deepEqual(client.requests[0]?.tools, client.requests[1]?.tools);
    assert.deepEqual(
      journal.calls.map(({ end, result }) => [end, result?.content]),
      [
        ['denied', 'The hook guard took the tool look away for this turn.'],
        ['done', 'look: up'],
      ],
    );
  });

  it('is asked once for a request, whichever write the loop died at; what it decided holds for the next one', async () => {
    for (const when of ['before', 'after'] as const) {
      for (let at = 1; at <= 12; at += 1) {
        const journal = new MemoryJournal();
        const asked: number[] = [];
        const patch = (turn: number) => ({ messages: [`For turn ${turn}.`], system: 'S', tools_removed: ['look'] });
        const hooks = patching(patch, asked);
        journal.revive({ at, when });
        await run({ hooks }, journal).ended.catch((error) => assert.ok(error instanceof Crash, String(error)));
        journal.revive();
        assert.deepEqual(await run({ hooks }, journal).ended, { kind: 'end_turn', text: 'Done.' }, `${when} ${at}`);
        const added = journal.messages.filter(({ kind }) => kind === 'hook');
        assert.deepEqual(
          added.map(({ turn }) => turn),
          [1, 2, 3],
          `${when} ${at}`,
        );
        assert.deepEqual(
          journal.calls.map(({ end }) => end),
          ['denied', 'denied'],
          `${when} ${at}`,
        );
        const breaks = journal.modelRuns.filter(({ breaks: made }) => made.system !== undefined);
        assert.equal(breaks.length, 1, `${when} ${at}`);
        // Only a decision that was not stored is asked for again.
        assert.ok(asked.length <= 4, `${when} ${at}: ${asked}`);
      }
    }
  });

  it('is asked once for a turn whose request did not fit at first, and what it added is there once', async () => {
    const asked: number[] = [];
    const hooks = patching((turn) => ({ messages: [`For turn ${turn}.`] }), asked);
    let refused = false;
    const client = writtenModel((turn) => {
      if (turn !== 3 || refused) return turn < 3 ? CALL : { text: 'Done.' };
      refused = true;
      return { error: { kind: 'context_exceeded', message: 'too long' } };
    });
    const { ended, journal } = run({ hooks, settings: NARROW }, new MemoryJournal('The task.', NARROW), client);
    assert.equal((await ended).kind, 'end_turn');
    assert.equal(journal.cuts.length, 1);
    assert.deepEqual(asked, [1, 2, 3]);
    assert.deepEqual(
      journal.messages.filter(({ kind }) => kind === 'hook').map(({ turn }) => turn),
      [1, 2, 3],
    );
  });

  it('is asked once for a turn that follows a paused answer, also where the loop ended in its call', async () => {
    const asked: number[] = [];
    let ends = true;
    const client = writtenModel((turn): WrittenAnswer => {
      if (turn === 1) return { text: 'Let me see.', stop: 'pause_turn' };
      if (turn === 2 && ends) return { error: { kind: 'cancelled', message: 'the host ends' } };
      return { text: 'Done.' };
    });
    const hooks = patching((turn) => ({ temperature: turn / 10 }), asked);
    const { ended, journal } = run({ hooks }, new MemoryJournal(), client);
    assert.deepEqual(await ended, { kind: 'stopped' });
    ends = false;
    assert.deepEqual(await run({ hooks }, journal, client).ended, { kind: 'end_turn', text: 'Done.' });
    assert.deepEqual(asked, [1, 2]);
    assert.deepEqual(
      client.requests.map(({ temperature }) => temperature),
      [0.1, 0.2, 0.2],
    );
  });

  it("room is made by the focus's own model where another one was chosen for the answer alone, whose request did not fit", async () => {
    let refusals = 0;
    const other = writtenModel(() => {
      refusals += 1;
      return refusals < 3 ? { error: { kind: 'context_exceeded', message: 'too long' } } : { text: 'Another.' };
    });
    const client = writtenModel((turn) => (turn === 0 ? { text: 'In short.' } : CALL));
    const hooks: Partial<Hooks> = {
      matches: async (event) => event === 'BeforeLLMCall',
      beforeModel: async ({ turn, purpose }) => {
        const isChosen = turn === 3 && purpose === 'answer';
        return [isChosen ? decided({ model: 'other/large' }) : decided(null, 'allowed')];
      },
    };
    const options = { hooks, openModel: () => other, settings: NARROW };
    const { ended, journal } = run(options, new MemoryJournal('The task.', NARROW), client);
    assert.deepEqual(await ended, { kind: 'end_turn', text: 'Another.' });
    assert.deepEqual(
      journal.cuts.map(({ kind }) => kind),
      ['compaction', 'summary'],
    );
    assert.deepEqual(
      [client.requests.map(({ turn }) => turn ?? 'summary'), other.requests.map(({ turn }) => turn)],
      [
        [1, 2, 'summary'],
        [3, 3, 3],
      ],
    );
  });

  describe('of a summary', () => {
    const wide = worldTool({ name: 'look', run: (text) => ({ content: text.padEnd(30_000, '.'), isError: false }) });
    const settings = { ...CONTEXT_SETTINGS, windowTokens: 10_000, ledgerNudgeInterval: 0 };

    type Ways = { exceeding?: boolean; summary?: WrittenAnswer };

    /** `exceeding`: the model says in turn 3 that the request does not fit. */
    function summing(
      verdict: (asked: BeforeModel) => HookDecision,
      { exceeding = false, summary = { text: 'In short: herons.' } }: Ways = {},
    ) {
      const shown: BeforeModel[] = [];
      const hooks: Partial<Hooks> = {
        matches: async (event) => event === 'BeforeLLMCall',
        beforeModel: async (asked) => {
          shown.push(asked);
          return [verdict(asked)];
        },
      };
      const answers = (turn: number): WrittenAnswer => {
        if (turn === 0) return summary;
        if (turn < 3) return CALL;
        return exceeding ? { error: { kind: 'context_exceeded', message: 'too long' } } : { text: 'Done.' };
      };
      const [client, other] = [counting(writtenModel(answers)), counting(writtenModel(answers, 'other'))];
      const journal = new MemoryJournal('The task.', settings);
      const cuts: RecordCut[] = [];
      const record = journal.recordCut.bind(journal);
      journal.recordCut = (cut) => {
        cuts.push(cut);
        return record(cut);
      };
      const openModel = (name: string) => (name === 'other/large' ? other : undefined);
      const ended = runLoop({ client, journal, tools: [wide], settings, hooks, openModel });
      return { ended, shown, client, other, journal, cuts };
    }

    const onSummary =
      (decision: HookDecision) =>
      ({ purpose }: BeforeModel) =>
        purpose === 'summary' ? decision : decided(null, 'allowed');

    it('they are shown every call of the model, and for what it is', async () => {
      const { ended, shown, client, journal } = summing(() => decided(null, 'allowed'));
      assert.equal((await ended).kind, 'end_turn');
      assert.deepEqual(
        shown.map(({ purpose, turn }) => [purpose, turn]),
        [
          ['answer', 1],
          ['summary', 2],
          ['answer', 2],
          ['summary', 3],
          ['answer', 3],
        ],
      );
      assert.deepEqual(
        shown.map(({ request }) => request),
        client.requests,
      );
      assert.equal(journal.runs.length, 2);
    });

    it('one that blocks leaves the conversation as it is, while that may still fit', async () => {
      const { ended, client, journal } = summing(onSummary(decided(null, 'blocked', 'it stays here')));
      assert.equal((await ended).kind, 'end_turn');
      assert.deepEqual(
        client.requests.map(({ turn }) => turn),
        [1, 2, 3],
      );
      assert.ok(journal.cuts.every(({ kind }) => kind === 'compaction'));
      assert.deepEqual(
        journal.runs.map(({ outcome, reason }) => [outcome, reason]),
        [
          ['blocked', 'it stays here'],
          ['blocked', 'it stays here'],
        ],
      );
    });

    it('one that blocks ends the loop with its reason where nothing else makes room', async () => {
      const { ended, client } = summing(onSummary(decided(null, 'blocked', 'it stays here')), { exceeding: true });
      assert.deepEqual(await ended, { kind: 'blocked', message: 'it stays here' });
      assert.ok(client.requests.every(({ turn }) => turn !== undefined));
    });

    it('a model that they chose and that fails is the one that is named', async () => {
      const error: LlmError = { kind: 'auth', message: 'no such key' };
      const options = { summary: { error } };
      const { ended } = summing(onSummary(decided({ model: 'other/large' })), options);
      const chosen = { model: 'other/large', provider: 'other' };
      assert.deepEqual(await ended, { kind: 'model_failed', error, chosen });
      const own = summing(onSummary(decided(null, 'allowed')), options);
      assert.deepEqual(await own.ended, { kind: 'model_failed', error });
    });

    it('they choose its model, which is paid, and its length; its instructions stay', async () => {
      const patch = { model: 'other/large', max_tokens: 9, temperature: 0.5, system: 'Be rude.', messages: ['Hm.'] };
      const { ended, client, other, cuts, journal } = summing(onSummary(decided(patch)));
      assert.equal((await ended).kind, 'end_turn');
      assert.deepEqual([client.requests.length, other.requests.length], [3, 2]);
      const [asked] = other.requests;
      assert.deepEqual([asked?.model, asked?.maxTokens, asked?.temperature], ['large', 9, 0.5]);
      assert.match(asked?.system[0]?.text ?? '', /^You shorten the conversation/);
      assert.deepEqual(
        cuts.map(({ spent }) => spent?.model),
        ['other/large', 'other/large'],
      );
      assert.ok(journal.messages.every(({ kind }) => kind !== 'hook'));
    });
  });

  it('a loop that is to end while they are asked sends nothing more, and goes on from what they decided', async () => {
    const stopping = new AbortController();
    const asked: number[] = [];
    const hooks = patching((turn) => {
      if (turn === 2) stopping.abort();
      return { messages: [`For turn ${turn}.`] };
    }, asked);
    const given: string[] = [];
    const limits = { ...turnsOnly(9), noAnswer: async ({ kind }: LlmError) => void given.push(kind) };
    const journal = new MemoryJournal();
    const { ended, client } = run({ hooks, limits, stopping: stopping.signal }, journal);
    assert.deepEqual(await ended, { kind: 'stopped' });
    // What was held back for turn 1 was given up for what the request became.
    assert.deepEqual([client.requests.length, asked, given], [1, [1, 2], ['refused', 'refused']]);
    assert.equal((await run({ hooks }, journal).ended).kind, 'end_turn');
    assert.deepEqual(asked, [1, 2, 3]);
  });

  it('what they add does not hide that a cut answer was continued already', async () => {
    const hooks = patching((turn) => ({ messages: [`For turn ${turn}.`] }));
    const client = writtenModel(() => ({ text: 'On and on', stop: 'max_tokens' }));
    const { ended } = run({ hooks, maxTurns: 9 }, new MemoryJournal(), client);
    assert.deepEqual(await ended, { kind: 'end_turn', text: 'On and on' });
    assert.equal(client.requests.length, 2);
  });

  it('those of AfterTurn look once at a turn whose end was not accepted', async () => {
    for (const stop of ['end_turn', 'pause_turn'] as const) {
      const seen: number[] = [];
      const hooks: Partial<Hooks> = {
        matches: async (event) => event === 'AfterTurn',
        afterTurn: async ({ turn }) => {
          seen.push(turn);
          return [{ ...decided(null, 'marked'), event: 'AfterTurn' }];
        },
      };
      const client = writtenModel([CALL, { text: 'Done.', stop }, { text: 'Done again.' }]);
      const journal = new MemoryJournal();
      const ended = await run({ hooks, maxTurns: 2 }, journal, client).ended;
      assert.equal(ended.kind, stop === 'end_turn' ? 'end_turn' : 'budget');
      // It begins again with the same turn: what ended it is over, or somebody has said something.
      journal.said.push({ turn: 2, role: 'user', kind: 'person', blocks: [{ type: 'text', text: 'And the geese?' }] });
      assert.deepEqual(await run({ hooks }, journal, client).ended, { kind: 'end_turn', text: 'Done again.' });
      assert.deepEqual(seen, [1, 2, 3], stop);
    }
  });

  it('those of AfterTurn look at every turn that was closed, the last one too', async () => {
    const seen: unknown[] = [];
    const hooks: Partial<Hooks> = {
      matches: async (event) => event === 'AfterTurn',
      afterTurn: async (asked) => {
        seen.push([asked.turn, asked.stopReason, asked.toolCalls]);
        return [{ ...decided(null, 'marked'), event: 'AfterTurn' }];
      },
    };
    const { ended, journal } = run({ hooks });
    await ended;
    assert.deepEqual(seen, [
      [1, 'tool_use', 1],
      [2, 'tool_use', 1],
      [3, 'end_turn', 0],
    ]);
    assert.equal(journal.runs.length, 3);
  });
});
