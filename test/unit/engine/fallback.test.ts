/** Which model a focus goes on with when its own cannot, what it is told then, and what it costs. */
import assert from 'node:assert/strict';
import type { HookDecision, Hooks } from '../../../src/host/engine/engage/hooks.ts';
import { engagePhase } from '../../../src/host/engine/focus/engage-phase.ts';
import { orient } from '../../../src/host/engine/focus/orient.ts';
import { runFocus } from '../../../src/host/engine/focus/run-focus.ts';
import type { Models, OpenedModel } from '../../../src/host/engine/focus/types.ts';
import { costMicros } from '../../../src/host/llm/prices.ts';
import type { LlmClient, LlmError, ThinkingBlock, Usage } from '../../../src/host/llm/types.ts';
import { openWaits, resolveWait } from '../../../src/host/store/work/waits.ts';
import { uuidv7 } from '../../../src/rendezvous/ids.ts';
import { using } from '../../support/engine-budgets.ts';
import { engineDatabase, lossyDatabase, OPENING_LIMIT_MS } from '../../support/engine-database.ts';
import { type Bench, facultyOf, openBench } from '../../support/engine-focus.ts';
import { NO_HOOKS } from '../../support/engine-loop.ts';
import { type WrittenAnswer, type WrittenModel, writtenModel } from '../../support/engine-model.ts';

const FIRST = 'anthropic/claude-sonnet-5-5';
const SECOND = 'anthropic/claude-haiku-4-5';
const THIRD = 'other/model';
const note = (content: string) => ({ name: 'ledger_append', input: { entry_type: 'note', content } });
const FACULTY = facultyOf({ engage: { model: FIRST, fallback_models: [SECOND, THIRD] } });
const OVERLOADED: LlmError = { kind: 'overloaded', message: 'Too much to do.' };

type Answers = Parameters<typeof writtenModel>[0];

/** A client for each model, and the models that lack a key, which may change. */
class Shelf implements Models {
  readonly clients = new Map<string, WrittenModel>();
  readonly keyless = new Set<string>();
  readonly unavailable = new Set<string>();
  readonly rejected: string[] = [];

  constructor(answers: { [model: string]: Answers }) {
    for (const [model, given] of Object.entries(answers)) {
      this.clients.set(model, writtenModel(given, model.split('/')[0]));
    }
  }

  open(modelName: string): OpenedModel {
    const client: LlmClient | undefined = this.clients.get(modelName);
    if (!client) return { kind: 'unknown', message: `Nobody knows ${modelName}.` };
    if (this.keyless.has(modelName)) return { kind: 'needs_credentials', provider: client.provider };
    if (this.unavailable.has(modelName)) return { kind: 'unavailable', modelName };
    return { kind: 'ready', client, modelName };
  }

  readonly costOf = costMicros;

  rejectCredential(provider: string): void {
    this.rejected.push(provider);
    for (const [model, client] of this.clients) if (client.provider === provider) this.keyless.add(model);
  }

  turns(model: string): (number | undefined)[] {
    return this.clients.get(model)?.requests.map(({ turn }) => turn) ?? [];
  }
}

async function run(bench: Bench, models: Models, faculty = FACULTY) {
  return bench.run(writtenModel([]), faculty, { models });
}

async function cutsOf(bench: Bench, focusId: string) {
  return bench.db.query<{ n: number; turn: number; kind: string; content: object }>(
    'select n, turn, kind, content from animus.context_cuts where focus_id = $1 order by n',
    [focusId],
  );
}

/** Prompts of 150,000 tokens: the first model holds them easily, the second one hardly. */
const LARGE: Usage = { input: 150_000, cacheRead: 0, cacheWrite: 0, output: 10, reasoning: 0 };
const SMALL: Usage = { ...LARGE, input: 1000 };

describe('a fallback model', () => {
  before(async function () {
    this.timeout(OPENING_LIMIT_MS);
    await engineDatabase();
  });

  it('is sent what it holds itself, also by a host that goes on later', async () => {
    /** The turns for which room was made. */
    const cutFor = async (engage: object) => {
      const bench = await openBench();
      const id = await bench.submit();
      const faculty = facultyOf({
        engage: { model: FIRST, fallback_models: [SECOND], compact_keep_recent: 1, ...engage },
      });
      const stopping = new AbortController();
      const noted = (turn: number): WrittenAnswer => ({ calls: [note(`in turn ${turn}`)] });
      const first = writtenModel((turn) => (turn < 3 ? noted(turn) : { error: OVERLOADED }), 'anthropic');
      const second = writtenModel((turn) => {
        if (turn === 3) stopping.abort();
        if (turn === 0) return { text: 'In short.' };
        return turn === 5 ? { text: 'Done.' } : noted(turn);
      }, 'anthropic');
      const shelf = new Shelf({});
      shelf.clients.set(FIRST, using(first, LARGE));
      shelf.clients.set(SECOND, {
        ...second,
        stream: (request, signal) => using(second, request.turn === 3 ? LARGE : SMALL).stream(request, signal),
      });
      const claim = await bench.claim(faculty, { stopping: stopping.signal });
      await runFocus(bench.dependencies(writtenModel([]), { models: shelf }), claim);
      assert.equal((await bench.look(id)).focus?.model, SECOND);
      await run(bench, shelf, faculty);
      const { item, focus } = await bench.look(id);
      assert.equal(item.state, 'completed');
      const cuts = await cutsOf(bench, focus?.id ?? '');
      return [...new Set(cuts.filter(({ kind }) => kind !== 'model_patch').map(({ turn }) => turn))];
    };
    assert.deepEqual(await cutFor({}), [3, 4]);
    assert.deepEqual(await cutFor({ context_tokens: 190_000 }), [3, 4]);
    assert.deepEqual(await cutFor({ context_tokens: 600_000 }), [3, 4], 'which is more than the second one holds');
  });

  const takenOver: LlmError[] = [
    OVERLOADED,
    { kind: 'overloaded', message: 'An hour, please.', retryAfterMs: 3_600_000 },
    { kind: 'rate_limited', message: 'An hour, please.', retryAfterMs: 3_600_000 },
    { kind: 'api', status: 503, type: 'api_error', message: 'It broke.' },
    { kind: 'unavailable', message: 'The window was closed.' },
  ];
  for (const error of takenOver) {
    it(`takes over from one that is ${JSON.stringify(error)}, for the rest of the focus`, async () => {
      const bench = await openBench();
      const id = await bench.submit();
      const models = new Shelf({
        [FIRST]: [{ calls: [note('begun')] }, { error }],
        [SECOND]: (turn) => (turn < 4 ? { calls: [note(`turn ${turn}`)] } : { text: 'Done.' }),
      });
      const { focus: claimed } = await run(bench, models);
      assert.deepEqual(
        [models.turns(FIRST), models.turns(SECOND)],
        [
          [1, 2],
          [2, 3, 4],
        ],
      );
      const { item, focus, foci, messages } = await bench.look(id);
      assert.deepEqual([item.state, item.attempts, foci.length, focus?.model], ['completed', 0, 1, SECOND]);
      const reason = { kind: error.kind, message: error.message };
      assert.deepEqual(await cutsOf(bench, claimed.id), [
        { n: 1, turn: 2, kind: 'model_patch', content: { from: FIRST, to: SECOND, reason } },
      ]);
      const answeredBy = messages.flatMap(({ role, content }) => (role === 'assistant' ? [content.model] : []));
      assert.deepEqual(answeredBy, [FIRST, SECOND, SECOND, SECOND]);
      const usage = { input: 100, cacheRead: 0, cacheWrite: 0, output: 10, reasoning: 0 };
      const cost = (costMicros(FIRST, usage) ?? 0) + 3 * (costMicros(SECOND, usage) ?? 0);
      assert.ok(cost > 0 && costMicros(FIRST, usage) !== costMicros(SECOND, usage));
      assert.equal(focus?.costMicros, cost);
      const retried = bench.events.filter(({ type }) => type === 'retry');
      assert.deepEqual(
        retried.map((event) => [event.turn, event.type === 'retry' && event.reason]),
        [[2, `${error.message} ${SECOND} takes over.`]],
      );
    });
  }

  const left: LlmError[] = [
    { kind: 'api', status: 400, type: 'invalid_request_error', message: 'No.' },
    { kind: 'context_exceeded', message: 'too long' },
    { kind: 'refused', message: 'never' },
    { kind: 'http', message: 'no line' },
    { kind: 'malformed', message: 'what?' },
  ];
  for (const error of left) {
    it(`does not take over from one that is ${error.kind}`, async () => {
      const bench = await openBench();
      const id = await bench.submit({ maxAttempts: 1 });
      const models = new Shelf({ [FIRST]: [{ error }], [SECOND]: [{ text: 'never' }] });
      await run(bench, models);
      const { item, focus } = await bench.look(id);
      assert.deepEqual([models.turns(SECOND), item.state, focus?.model], [[], 'dead', FIRST]);
    });
  }

  for (const kind of ['auth', 'insufficient_quota'] as const) {
    it(`passes over those of a provider whose key was ${kind}`, async () => {
      const bench = await openBench();
      const id = await bench.submit();
      const error: LlmError = { kind, message: 'No.', key: 'print' };
      const models = new Shelf({ [FIRST]: [{ error }], [SECOND]: [{ text: 'never' }], [THIRD]: [{ text: 'Done.' }] });
      await run(bench, models);
      const { item, focus } = await bench.look(id);
      assert.deepEqual([item.state, focus?.model, models.rejected], ['completed', THIRD, ['anthropic']]);
      assert.deepEqual([models.turns(SECOND), models.turns(THIRD)], [[], [1]]);
    });
  }

  it('answers from the start where nobody can ask the first; where nobody can ask any, the work waits for one of them', async () => {
    const bench = await openBench();
    const id = await bench.submit();
    const models = new Shelf({ [FIRST]: [{ text: 'never' }], [SECOND]: [{ text: 'Done.' }], [THIRD]: [] });
    models.unavailable.add(FIRST).add(SECOND);
    models.keyless.add(THIRD);
    await run(bench, models);
    const [wait] = await openWaits(bench.db, [bench.place]);
    assert.deepEqual([wait?.kind, wait?.targets, wait?.wakeAt], ['model', [FIRST, SECOND], null]);
    models.unavailable.delete(SECOND);
    assert.ok(wait && (await resolveWait(bench.db, wait, 'there')));
    const { focus: claimed } = await run(bench, models);
    const { item, focus } = await bench.look(id);
    assert.deepEqual([item.state, focus?.model, models.turns(FIRST)], ['completed', SECOND, []]);
    const [cut] = await cutsOf(bench, claimed.id);
    const reason = { kind: 'unavailable', message: `Nobody who can ask ${FIRST} is there.` };
    assert.deepEqual(cut?.content, { from: FIRST, to: SECOND, reason });
  });

  it('answers from the start where the first has no key, and is not left when that comes', async () => {
    const bench = await openBench();
    const id = await bench.submit();
    const models = new Shelf({
      [FIRST]: [{ text: 'never' }],
      [THIRD]: [{ calls: [note('a')] }, { error: { kind: 'rate_limited', message: 'later' } }, { text: 'Done.' }],
    });
    models.keyless.add(FIRST);
    await run(bench, models);
    const parked = await bench.look(id);
    const [cut] = await cutsOf(bench, parked.focus?.id ?? '');
    assert.deepEqual(cut?.content, {
      ...{ from: FIRST, to: THIRD, reason: { kind: 'needs_credentials', message: 'There is no key for anthropic.' } },
    });
    assert.deepEqual([parked.item.state, parked.focus?.model], ['waiting', THIRD]);
    const [wait] = await openWaits(bench.db, [bench.place]);
    assert.deepEqual([wait?.kind, wait?.targets], ['model', ['other']]);
    models.keyless.clear();
    assert.ok(wait && (await resolveWait(bench.db, wait, 'time')));
    models.clients.set(THIRD, writtenModel([{ text: 'never' }, { text: 'Done.' }], 'other'));
    await run(bench, models);
    const { item, focus } = await bench.look(id);
    assert.deepEqual([item.state, focus?.model, models.turns(FIRST)], ['completed', THIRD, []]);
  });

  it('stays with a focus that another host goes on with', async () => {
    const bench = await openBench();
    const id = await bench.submit();
    const crash = new Error('the host is gone');
    const models = new Shelf({
      [FIRST]: [{ error: OVERLOADED }],
      [SECOND]: (turn): WrittenAnswer => {
        if (turn === 2 && models.turns(SECOND).length === 2) throw crash;
        return turn === 1 ? { calls: [note('a')] } : { text: 'Done.' };
      },
    });
    // The host ends without a word: its lease is still there when the next one takes over.
    const claim = await bench.claim(FACULTY);
    const deps = bench.dependencies(writtenModel([]), { models });
    await orient(deps, claim);
    await assert.rejects(engagePhase(deps, claim), crash);
    assert.deepEqual(await bench.nextHost(), [id]);
    await run(bench, models);
    const { item, focus } = await bench.look(id);
    assert.deepEqual([item.state, focus?.model], ['completed', SECOND]);
    assert.deepEqual([models.turns(FIRST), models.turns(SECOND)], [[1], [1, 2, 2]]);
    assert.equal((await cutsOf(bench, claim.focus.id)).length, 1);
  });

  it('is recorded once, also where the answers of the database are lost', async () => {
    const bench = await openBench();
    const id = await bench.submit();
    const models = new Shelf({ [FIRST]: [{ error: OVERLOADED }], [SECOND]: [{ text: 'Done.' }] });
    const claim = await bench.claim(FACULTY);
    // Every second answer is lost after its transaction took effect.
    const db = lossyDatabase(bench.db, (count) => count % 2 === 1);
    await runFocus({ ...bench.dependencies(writtenModel([]), { models }), db }, claim);
    const { item, focus, messages } = await bench.look(id);
    assert.deepEqual([item.state, focus?.model, messages.length], ['completed', SECOND, 2]);
    assert.equal((await cutsOf(bench, claim.focus.id)).length, 1);
  });

  it('leaves the last error to decide where none is left', async () => {
    const bench = await openBench();
    const id = await bench.submit({ maxAttempts: 1 });
    const models = new Shelf({
      [FIRST]: [{ error: OVERLOADED }],
      [SECOND]: [{ error: { kind: 'api', status: 500, type: 'api_error', message: 'It broke.' } }],
      [THIRD]: [{ error: { kind: 'overloaded', message: 'Here too.' } }],
    });
    const { focus: claimed } = await run(bench, models);
    const { item, focus } = await bench.look(id);
    assert.deepEqual([item.state, focus?.error?.message], ['dead', 'Here too.']);
    assert.deepEqual(
      (await cutsOf(bench, claimed.id)).map(({ n, turn }) => [n, turn]),
      [
        [1, 1],
        [2, 1],
      ],
    );
  });

  it('that lacks a key lets the work wait for any of the keys, and says what the provider said', async () => {
    const bench = await openBench();
    const id = await bench.submit();
    const models = new Shelf({ [FIRST]: [{ text: 'Done.' }], [THIRD]: [{ text: 'Done.' }] });
    models.keyless.add(FIRST).add(THIRD);
    await run(bench, models);
    const [wait] = await openWaits(bench.db, [bench.place]);
    assert.deepEqual([wait?.kind, wait?.targets], ['credentials', ['anthropic', 'other']]);
    assert.equal((await bench.look(id)).item.attempts, 0);
  });

  it('that lacks a key is waited for beside the one whose key was refused', async () => {
    const bench = await openBench();
    const id = await bench.submit();
    const models = new Shelf({
      [FIRST]: [{ error: { kind: 'auth', message: 'Not that key.', key: 'print' } }],
      [THIRD]: [{ text: 'Done.' }],
    });
    models.keyless.add(THIRD);
    await run(bench, models);
    const [wait] = await openWaits(bench.db, [bench.place]);
    assert.deepEqual([wait?.kind, wait?.targets], ['credentials', ['anthropic', 'other']]);
    models.keyless.delete(THIRD);
    assert.ok(wait && (await resolveWait(bench.db, wait, 'there')));
    await run(bench, models);
    const { item, focus } = await bench.look(id);
    assert.deepEqual([item.state, focus?.model], ['completed', THIRD]);
  });
});

describe('a model that a hook chose', () => {
  it('waits for its own key where that was refused: no other model is left, and no other key dropped', async function () {
    this.timeout(OPENING_LIMIT_MS);
    const bench = await openBench();
    const id = await bench.submit();
    const models = new Shelf({
      [FIRST]: [{ calls: [note('begun')] }],
      [SECOND]: [],
      [THIRD]: () => ({ error: { kind: 'auth', message: 'A bad key.', key: 'fingerprint' } }),
    });
    const facts = { reason: null, exitCode: 0, stderrTail: '', durationMs: 1, patch: { model: THIRD } };
    const decision: HookDecision = {
      ...facts,
      id: uuidv7(),
      event: 'BeforeLLMCall',
      hook: 'chooser',
      outcome: 'modified',
    };
    const hooks: Hooks = {
      ...NO_HOOKS,
      matches: async (event) => event === 'BeforeLLMCall',
      beforeModel: async ({ turn }) => (turn === 2 ? [decision] : []),
    };
    const { focus: claimed } = await bench.run(writtenModel([]), FACULTY, { models, hooksOf: () => hooks });
    assert.deepEqual([models.turns(FIRST), models.turns(SECOND), models.turns(THIRD)], [[1], [], [2]]);
    assert.deepEqual(models.rejected, ['other']);
    const [wait] = await openWaits(bench.db, [bench.place]);
    assert.deepEqual([wait?.kind, wait?.targets], ['credentials', ['other']]);
    assert.equal((await bench.look(id)).focus?.model, FIRST);
    assert.deepEqual(
      (await cutsOf(bench, claimed.id)).map(({ content }) => content),
      [{ model: THIRD }],
    );
  });
});

describe('without a fallback', () => {
  const faculty = facultyOf({ engage: { model: FIRST } });

  it('an account without money waits for another key, and says why', async () => {
    const bench = await openBench();
    bench.redactor.add('a_key', 'sk-very-secret');
    const id = await bench.submit();
    const error: LlmError = { kind: 'insufficient_quota', message: 'No money for sk-very-secret.', key: 'print' };
    const models = new Shelf({ [FIRST]: [{ error }, { text: 'never' }] });
    await run(bench, models, faculty);
    const { item, events } = await bench.look(id);
    assert.deepEqual([item.state, item.attempts, models.rejected], ['waiting', 0, ['anthropic']]);
    assert.deepEqual(events.at(-1)?.data, { targets: ['anthropic'], message: 'No money for [redacted:a_key].' });
  });

  it('a focus of before there were any goes on with what it was fixed to', async () => {
    const bench = await openBench();
    const id = await bench.submit();
    const models = new Shelf({ [FIRST]: [{ error: { kind: 'rate_limited', message: 'later' } }] });
    const { focus } = await run(bench, models, faculty);
    await bench.db.query("update animus.foci set config = config - 'fallbackModels' - 'thinking' where id = $1", [
      focus.id,
    ]);
    await bench.db.query('update animus.waits set resolved_at = now() where focus_id = $1', [focus.id]);
    await bench.db.query("update animus.work_items set state = 'queued' where id = $1", [id]);
    await run(bench, new Shelf({ [FIRST]: [{ text: 'Done.' }] }), facultyOf());
    const { item, focus: last } = await bench.look(id);
    assert.deepEqual([item.state, last?.id, last?.model], ['completed', focus.id, FIRST]);
  });
});

describe('thinking in a focus', () => {
  const thought = (text: string): ThinkingBlock => ({
    ...{ type: 'thinking', text, model: FIRST, opaque: { signature: `of ${text}` } },
  });

  it('is asked for as it was fixed, kept, and given back as it was stored', async () => {
    const bench = await openBench();
    const id = await bench.submit();
    const models = new Shelf({
      [FIRST]: [
        { thoughts: [thought('Hm.')], calls: [note('a')] },
        { thoughts: [thought('So.')], text: 'Done.' },
      ],
    });
    await run(bench, models, facultyOf({ engage: { model: FIRST, thinking: 'high' } }));
    const requests = models.clients.get(FIRST)?.requests ?? [];
    assert.deepEqual(
      requests.map(({ thinking }) => thinking),
      ['high', 'high'],
    );
    assert.deepEqual(requests[1]?.messages[1]?.content[0], thought('Hm.'));
    const { messages, focus } = await bench.look(id);
    assert.equal(focus?.config?.thinking, 'high');
    assert.deepEqual(messages[1]?.content.blocks[0], thought('Hm.'));
  });

  it('is not asked for where the faculty says nothing', async () => {
    const bench = await openBench();
    await bench.submit();
    const models = new Shelf({ [FIRST]: [{ text: 'Done.' }] });
    await run(bench, models, facultyOf({ engage: { model: FIRST } }));
    assert.ok(!('thinking' in (models.clients.get(FIRST)?.requests[0] ?? {})));
  });

  it('loses what proves it where a secret was taken out of it, in rows and requests', async () => {
    const bench = await openBench();
    bench.redactor.add('a_key', 'sk-very-secret');
    const id = await bench.submit();
    const models = new Shelf({
      [FIRST]: [
        { thoughts: [thought('Try.'), thought('Or sk-very-secret.'), thought('Or not.')], calls: [note('a')] },
        { text: 'Done.' },
      ],
    });
    await run(bench, models, facultyOf({ engage: { model: FIRST, thinking: 'low' } }));
    const kept = [
      thought('Try.'),
      { type: 'thinking', text: 'Or [redacted:a_key].', model: FIRST },
      { type: 'thinking', text: 'Or not.', model: FIRST },
    ];
    const sent = models.clients.get(FIRST)?.requests[1]?.messages[1]?.content;
    assert.deepEqual(sent?.slice(0, 3), kept);
    const { messages } = await bench.look(id);
    assert.deepEqual(messages[1]?.content.blocks.slice(0, 3), kept);
  });
});
