import assert from 'node:assert/strict';
import { setTimeout as sleep } from 'node:timers/promises';
import { WorkModel } from '../../../src/extension/work/work-model.ts';
import {
  childrenUnder,
  describeWork,
  groupOf,
  groupRows,
  reasonRows,
  topOf,
} from '../../../src/extension/work/work-rows.ts';
import type { FocusView } from '../../../src/protocol/focus.ts';
import { type WorkState, type WorkView, workState } from '../../../src/protocol/work.ts';
import { FakeConnection, FakeHost, focusView, sampleId, workView } from '../../support/vscode-fakes.ts';

const SETTLED_MS = 150;
const NOW = Date.parse('2026-01-01T14:00:00.000Z');

const noError = (error: unknown) => {
  throw error;
};

async function model(items: WorkView[], foci: Record<string, FocusView[]> = {}) {
  const shown = (id: string) => items.find((item) => item.id === id);
  const host = new FakeHost({
    'work/list': ({ states }: { states: string[] }) => ({ items: items.filter(({ state }) => states.includes(state)) }),
    'work/show': ({ id }: { id: string }) => ({ item: shown(id), foci: foci[id] ?? [], events: [], merged_id: null }),
  });
  const fake = new FakeConnection(host);
  const work = new WorkModel(fake.connection, noError);
  await sleep(SETTLED_MS);
  return { host, fake, work };
}

const wait = (kind: string, next = 'soon') => ({ kind, targets: ['anthropic'], next });

describe('the work as a window knows it', () => {
  it('is read once, and then item by item as they change', async () => {
    const items = [workView(1, { state: 'running' }), workView(2, { state: 'completed' })];
    const { host, fake, work } = await model(items);
    assert.equal(work.all().length, 2);
    assert.equal(host.askedFor('work/list').length, 2);
    host.asked.length = 0;
    items[0] = workView(1, { state: 'completed', event_seq: 3 });
    for (let seq = 2; seq < 5; seq += 1) fake.hear('work/changed', { id: sampleId(1), seq });
    await sleep(SETTLED_MS);
    assert.deepEqual(host.asked, [{ method: 'work/show', params: { id: sampleId(1) } }]);
    assert.equal(work.get(sampleId(1))?.item.state, 'completed');
  });

  it('takes in new items, and tells what a focus does without asking', async () => {
    const items = [workView(1, { state: 'running', cost_usd: 0.06 })];
    const foci = { [sampleId(1)]: [focusView(50, 1)], [sampleId(2)]: [] };
    const { host, fake, work } = await model(items, foci);
    items.push(workView(2));
    fake.hear('work/changed', { id: sampleId(2), seq: 1 });
    await sleep(SETTLED_MS);
    assert.ok(work.get(sampleId(2)));
    host.asked.length = 0;
    const delta = { focus_id: sampleId(50), work_item_id: sampleId(1), turn: 4 };
    fake.hear('focus/delta', { ...delta, kind: 'tool_call', text: 'read_file' });
    const known = work.get(sampleId(1));
    assert.ok(known);
    assert.equal(describeWork(known, work, NOW).description, 'running · turn 4 · read_file · general · $0.06');
    assert.deepEqual(host.asked, []);
  });

  it('reads everything anew with a new host', async () => {
    const items = [workView(1)];
    const { fake, work } = await model(items);
    items.splice(0, 1, workView(3));
    fake.become({ kind: 'ready', client: fake.host.client });
    await sleep(SETTLED_MS);
    assert.deepEqual(
      work.all().map(({ item }) => item.id),
      [sampleId(3)],
    );
  });
});

describe('the rows of work', () => {
  const described = (work: WorkModel, n: number) => {
    const known = work.get(sampleId(n));
    assert.ok(known);
    return { ...describeWork(known, work, NOW), reasons: reasonRows(known) };
  };

  it('stand in groups: what waits for a person first, and what is empty not at all', async () => {
    const { work } = await model([
      workView(1, { state: 'completed' }),
      workView(2, { state: 'waiting', wait: wait('credentials') }),
      workView(3, { state: 'waiting', wait: wait('model') }),
      workView(4, { state: 'running' }),
    ]);
    assert.deepEqual(
      groupRows(work).map(({ group, count }) => [group, count]),
      [
        ['waiting', 1],
        ['running', 2],
        ['finished', 1],
      ],
    );
  });

  it('have what is paused in a group of its own, children under their parents, and say how to go on', async () => {
    const paused = { paused: true, wait: wait('paused'), reason: 'paused' };
    const { work } = await model([
      workView(1, { state: 'waiting', ...paused, reason: 'paused; waits for children' }),
      workView(2, { state: 'queued', ...paused, parent_id: sampleId(1) }),
      workView(3, { state: 'running', ...paused, reason: 'pausing: soon' }),
      workView(4, { state: 'queued', wait: wait('paused'), reason: 'paused, as all work here' }),
    ]);
    assert.deepEqual(
      groupRows(work).map(({ group, count }) => [group, count]),
      [
        ['running', 1],
        ['queued', 1],
        ['paused', 2],
      ],
    );
    const ids = (known: { item: WorkView }[]) => known.map(({ item }) => item.id);
    assert.deepEqual(
      [ids(topOf(work, 'paused')), ids(childrenUnder(work, sampleId(1)))],
      [[sampleId(1)], [sampleId(2)]],
    );
    const words = [1, 2, 3, 4].map((n) => described(work, n).description.split(' · ')[0]);
    assert.deepEqual(words, ['paused', 'paused', 'pausing', 'paused']);
    const [reason, action] = described(work, 1).reasons;
    assert.ok(reason?.kind === 'reason' && action?.kind === 'action');
    assert.match(reason.text, /^Paused: .* It also waits for children$/);
    assert.deepEqual(
      [action.title, action.command, action.args],
      ['Resume', 'animus.resumeWork', [{ workId: sampleId(1) }]],
    );
    assert.deepEqual(described(work, 4).reasons, [], 'all work is let go on above');
  });

  it('know whether all work is paused, and ask again when that changes', async () => {
    let all_paused = true;
    const host = new FakeHost({ 'work/list': () => ({ items: [], all_paused }) });
    const fake = new FakeConnection(host);
    const work = new WorkModel(fake.connection, noError);
    await sleep(SETTLED_MS);
    assert.equal(work.allPaused, true);
    all_paused = false;
    fake.hear('place/changed', { place: sampleId(9) });
    await sleep(SETTLED_MS);
    assert.equal(work.allPaused, false);
  });

  it('have children under their parents, but for those that wait for a person', async () => {
    const { work } = await model([
      workView(1, { state: 'running' }),
      workView(2, { state: 'completed', parent_id: sampleId(1) }),
      workView(3, { state: 'waiting', wait: wait('answer'), parent_id: sampleId(1) }),
      workView(4, { state: 'completed', parent_id: sampleId(99) }),
    ]);
    const ids = (known: { item: WorkView }[]) => known.map(({ item }) => item.id);
    assert.deepEqual(ids(childrenUnder(work, sampleId(1))), [sampleId(2)]);
    assert.deepEqual(ids(topOf(work, 'waiting')), [sampleId(3)]);
    assert.deepEqual(ids(topOf(work, 'finished')), [sampleId(4)]);
  });

  it('begin with the state, since the end is what gets cut', async () => {
    const { work } = await model([
      workView(1, { state: 'waiting', wait: wait('credentials') }),
      workView(2, {
        state: 'queued',
        reason: 'unroutable: no host here knows the faculty "designer"',
        faculty: 'designer',
      }),
      workView(3, { state: 'dead', attempts: 3 }),
      workView(4, { state: 'merged', merged_into: sampleId(3) }),
      workView(5, { state: 'cancelled' }),
      workView(6, { state: 'completed', outcome: { success: false, summary: 'No luck.', duration_ms: 1 } }),
    ]);
    const starts = [1, 2, 3, 4, 5, 6].map((n) => described(work, n).description.split(' · ')[0]);
    assert.deepEqual(starts, [
      'no API key',
      'nobody takes it',
      'dead after 3 attempts',
      'merged into “Work 3”',
      'cancelled',
      'ended without success',
    ]);
  });

  it('open to the reason and to what helps', async () => {
    const { work } = await model([
      workView(1, { state: 'waiting', wait: wait('credentials') }),
      workView(2, { state: 'queued', reason: 'unroutable: nobody', faculty: 'designer' }),
      workView(3, {
        state: 'dead',
        attempts: 3,
        outcome: { success: false, summary: '', duration_ms: 1, error: { kind: 'http', message: 'Connect time-out' } },
      }),
      workView(4, { state: 'running' }),
      workView(5, { state: 'waiting', wait: wait('approval') }),
    ]);
    const rows = (n: number) =>
      described(work, n).reasons.map((row) => ('text' in row ? row.text : 'title' in row && row.title));
    assert.deepEqual(rows(1), [
      'No usable key for anthropic: the work goes on by itself when there is one',
      'Set API Key…',
    ]);
    assert.deepEqual(rows(2), ['No faculty accepts “designer”', 'Submit to Another Faculty…']);
    assert.deepEqual(rows(3), ['Connect time-out', 'Open Its Last Focus', 'Retry']);
    assert.deepEqual(rows(4), []);
    assert.deepEqual(rows(5), ['A call asks for your permission', 'Review and Decide…']);
  });

  it('wait for a person where no window may be asked for their model, and for time where a provider said so', async () => {
    const next = 'No open VS Code window that Animus may ask has vscode/copilot/gpt.';
    const { work } = await model([
      workView(1, { state: 'waiting', wait: { kind: 'model', targets: ['vscode/copilot/gpt'], next } }),
      workView(2, { state: 'waiting', wait: { kind: 'model', targets: ['vscode'], next: 'vscode asked for a pause' } }),
    ]);
    const reasons = described(work, 1).reasons.map((row) => ('text' in row ? row.text : 'title' in row && row.title));
    assert.deepEqual(reasons, [next, 'Choose Model…']);
    const items = [1, 2].map((n) => work.get(sampleId(n))?.item);
    assert.deepEqual(
      items.map((item) => item && groupOf(item)),
      ['waiting', 'running'],
    );
  });

  it('mark a cost as an estimate where nobody counted', async () => {
    const { work } = await model([workView(1, { state: 'running', estimated: true, cost_usd: 0.06 })]);
    assert.match(described(work, 1).description, /≈ \$0\.06/);
  });

  it('have an icon, a colour and a group for every state there is', async () => {
    for (const state of workState.options as readonly WorkState[]) {
      const known = { item: workView(1, { state }), foci: null, activity: null };
      const { work } = await model([]);
      const { look, description } = describeWork(known, work, NOW);
      assert.match(look.icon, /^[a-z-]+(~spin)?$/);
      assert.match(look.color, /^animus\.[a-z]+$/);
      assert.ok(description.length > 0);
      assert.ok(groupOf(known.item));
    }
  }).timeout(5000);

  it('[S12] are plain text, whatever a model wrote', async () => {
    const { work } = await model([workView(1, { description: '\u202Eevil\u001b[31m\u0007 $(trash) \n second line' })]);
    const { label, tooltip } = described(work, 1);
    for (const unsafe of ['\u202E', '\u001b', '\u0007']) assert.ok(!(label + tooltip.join()).includes(unsafe));
    assert.ok(!label.includes('\n'));
  });

  it('say that a script answers, and count no cost for it', async () => {
    const { work } = await model([workView(1, { state: 'running', scripted: true, cost_usd: 0.06 })]);
    assert.match(described(work, 1).description, /script$/);
  });
});
