import assert from 'node:assert/strict';
import { setTimeout as sleep } from 'node:timers/promises';
import { HostFigures } from '../../../src/extension/host/host-figures.ts';
import { Listeners } from '../../../src/extension/listeners.ts';
import { QuestionQueue } from '../../../src/extension/work/question-queue.ts';
import { countsText } from '../../../src/extension/work/status-text.ts';
import type { WorkChange, WorkModel } from '../../../src/extension/work/work-model.ts';
import { describeWork, groupOf, reasonRows } from '../../../src/extension/work/work-rows.ts';
import type { QuestionView, WorkView } from '../../../src/protocol/work.ts';
import { FakeConnection, FakeHost, sampleId, workView } from '../../support/vscode-fakes.ts';

const NOW = Date.parse('2026-01-01T14:00:00.000Z');

const noError = (error: unknown) => {
  throw error;
};

function question(n: number, more: Partial<QuestionView> = {}): QuestionView {
  return {
    ...{ id: sampleId(100 + n), short_id: String(n), work_item_id: sampleId(n), focus_id: sampleId(200 + n) },
    ...{ kind: 'ask', text: `Question ${n}?`, choices: [], answer: null, answered_by: null },
    created_at: new Date(NOW + n * 1000).toISOString(),
    answered_at: null,
    ...more,
  };
}

const asking = (n: number, more: Partial<QuestionView> = {}): WorkView => {
  const asked = question(n, more);
  const kind = asked.kind === 'budget' ? 'budget' : 'answer';
  return workView(n, { state: 'waiting', wait: { kind, targets: [asked.id], next: 'soon' }, question: asked });
};

const known = (item: WorkView) => ({ item, foci: null, activity: null });

/** What a window knows, as the test decides. */
function modelOf(items: WorkView[]) {
  const changes = new Listeners<WorkChange>(noError);
  const model: Pick<WorkModel, 'all' | 'onChange'> = {
    all: () => items.map(known),
    onChange: (listener) => changes.add(listener),
  };
  return { model, changed: () => changes.tell({ kind: 'reset' }) };
}

const rest = () => sleep(1);

describe('questions in the editor', () => {
  it('are told one at a time, the oldest first, and each once', async () => {
    const items = [asking(2), asking(1), workView(3)];
    const { model, changed } = modelOf(items);
    const told: [string, number][] = [];
    let close: () => void = () => undefined;
    const queue = new QuestionQueue(
      model,
      ({ text }, more) => {
        told.push([text, more]);
        return new Promise((resolve) => {
          close = resolve;
        });
      },
      noError,
    );
    changed();
    changed();
    await rest();
    assert.deepEqual(told, [['Question 1?', 1]]);
    items.push(asking(4));
    changed();
    await rest();
    assert.equal(told.length, 1, 'one is shown');
    // The second is answered in a terminal meanwhile.
    items.splice(0, 1);
    close();
    await rest();
    assert.deepEqual(told[1], ['Question 4?', 0]);
    close();
    changed();
    await rest();
    assert.equal(told.length, 2);
    queue.dispose();
  });

  it('one that is answered elsewhere does not hold up the next', async () => {
    const items = [asking(1), asking(2)];
    const { model, changed } = modelOf(items);
    const told: string[] = [];
    const queue = new QuestionQueue(
      model,
      ({ text }) => {
        told.push(text);
        return new Promise(() => undefined);
      },
      noError,
    );
    changed();
    await rest();
    assert.deepEqual(told, ['Question 1?']);
    items.shift();
    changed();
    await rest();
    assert.deepEqual(told, ['Question 1?', 'Question 2?']);
    queue.dispose();
  });

  it('a notification that fails keeps the next ones from nothing', async () => {
    const items = [asking(1)];
    const { model, changed } = modelOf(items);
    const errors: unknown[] = [];
    const told: string[] = [];
    const tell = async ({ text }: QuestionView) => {
      told.push(text);
      if (told.length === 1) throw new Error('no window');
    };
    const queue = new QuestionQueue(model, tell, (error) => errors.push(error));
    changed();
    await rest();
    items.push(asking(2));
    changed();
    await rest();
    assert.deepEqual([told, errors.length], [['Question 1?', 'Question 2?'], 1]);
    queue.dispose();
  });

  it('stand as rows below the work that asks, with what to do about them', () => {
    const { model } = modelOf([]);
    for (const [kind, word, title] of [
      ['ask', 'asks you', 'Answer…'],
      ['budget', 'asks for budget', 'Raise or Stop…'],
      ['stuck', 'is stuck', 'Go On or Stop…'],
    ] as const) {
      const item = asking(1, { kind });
      assert.equal(groupOf(item), 'waiting');
      assert.equal(describeWork(known(item), model as WorkModel, NOW).description.split(' · ')[0], word);
      assert.deepEqual(reasonRows(known(item)), [
        { kind: 'reason', workId: item.id, text: 'Question 1?' },
        {
          kind: 'action',
          workId: item.id,
          title,
          icon: 'reply',
          command: 'animus.answer',
          args: [{ workId: item.id }],
        },
      ]);
    }
  });

  it('[S12] are plain text, whatever a model wrote', () => {
    const { model } = modelOf([]);
    const item = asking(1, { text: '\u202Ewhich\u001b[31m?\u0007', choices: ['\u202Ethis'] });
    const [reason] = reasonRows(known(item));
    const { tooltip } = describeWork(known(item), model as WorkModel, NOW);
    const shown = `${reason?.kind === 'reason' ? reason.text : ''}${tooltip.join('')}`;
    assert.ok(shown.includes('which') && shown.includes('1. '));
    for (const unsafe of ['\u202E', '\u001b', '\u0007']) assert.ok(!shown.includes(unsafe));
  });

  it('work that rests for the day asks nobody', () => {
    const { model } = modelOf([]);
    const item = workView(1, {
      state: 'waiting',
      wait: { kind: 'budget', targets: ['day'], next: 'goes on by itself' },
    });
    assert.equal(groupOf(item), 'running');
    const { description, look } = describeWork(known(item), model as WorkModel, NOW);
    assert.match(description, /^rests: today's budget is spent/);
    assert.equal(look.icon, 'debug-pause');
  });
});

describe('the status bar', () => {
  const nothing = { paused: null, todayUsd: null };

  for (const [counts, figures, text, tooltip, background] of [
    [[0, 0], nothing, '$(hubot) Animus', 'Animus: nothing to do', null],
    [[0, 2], nothing, '$(loading~spin) 2 running', 'Animus: 2 running', null],
    [[1, 2], nothing, '$(bell-dot) 1 waiting · 2 running', 'Animus: 1 waiting for you, 2 running', 'warning'],
    [
      [0, 1],
      { paused: null, todayUsd: 1.234 },
      '$(loading~spin) 1 running · $1.23 today',
      'Animus: 1 running, $1.23 today',
      null,
    ],
    [
      [0, 0],
      { paused: "today's budget is spent", todayUsd: 5 },
      '$(debug-pause) nothing begins · $5.00 today',
      "Animus: nothing begins, $5.00 today (today's budget is spent)",
      'warning',
    ],
    [[0, 0], { paused: null, todayUsd: 0.001 }, '$(hubot) Animus', 'Animus: nothing to do', null],
  ] as const) {
    it(`says "${text}"`, () => {
      const [waiting, running] = counts;
      assert.deepEqual(countsText({ waiting, toApprove: 0, running, paused: 0, allPaused: false }, figures), {
        text,
        tooltip,
        background,
      });
    });
  }

  it('tells calls to approve from what else waits', () => {
    const counts = { waiting: 3, toApprove: 1, running: 0, paused: 0, allPaused: false };
    const { text } = countsText(counts, { paused: null, todayUsd: null });
    assert.equal(text, '$(bell-dot) 1 to approve · 2 waiting');
  });

  it('says that a person has paused everything, and no more of it', () => {
    const held = { paused: 'all work here, by a person', todayUsd: null };
    const { text, background } = countsText({ waiting: 0, toApprove: 0, running: 0, paused: 2, allPaused: true }, held);
    assert.deepEqual([text, background], ['$(debug-pause) all paused', null]);
  });

  it('hears from the host that it is paused and what was spent, and forgets it with the host', async () => {
    const status = { paused: null as string | null, today: { cost_usd: 0.5, max_cost_usd: 1 } };
    const host = new FakeHost({ 'host/status': () => status });
    const fake = new FakeConnection(host);
    const heard: unknown[] = [];
    const figures = new HostFigures(fake.connection, noError, 1);
    figures.onChange((changed) => heard.push(changed));
    const come = async (count: number) => {
      while (heard.length < count) await rest();
    };
    await come(1);
    Object.assign(status, { paused: 'spent', today: { cost_usd: 1.1, max_cost_usd: 1 } });
    fake.hear('work/changed', { id: sampleId(1), seq: 2 });
    await come(2);
    fake.become({ kind: 'down', message: 'gone' });
    await come(3);
    assert.deepEqual(heard, [
      { paused: null, todayUsd: 0.5 },
      { paused: 'spent', todayUsd: 1.1 },
      { paused: null, todayUsd: null },
    ]);
    figures.dispose();
  });
});
