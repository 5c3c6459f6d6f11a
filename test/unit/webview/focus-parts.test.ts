import assert from 'node:assert/strict';
import fc from 'fast-check';
import { HOSTILE_TEXTS } from '../../../build/webview-preview/hostile-texts.ts';
import { boundsOf, type PaneSizes, sizeAfterKey, sizeIn } from '../../../src/webview/focus/pane-size.ts';
import { type ReadingFacts, readingsOf } from '../../../src/webview/focus/readings.ts';
import { createScale, lengthOf, unite } from '../../../src/webview/focus/time-scale.ts';
import { argumentSummary, argumentsOf, callSign, isFailed, toolIcon } from '../../../src/webview/focus/tools.ts';
import { hasOutline } from '../../../src/webview/shared/outline.ts';

describe('the axis of time', () => {
  it('is even where nothing is cut', () => {
    const scale = createScale([{ start: 0, end: 100_000 }], { start: 0, end: 100_000 });
    assert.deepEqual([0, 25_000, 100_000, 200_000].map(scale.placeOf), [0, 0.25, 1, 1]);
    assert.deepEqual(scale.cuts, []);
    assert.ok(scale.ticks.length >= 4 && scale.ticks.length <= 11);
    assert.equal(scale.ticks[0]?.label, '0:00');
  });

  it('cuts what nothing ran in, and stays in order', () => {
    const busy = [
      { start: 0, end: 20_000 },
      { start: 620_000, end: 640_000 },
    ];
    const scale = createScale(busy, { start: 0, end: 640_000 });
    assert.equal(scale.cuts.length, 1);
    assert.ok(scale.placeOf(20_000) > 0.4 && scale.placeOf(620_000) < 0.6);
    assert.ok(
      scale.ticks.every(({ label }) => !/^[1-9]:/.test(label)),
      'no tick lies in the cut',
    );
  });

  it('never runs backwards', () => {
    const span = fc.tuple(fc.nat(10_000), fc.nat(3000)).map(([start, length]) => ({ start, end: start + length }));
    fc.assert(
      fc.property(fc.array(span, { maxLength: 12 }), (busy) => {
        const scale = createScale(busy, { start: 0, end: 13_000 });
        let before = 0;
        for (let time = 0; time <= 13_000; time += 500) {
          const place = scale.placeOf(time);
          assert.ok(place >= before - 1e-9 && place <= 1);
          before = place;
        }
      }),
    );
  });

  it('counts what overlaps once', () => {
    const spans = [
      { start: 5, end: 9 },
      { start: 0, end: 6 },
      { start: 20, end: 21 },
    ];
    assert.deepEqual(unite(spans), [
      { start: 0, end: 9 },
      { start: 20, end: 21 },
    ]);
    assert.equal(lengthOf(spans), 10);
  });
});

describe('the room of the steps', () => {
  it('is a share of the whole until a size is chosen', () => {
    const standard = (side: keyof PaneSizes, room: number) => sizeIn(boundsOf(side, room), null);
    assert.deepEqual(
      [700, 1000, 2000].map((room) => standard('width', room)),
      [280, 320, 460],
    );
    assert.deepEqual(
      [400, 900].map((room) => standard('height', room)),
      [160, 238],
    );
  });

  it('leaves the detail some, and comes back when there is more', () => {
    assert.equal(sizeIn(boundsOf('width', 1000), 900), 680);
    assert.equal(sizeIn(boundsOf('width', 1400), 900), 900);
    assert.equal(sizeIn(boundsOf('height', 600), 10), 96);
  });

  it('has bounds in order also where there is no room at all', () => {
    for (const side of ['width', 'height'] as const) {
      const { least, most, standard } = boundsOf(side, 0);
      assert.ok(least > 0 && least <= most && standard === least);
    }
  });

  it('follows the arrows along its own direction', () => {
    const bounds = boundsOf('width', 1000);
    const pressed = (key: string, side: keyof PaneSizes, size = 300) => sizeAfterKey(key, side, { size, bounds });
    assert.deepEqual([pressed('ArrowLeft', 'width'), pressed('ArrowRight', 'width')], [284, 316]);
    assert.deepEqual([pressed('ArrowUp', 'height'), pressed('ArrowDown', 'height')], [284, 316]);
    assert.deepEqual([pressed('Home', 'width'), pressed('End', 'width')], [200, 680]);
    assert.equal(pressed('ArrowRight', 'width', 675), 680);
    assert.equal(pressed('ArrowUp', 'width'), undefined);
    assert.equal(pressed('j', 'width'), undefined);
  });
});

describe('the meters', () => {
  const usage = { input: 26_800, cacheRead: 0, cacheWrite: 0, output: 0, estimated: false };
  const limits = { max_turns: 50, context_tokens: 200_000, cost_usd: 2 };
  const read = (focus: Partial<ReadingFacts['focus']>, turns: ReadingFacts['turns'] = []) =>
    readingsOf({
      focus: { limits, cost_usd: 0.38, scripted: false, estimated: false, ...focus },
      turns,
      activeMs: 192_000,
      isRunning: true,
    }).map(({ name, value, limit, share }) => [name, value, limit, share]);

  it('say how much of which limit is used; the task is no turn', () => {
    const turns = [
      { turn: 0, usage: null },
      { turn: 1, usage },
      { turn: 2, usage: null },
    ];
    assert.deepEqual(read({}, turns), [
      ['Turns', '2', '50', 0.04],
      ['Active', '3m 12s', null, null],
      ['Cost', '$0.38', '$2.00', 0.19],
      ['Context', '26.8k', '200k', 0.134],
    ]);
  });

  it('say nothing of limits that nobody knows, and no cost of a script', () => {
    const unlimited = { max_turns: null, context_tokens: null, cost_usd: null };
    for (const [, , limit, share] of read({ limits: unlimited })) assert.deepEqual([limit, share], [null, null]);
    assert.deepEqual(read({ scripted: true, cost_usd: 0 })[2], ['Cost', 'none', null, null]);
    assert.deepEqual(read({ cost_usd: null })[2], ['Cost', 'unknown', '$2.00', null]);
  });

  it('say of what nobody counted that it is an estimate', () => {
    const turns = [{ turn: 1, usage: { ...usage, estimated: true } }];
    const [, , cost, context] = read({ estimated: true }, turns);
    assert.deepEqual([cost?.[1], context?.[1]], ['≈ $0.38', '≈ 26.8k']);
    assert.equal(read({ estimated: true, cost_usd: null })[2]?.[1], 'unknown');
  });

  it('measure a limit of the cost by what all work below has spent too', () => {
    const shared = { ...limits, spent_usd: 1.5 };
    assert.deepEqual(read({ limits: shared })[2], ['Cost', '$0.38', '$2.00', 0.75]);
  });

  it('are full, and no fuller, beyond a limit', () => {
    const [, , cost] = read({ cost_usd: 5 });
    assert.deepEqual(cost, ['Cost', '$5.00', '$2.00', 1]);
  });
});

describe('a tool call in a line', () => {
  it('says what it is about', () => {
    assert.equal(argumentSummary({ path: 'src/a.ts', limit: 60 }), 'src/a.ts');
    assert.equal(argumentSummary({ path: 'src/a.ts', offset: 41 }), 'src/a.ts:41');
    assert.equal(argumentSummary({ pattern: 'TODO', glob: '**/*.ts' }), 'TODO **/*.ts');
    assert.equal(argumentSummary({ entry_type: 'finding', content: 'two\nlines' }), 'finding: two lines');
    assert.equal(argumentSummary({ depth: 2, all: true }), '2 true');
    assert.equal(argumentSummary({}), '');
    assert.equal(argumentSummary(null), '');
    assert.equal(argumentSummary([1, 2]), '[1,2]');
  });

  it('[S12] writes out what is hidden in its arguments', () => {
    for (const text of HOSTILE_TEXTS) {
      const summary = argumentSummary({ command: text });
      assert.ok(summary.length <= 201 && !/[\p{Cc}\p{Bidi_Control}]/u.test(summary));
    }
  });

  it('keeps short arguments in a line and long ones apart', () => {
    const shown = argumentsOf({ path: 'a.ts', text: 'one\ntwo', list: [1, 2] });
    assert.deepEqual(shown, [
      { name: 'path', value: '"a.ts"', isLong: false },
      { name: 'text', value: 'one\ntwo', isLong: true },
      { name: 'list', value: '[1,2]', isLong: false },
    ]);
  });

  it('has a sign for its state, also for one that is new to us', () => {
    const result = { content: '', is_error: true };
    assert.equal(callSign({ state: 'done', result: null }).word, 'done');
    assert.equal(callSign({ state: 'done', result }).word, 'failed');
    assert.equal(callSign({ state: 'constructor', result: null }).icon, 'question');
    assert.deepEqual(
      ['done', 'error', 'interrupted', 'waiting'].map((state) => isFailed({ state, result: null })),
      [false, true, true, false],
    );
  });

  it('has an icon for its kind', () => {
    assert.equal(toolIcon({ name: 'ledger_append', input: { entry_type: 'decision' } }), 'law');
    assert.equal(toolIcon({ name: 'ledger_append', input: { entry_type: 'constructor' } }), 'book');
    assert.equal(toolIcon({ name: 'mcp__files__read_file', input: {} }), 'mcp');
    assert.equal(toolIcon({ name: 'something_else', input: null }), 'extensions');
  });
});

describe('messages to a page', () => {
  type Message = { type: 'a'; list: string[] } | { type: 'b'; part: object };
  const outline = { a: { arrays: ['list'] }, b: { objects: ['part'] } };

  it('are taken by their outline', () => {
    assert.equal(hasOutline<Message>({ type: 'a', list: [] }, outline), true);
    assert.equal(hasOutline<Message>({ type: 'b', part: {} }, outline), true);
  });

  it('are left alone where they are none of ours', () => {
    for (const data of [
      null,
      'a',
      [],
      {},
      { type: 'c' },
      { type: 'toString' },
      { type: 'a' },
      { type: 'a', list: {} },
      { type: 'b', part: null },
      { type: 'b', part: [] },
    ]) {
      assert.equal(hasOutline<Message>(data, outline), false, JSON.stringify(data));
    }
  });
});
