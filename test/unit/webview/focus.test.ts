import assert from 'node:assert/strict';
import { folded, sampleFocus } from '../../../build/webview-preview/sample-focus.ts';
import { buildTurns } from '../../../src/webview/focus/conversation.ts';
import { applyDelta, keepUnrecorded, type LiveTurn } from '../../../src/webview/focus/live-turn.ts';
import { mergeCalls, mergeMessages } from '../../../src/webview/focus/merge.ts';
import { blocksOf, buildSteps, nameOfBlock, turnSummary } from '../../../src/webview/focus/steps.ts';
import { buildTimeline } from '../../../src/webview/focus/timeline.ts';

const running = sampleFocus({ turns: 10, isRunning: true });
const done = sampleFocus({ turns: 9, isRunning: false });
const turnsOf = ({ focus, messages, tool_calls }: typeof running) => buildTurns(focus, messages, tool_calls);
const UNFOLDED = { toggledBlocks: new Set<string>(), unfoldedTurns: new Set<string>() };

describe('the turns of a focus', () => {
  it('are the task and the answers, with their calls in order and what they took', () => {
    const turns = turnsOf(done);
    assert.deepEqual(
      turns.map(({ turn }) => turn),
      [0, 1, 2, 3, 4, 5, 6, 7, 8, 9],
    );
    const [task, first, second] = turns;
    assert.match(task?.text ?? '', /^# Task/);
    assert.deepEqual(
      first?.calls.map(({ name }) => name),
      ['ledger_append', 'read_file', 'read_file'],
    );
    assert.equal(first?.usage?.input, 5200);
    assert.equal(second?.startedAt, first?.endedAt, 'the model is asked when the results are there');
  });

  it('bear content that is none of ours', () => {
    const [message] = done.messages;
    assert.ok(message);
    for (const content of [{}, { blocks: 'x' }, { blocks: [null, 5, { type: 'text' }], usage: [] }]) {
      const [turn] = buildTurns(done.focus, [{ ...message, content, role: 'assistant' }], []);
      assert.deepEqual([turn?.text, turn?.usage], ['', null]);
    }
  });

  it('merge what is new: messages by number, calls by id', () => {
    const [first, second] = [done.messages.slice(0, 3), done.messages.slice(2, 6)];
    assert.deepEqual(mergeMessages(first, second), done.messages.slice(0, 6));
    const [call] = done.tool_calls;
    assert.ok(call);
    const merged = mergeCalls(done.tool_calls, [{ ...call, state: 'interrupted' }]);
    assert.equal(merged.length, done.tool_calls.length);
    assert.equal(merged[0]?.state, 'interrupted');
  });
});

describe('the turn that is being written', () => {
  const delta = (kind: 'turn_start' | 'text' | 'tool_call' | 'retry', text = '', turn = 11) =>
    ({ type: 'delta', turn, kind, text }) as const;
  const play = (deltas: ReturnType<typeof delta>[], recorded = running.messages) =>
    deltas.reduce<LiveTurn | null>((live, each) => applyDelta(live, each, recorded), null);

  it('grows with its deltas', () => {
    const live = play([
      delta('turn_start'),
      delta('text', 'All 12 '),
      delta('text', 'pass.'),
      delta('tool_call', 'run_command'),
    ]);
    assert.deepEqual(live, { turn: 11, text: 'All 12 pass.', calls: ['run_command'], retryReason: null });
  });

  it('is discarded by a retry, a new start or another turn', () => {
    const begun = [delta('turn_start'), delta('text', 'half')];
    assert.deepEqual(play([...begun, delta('retry', 'stream cut')]), {
      turn: 11,
      text: '',
      calls: [],
      retryReason: 'stream cut',
    });
    assert.equal(play([...begun, delta('turn_start')])?.text, '');
    assert.equal(play([...begun, delta('turn_start', '', 12), delta('text', 'next', 12)])?.text, 'next');
  });

  it('says that something stood before where its beginning was not heard', () => {
    assert.equal(play([delta('text', 'and so on'), delta('text', ' to the end')])?.text, '… and so on to the end');
  });

  it('gives way to the recorded answer, also to deltas that come after it', () => {
    const live = play([delta('turn_start'), delta('text', 'half')]);
    const [last] = done.messages.slice(-1);
    assert.ok(last);
    const recorded = [...running.messages, { ...last, turn: 11, role: 'assistant' as const }];
    assert.equal(keepUnrecorded(live, running.messages), live);
    assert.equal(keepUnrecorded(live, recorded), null);
    assert.equal(play([delta('text', 'late')], recorded), null);
  });
});

describe('the steps', () => {
  it('put turns into blocks that a step closes; the last is open while it runs', () => {
    const blocks = blocksOf(turnsOf(running), true);
    assert.deepEqual(
      blocks.map(({ turns }) => turns.map(({ turn }) => turn)),
      [
        [1, 2, 3, 4, 5],
        [6, 7],
        [8, 9, 10],
      ],
    );
    assert.deepEqual(
      blocks.map((block, at) => nameOfBlock(block, at + 1)),
      ['Step 1', 'Step 2', 'Open block'],
    );
    assert.match(blocks[0]?.title ?? '', /^Found the cause/);
    assert.equal(nameOfBlock(blocksOf(turnsOf(done), false)[2] ?? assert.fail(), 3), 'Block 3');
  });

  it('list phases, blocks, turns and, unfolded, calls', () => {
    const kinds = (folding: typeof UNFOLDED) =>
      buildSteps(running.focus, turnsOf(running), null, folding).map(({ key }) => key);
    assert.deepEqual(kinds(UNFOLDED).slice(0, 3), ['orient', 'block:0', 'turn:1']);
    assert.equal(kinds(UNFOLDED).at(-1), 'consolidate');
    const folded = kinds({ toggledBlocks: new Set(['block:0']), unfoldedTurns: new Set(['turn:6']) });
    assert.deepEqual(folded.slice(0, 4), ['orient', 'block:0', 'block:1', 'turn:6']);
    assert.match(folded[4] ?? '', /^call:/);
  });

  it('fold what left the context, say how many messages that were, and show them below the stub when opened', () => {
    const gone = folded(running);
    const rowsOf = (toggled: string[], { blocks, cuts }: Pick<typeof gone, 'blocks' | 'cuts'> = gone) => {
      const folding = { ...UNFOLDED, toggledBlocks: new Set(toggled) };
      return buildSteps(gone.focus, turnsOf(gone), null, folding, { blocks, cuts });
    };
    const [, first, second, open] = rowsOf([]);
    assert.ok(first?.kind === 'block' && second?.kind === 'block' && open?.kind === 'block');
    assert.deepEqual(
      [first, second, open].map(({ isFolded, gutter, block }) => [isFolded, gutter, block.left]),
      [
        [true, 'left', 10],
        [true, 'left', 4],
        [false, 'open', 0],
      ],
    );
    const opened = rowsOf(['block:0']).slice(1, 4);
    assert.deepEqual(
      opened.map(({ key, gutter }) => [key, gutter]),
      [
        ['block:0', 'left'],
        ['stub:0', 'closed'],
        ['turn:1', 'left'],
      ],
    );
    assert.match(opened[1]?.kind === 'stub' ? opened[1].stub : '', /^\[completed step \d+: Found the cause/);
  });

  it('grey what a cut took from the open block, which stays open', () => {
    const from = running.messages.filter(({ turn }) => turn === 9)[0]?.n ?? 0;
    const cuts = [{ kind: 'compaction' as const, turn: 10, from_message: from, tokens: 150_000 }];
    const rows = buildSteps(running.focus, turnsOf(running), null, UNFOLDED, { blocks: [], cuts });
    const open = rows.find((row) => row.kind === 'block' && row.block.isOpen);
    assert.ok(open?.kind === 'block' && !open.isFolded && open.block.left === 2);
    const turns = rows.filter((row) => row.kind === 'turn' && row.turn.turn > 7);
    assert.deepEqual(
      turns.map(({ gutter }) => gutter),
      ['left', 'open', 'open'],
    );
  });

  it('say in a line what a turn was about', () => {
    assert.equal(turnSummary({ text: 'Only **Auckland** fails\n\nmore', calls: [] }), 'Only Auckland fails');
    assert.equal(turnSummary({ text: '', calls: done.tool_calls.slice(0, 2) }), 'ledger_append, read_file');
  });
});

describe('the timeline', () => {
  const now = Date.parse(running.focus.started_at) + 400_000;
  const timelineOf = (sample: typeof running) => buildTimeline({ ...sample, turns: turnsOf(sample), live: null, now });
  const timeline = timelineOf(running);

  it('has a bar for each answer and each call that began', () => {
    assert.equal(timeline.models.length, 10);
    assert.equal(timeline.tools.length, running.tool_calls.length);
    assert.ok(timeline.models.every(({ start, end }) => end > start));
    assert.equal(timeline.tools.at(-1)?.end, now, 'a call that runs goes on to now');
  });

  it('counts the time in which something ran, and cuts the wait', () => {
    assert.equal(timeline.scale.cuts.length, 1);
    const [cut] = timeline.scale.cuts;
    assert.ok(cut && cut.end - cut.start > 200_000);
    const whole = now - Date.parse(running.focus.started_at);
    assert.ok(timeline.activeMs < whole - 200_000);
  });

  it('lets bars that overlap lie below each other', () => {
    const calls = running.tool_calls.map((call, at) => (at < 3 ? { ...call, duration_ms: 5000 } : call));
    const bars = buildTimeline({
      ...running,
      turns: buildTurns(running.focus, running.messages, calls),
      live: null,
      now,
    });
    assert.equal(bars.toolLanes, 3);
  });

  it('gives the context of each prompt until the next', () => {
    assert.deepEqual(
      timeline.context.slice(0, 2).map(({ tokens }) => tokens),
      [5200, 9600],
    );
    assert.equal(timeline.context[0]?.end, timeline.context[1]?.start);
    assert.equal(timeline.mostTokens, 20_400);
  });

  it('has a bar for what each answer cost, where that is known', () => {
    const { costs } = timelineOf(done);
    assert.deepEqual(
      costs.map(({ turn }) => turn),
      [1, 2, 3, 4, 5, 6, 7, 8, 9],
    );
    assert.equal(costs[0]?.cost, done.messages[1]?.cost_usd);
    const messages = done.messages.map((message) => ({ ...message, cost_usd: message.turn === 2 ? 0.5 : null }));
    const some = timelineOf({ ...done, messages });
    assert.deepEqual(some.costs, [{ turn: 2, start: some.models[1]?.start, cost: 0.5 }]);
  });

  it('bears a focus that has only begun', () => {
    const empty = buildTimeline({ focus: running.focus, turns: [], entries: [], live: null, now });
    assert.deepEqual([empty.models.length, empty.activeMs, empty.mostTokens], [0, 0, 1]);
  });
});
