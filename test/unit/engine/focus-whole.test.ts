/** One focus from its claim to its end, on a real database, with a model that is written down. */
import assert from 'node:assert/strict';
import type { EngageConfig } from '../../../src/host/engine/engage/types.ts';
import { openWaits } from '../../../src/host/store/work/waits.ts';
import { engineDatabase, OPENING_LIMIT_MS } from '../../support/engine-database.ts';
import { facultyOf, openBench } from '../../support/engine-focus.ts';
import { worldTool } from '../../support/engine-loop.ts';
import { type WrittenAnswer, writtenModel } from '../../support/engine-model.ts';

const entry = (entry_type: string, content: string) => ({ name: 'ledger_append', input: { entry_type, content } });
const report = (success: boolean, summary: string) => ({ name: 'report_outcome', input: { success, summary } });

describe('a focus', () => {
  before(async function () {
    this.timeout(OPENING_LIMIT_MS);
    await engineDatabase();
  });

  it('[eng-8] [eng-9] runs from its claim to completed, with everything in rows', async () => {
    const bench = await openBench();
    const id = await bench.submit({ params: { river: 'Elbe' } });
    const client = writtenModel([
      { text: 'A plan.', calls: [entry('plan', 'Look, then count.'), entry('finding', 'Two at the weir.')] },
      { calls: [entry('step', 'Counted.'), report(true, 'Two herons.')] },
      { text: 'Done.' },
    ]);
    await bench.run(client);
    const { item, focus, messages, calls, entries, events } = await bench.look(id);
    assert.equal(item.state, 'completed');
    assert.deepEqual({ ...item.outcome, duration_ms: 0 }, { success: true, summary: 'Two herons.', duration_ms: 0 });
    assert.deepEqual(
      events.map(({ toState, reason }) => [toState, reason]),
      [
        ['queued', 'submitted'],
        ['running', 'claimed'],
        ['completed', 'completed'],
      ],
    );
    assert.deepEqual([focus?.phase, focus?.status, focus?.iterations], ['consolidate', 'completed', 3]);
    assert.deepEqual(focus?.engageEnd, { kind: 'end_turn', text: 'Done.' });
    assert.deepEqual(focus?.usage, { input: 300, cacheRead: 0, cacheWrite: 0, output: 30, estimated: false });
    assert.equal(focus?.costMicros, 0);
    assert.ok(focus?.endedAt);
    assert.deepEqual(
      messages.map(({ n, turn, block, role, kind }) => [n, turn, block, role, kind]),
      [
        [1, 0, 0, 'user', 'task'],
        [2, 1, 0, 'assistant', 'assistant'],
        [3, 1, 0, 'user', 'tool_results'],
        [4, 2, 0, 'assistant', 'assistant'],
        [5, 2, 0, 'user', 'tool_results'],
        [6, 3, 1, 'assistant', 'assistant'],
      ],
    );
    assert.deepEqual(
      calls.map(({ turn, position, name, effect, state }) => [turn, position, name, effect, state]),
      [
        [1, 0, 'ledger_append', 'write', 'done'],
        [1, 1, 'ledger_append', 'write', 'done'],
        [2, 0, 'ledger_append', 'write', 'done'],
        [2, 1, 'report_outcome', 'write', 'done'],
      ],
    );
    assert.deepEqual(
      entries.map(({ seq, entryType, content, focusId }) => [seq, entryType, content, focusId]),
      [
        [1, 'plan', 'Look, then count.', focus?.id],
        [2, 'finding', 'Two at the weir.', focus?.id],
        [3, 'step', 'Counted.', focus?.id],
      ],
    );
    const [first] = client.requests;
    assert.match(
      first?.system[0]?.text ?? '',
      new RegExp(`# Your Focus[\\s\\S]*${id} \\(attempt 1 of 3\\)[\\s\\S]*# Working Memory`),
    );
    assert.equal(first?.system[1]?.text, 'Work well.');
    const task = 'Count the herons.\n\nParameters:\n{\n  "river": "Elbe"\n}';
    assert.deepEqual(first?.messages, [{ role: 'user', content: [{ type: 'text', text: task }] }]);
    assert.deepEqual(await bench.db.query('select 1 from animus.leases where work_item_id = $1', [id]), []);
  });

  it('fixes prompt, tools, model and limits when it begins, and keeps to them', async () => {
    const bench = await openBench();
    const id = await bench.submit({ model: 'scripted/of-the-item' });
    const look = worldTool({ name: 'look_around' });
    const other = worldTool({ name: 'other' });
    const engage = {
      tools: ['look_*'],
      max_turns: 7,
      max_tokens: 99,
      temperature: 0.3,
      model: 'scripted/of-the-faculty',
    };
    const client = writtenModel([{ text: 'ok' }]);
    await bench.run(client, facultyOf({ engage }), { workspaceTools: [look, other] });
    const { focus } = await bench.look(id);
    const config = focus?.config as unknown as EngageConfig;
    assert.deepEqual(
      config.tools.map(({ name }) => name),
      ['report_outcome', 'ledger_append', 'ledger_read', 'look_around'],
    );
    assert.deepEqual(
      [config.model, config.maxTurns, config.maxTokens, config.temperature, focus?.model],
      ['scripted/of-the-item', 7, 99, 0.3, 'scripted/of-the-item'],
    );
    assert.deepEqual(client.requests[0]?.tools, config.tools);
    assert.deepEqual(
      client.requests[0]?.system.map(({ text }) => text),
      config.system,
    );
  });

  const ends: { title: string; answers: WrittenAnswer[]; keys?: Record<string, unknown>; outcome: object }[] = [
    {
      title: 'takes the last text for a success where nothing was reported',
      answers: [{ text: ' Two herons. \n' }],
      outcome: { success: true, summary: 'Two herons.' },
    },
    {
      title: 'says so where there was neither report nor text',
      answers: [{}],
      outcome: { success: true, summary: 'The agent ended without a report and without a closing answer.' },
    },
    {
      title: 'completes as a failure what the agent reported as one',
      answers: [{ calls: [report(false, 'No river here.')] }, { text: 'Sorry.' }],
      outcome: { success: false, summary: 'No river here.' },
    },
    {
      title: 'takes the last of several reports',
      answers: [{ calls: [report(false, 'Nothing.'), report(true, 'Found after all.')] }, { text: 'ok' }],
      outcome: { success: true, summary: 'Found after all.' },
    },
    {
      title: '[eng-6] ends as budget, without a retry, when its turns are used and nobody is there to be asked',
      answers: Array.from({ length: 3 }, () => ({ calls: [entry('note', 'again')] })),
      keys: { max_turns: 2 },
      outcome: {
        success: false,
        summary: 'The limit of 2 turns is reached.',
        error: { kind: 'budget', message: 'The limit of 2 turns is reached.' },
      },
    },
    {
      title: 'keeps what was reported before the budget ended',
      answers: [{ calls: [report(true, 'Half of it.')] }],
      keys: { max_turns: 1 },
      outcome: {
        success: false,
        summary: 'The limit of 1 turn is reached. Before that it reported: Half of it.',
        error: { kind: 'budget', message: 'The limit of 1 turn is reached.' },
      },
    },
    {
      title: 'ends at a refusal, without a retry',
      answers: [{ text: 'I will not.', stop: 'refusal' }],
      outcome: { success: false, summary: 'I will not.', error: { kind: 'refusal', message: 'I will not.' } },
    },
  ];
  for (const { title, answers, keys = {}, outcome } of ends) {
    it(title, async () => {
      const bench = await openBench();
      const id = await bench.submit();
      await bench.run(writtenModel(answers), facultyOf({ engage: keys }), { headless: true });
      const { item, foci } = await bench.look(id);
      assert.equal(item.state, 'completed');
      const { duration_ms: duration = -1, ...rest } = item.outcome ?? {};
      assert.deepEqual(rest, outcome);
      assert.ok(duration >= 0 && duration < 60_000);
      assert.equal(foci.length, 1);
    });
  }

  it('[S15] stores, shows and logs no secret that passes through it', async () => {
    const bench = await openBench();
    const secret = 'hunter2-hunter2';
    bench.redactor.add('pass', secret);
    const id = await bench.submit({ description: `Use ${secret}.` });
    const leak = worldTool({ name: 'leak', run: () => ({ content: `it is ${secret}`, isError: false }) });
    const client = writtenModel([
      {
        text: `I use ${secret} now`,
        calls: [entry('finding', `The key is ${secret}.`), { name: 'leak', input: { text: secret } }],
      },
      { calls: [report(true, `Done with ${secret}.`)] },
      { text: `Bye ${secret}` },
    ]);
    await bench.run(client, facultyOf({}, `Never say ${secret}.`), { workspaceTools: [leak] });
    const { item, focus, messages, calls, entries } = await bench.look(id);
    assert.equal(item.state, 'completed');
    const rows = JSON.stringify([item.outcome, focus, messages, calls, entries]);
    assert.ok(!rows.includes(secret));
    assert.ok(rows.includes('The key is [redacted:pass].') && rows.includes('it is [redacted:pass]'));
    const text = bench.events.map((event) => (event.type === 'text' ? event.text : '')).join('');
    assert.equal(text, 'I use [redacted:pass] nowBye [redacted:pass]');
    assert.ok(!JSON.stringify(bench.logged).includes(secret));
    // What the model is sent is what was stored, but for nothing.
    assert.ok(!JSON.stringify(client.requests).includes(secret));
  });

  it('shows watchers all text of each turn, though its end could be the beginning of a secret', async () => {
    const bench = await openBench();
    bench.redactor.add('pass', 'hunter2-hunter2');
    await bench.submit();
    await bench.run(writtenModel([{ text: 'I am a hunt', calls: [entry('note', 'x')] }, { text: 'Good hun' }]));
    const shown = bench.events.flatMap((event) => (event.type === 'text' ? [[event.turn, event.text]] : []));
    const ofTurn = (turn: number) => shown.flatMap(([at, text]) => (at === turn ? [text] : [])).join('');
    assert.deepEqual([ofTurn(1), ofTurn(2)], ['I am a hunt', 'Good hun']);
  });

  it('starts a second attempt with the ledger of the first', async () => {
    const bench = await openBench();
    const id = await bench.submit();
    const error = { kind: 'stream_cut', message: 'cut' } as const;
    await bench.run(writtenModel([{ calls: [entry('finding', 'Two at the weir.')] }, { error }]));
    await bench.makeDue(id);
    const second = writtenModel([{ text: 'ok' }]);
    await bench.run(second);
    const task = JSON.stringify(second.requests[0]?.messages);
    assert.match(task, /LEDGER OF EARLIER ATTEMPTS[\s\S]*\[1\] Two at the weir\./);
    const { foci, item } = await bench.look(id);
    assert.deepEqual([foci.map(({ attempt }) => attempt), item.state], [[1, 2], 'completed']);
  });

  it('[eng-3] answers a call of a tool that is gone since the focus began', async () => {
    const bench = await openBench();
    const id = await bench.submit();
    const look = worldTool({ name: 'look' });
    const opened = { kind: 'needs_credentials', provider: 'written' } as const;
    await bench.run(opened, facultyOf(), { workspaceTools: [look] });
    const [wait] = await openWaits(bench.db, [bench.place]);
    assert.equal(wait?.kind, 'credentials');
    await bench.db.query("update animus.work_items set state = 'queued' where id = $1", [id]);
    const client = writtenModel([{ calls: [{ name: 'look', input: { text: 'x' } }] }, { text: 'ok' }]);
    await bench.run(client);
    assert.ok(client.requests[0]?.tools.some(({ name }) => name === 'look'));
    const { calls, item } = await bench.look(id);
    assert.match(calls[0]?.result?.content ?? '', /^There is no tool "look"/);
    assert.equal(item.state, 'completed');
  });
});
