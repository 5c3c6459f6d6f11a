/** How long work may run (`max_duration`): what is under way when that is over is ended, and the work asks. */
import assert from 'node:assert/strict';
import { existsSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { turnsOnly } from '../../../src/host/engine/engage/limits.ts';
import type { Limits } from '../../../src/host/engine/engage/types.ts';
import { runFocus } from '../../../src/host/engine/focus/run-focus.ts';
import { createRunCommand } from '../../../src/host/engine/tools/run-command.ts';
import type { LlmClient, LlmError } from '../../../src/host/llm/types.ts';
import { setLimit } from '../../../src/host/store/budgets/budgets.ts';
import { isAlive } from '../../support/cli-sandbox.ts';
import { answered, openQuestion, PRICED, spentOn } from '../../support/engine-budgets.ts';
import { CONTEXT_SETTINGS } from '../../support/engine-context.ts';
import { OPENING_LIMIT_MS } from '../../support/engine-database.ts';
import { type Bench, facultyOf, openBench } from '../../support/engine-focus.ts';
import { runLoop, worldTool } from '../../support/engine-loop.ts';
import { MemoryJournal } from '../../support/engine-memory-journal.ts';
import { type WrittenAnswer, type WrittenModel, writtenModel } from '../../support/engine-model.ts';
import { externalFaculty, programOf } from '../../support/engine-program.ts';

const FACULTY = facultyOf({ engage: { max_tokens: 100 } });
const NEVER = new Promise<never>(() => undefined);
/** Begins an answer and goes on for ever; only its signal ends it. */
const endless: WrittenAnswer = { text: 'half an answer', after: NEVER };

describe('running time', function () {
  this.timeout(OPENING_LIMIT_MS);
  let bench: Bench;
  beforeEach(async () => {
    bench = await openBench();
  });

  /** As if foci of the item had begun to run so much earlier, or later. */
  const shift = (id: string, interval: string) =>
    bench.db.query('update animus.foci set running_since = running_since - $2::interval where work_item_id = $1', [
      id,
      interval,
    ]);

  /** An hour has passed, to the database, as soon as the model is asked. */
  const hourLong = (model: WrittenModel, id: string): LlmClient => ({
    provider: model.provider,
    async *stream(request, signal) {
      await shift(id, '25 hours');
      yield* model.stream(request, signal);
    },
  });

  /** To the database no time passes until the model is asked: so what is left then does not hang on how fast this is. */
  async function claimStill(id: string) {
    const claim = await bench.claim(FACULTY);
    await shift(id, '-1 day');
    return claim;
  }

  it('cuts off a model call that runs over it, charges it, and asks; raised, the work goes on with the new limit', async () => {
    const id = await bench.submit({ budget: { max_duration_seconds: 0.05 } });
    const model = writtenModel([endless]);
    const claim = await claimStill(id);
    await runFocus(bench.dependencies(hourLong(model, id), { defaultModel: PRICED }), claim);
    const { item, focus, messages } = await bench.look(id);
    assert.deepEqual([item.state, item.attempts, focus?.status], ['waiting', 0, 'parked']);
    assert.deepEqual([model.requests.length, messages.length], [1, 1]);
    const question = await openQuestion(bench);
    assert.deepEqual([question.kind, question.turn], ['budget', 0]);
    assert.match(question.text, /^The budget of this work is used up: it may run for 0 s, and has run for 60 min\./);
    assert.ok((await spentOn(bench, id)).costMicros > 0);
    assert.deepEqual(await bench.db.query('select 1 from animus.reservations where work_item_id = $1', [id]), []);
    assert.ok(bench.events.some((event) => event.type === 'retry' && /max_duration/.test(event.reason)));

    await answered(bench, { text: '90 min' });
    await bench.run(writtenModel([{ text: 'Counted.' }]), FACULTY, { defaultModel: PRICED });
    const after = await bench.look(id);
    assert.deepEqual([after.item.state, after.item.outcome?.summary, after.foci.length], ['completed', 'Counted.', 1]);
  });

  it('ends as budget where nobody is there to be asked', async () => {
    const id = await bench.submit({ budget: { max_duration_seconds: 0.05 } });
    const claim = await claimStill(id);
    await runFocus(bench.dependencies(hourLong(writtenModel([endless]), id), { headless: true }), claim);
    const { item, foci } = await bench.look(id);
    assert.deepEqual([item.state, item.outcome?.error?.kind, item.attempts], ['completed', 'budget', 0]);
    assert.match(item.outcome?.error?.message ?? '', /it may run for 0 s, and has run for/);
    assert.equal(foci.length, 1);
  });

  it('bounds a child by the limit of the work above it', async () => {
    const root = await bench.submit();
    await bench.claim(FACULTY);
    await bench.db.transaction((tx) => setLimit(tx, root, 'duration', 50));
    const id = await bench.submit({ parent: { id: root, rootId: root, depth: 0 } });
    const claim = await claimStill(id);
    await runFocus(bench.dependencies(hourLong(writtenModel([endless]), id)), claim);
    const { item } = await bench.look(id);
    assert.deepEqual([item.state, item.outcome?.error?.kind], ['completed', 'budget']);
    assert.match(item.outcome?.error?.message ?? '', /^The budget of the work #[0-9a-f]{8} above this one is used up/);
  });

  it('is not begun anew by another model, which is not asked when it is over', async () => {
    const id = await bench.submit({ budget: { max_duration_seconds: 100 } });
    const failing = writtenModel([{ error: { kind: 'overloaded', message: 'Too much to do.' } }]);
    const second = writtenModel([{ text: 'Counted.' }]);
    const faculty = facultyOf({ engage: { model: 'a/one', fallback_models: ['b/two'] } });
    const claim = await bench.claim(faculty);
    const slow: LlmClient = {
      provider: 'a',
      async *stream(request, signal) {
        await shift(id, '2 minutes');
        yield* failing.stream(request, signal);
      },
    };
    const { models } = bench.dependencies(failing);
    const open = (modelName: string) =>
      ({ kind: 'ready', client: modelName === 'a/one' ? slow : second, modelName }) as const;
    await runFocus(bench.dependencies(failing, { models: { ...models, open } }), claim);
    assert.deepEqual([(await bench.look(id)).focus?.model, second.requests.length], ['b/two', 0]);
    assert.match((await openQuestion(bench)).text, /has run for 2 min/);
  });

  it('ends a command with all that it started, whose result says why, closes its turn and asks', async () => {
    const runCommand = createRunCommand({
      environment: { PATH: process.env.PATH ?? '' },
      storeId: bench.place,
      confine: 'off',
      findConfinement: async () => undefined,
    });
    const id = await bench.submit({ budget: { max_duration_seconds: 4 } });
    const command = 'trap "" TERM; echo $$; while :; do sleep 600; done';
    const model = writtenModel([{ calls: [{ name: 'run_command', input: { command, timeout_seconds: 3000 } }] }]);
    const workspace = bench.storeFolder;
    await bench.run(model, FACULTY, { workspaceTools: [runCommand], workspace });
    const { item, calls, messages } = await bench.look(id);
    assert.deepEqual([item.state, calls[0]?.state, messages.at(-1)?.kind], ['waiting', 'error', 'tool_results']);
    const said = calls[0]?.result?.content ?? '';
    assert.match(said, /\[ended: the work's time \(max_duration\) is up\]$/);
    const pid = Number(/stdout:\n(\d+)/.exec(said)?.[1]);
    assert.ok(pid > 0 && !isAlive(pid), said);
    assert.deepEqual([(await openQuestion(bench)).turn, model.requests.length], [1, 1]);
  });

  it('is known to a focus that goes on with the calls of its open turn', async () => {
    const id = await bench.submit({ budget: { max_duration_seconds: 100 } });
    const stopping = new AbortController();
    const ran: string[] = [];
    const look = worldTool({
      name: 'look',
      effect: 'write',
      run: async (text) => {
        ran.push(text);
        await shift(id, '2 minutes');
        stopping.abort();
        return { content: 'seen', isError: false };
      },
    });
    const model = writtenModel([
      { calls: ['a', 'b'].map((text) => ({ name: 'look', input: { text } })) },
      { text: 'Counted.' },
    ]);
    const claim = await bench.claim(FACULTY, { stopping: stopping.signal, held: stopping.signal });
    await runFocus(bench.dependencies(model, { workspaceTools: [look] }), claim);
    await bench.run(model, FACULTY, { workspaceTools: [look] });
    const { item, calls } = await bench.look(id);
    assert.deepEqual([item.state, ran, model.requests.length], ['waiting', ['a'], 1]);
    assert.deepEqual(calls[1]?.result?.content, "Not run: the work's time (max_duration) is up.");
    await answered(bench, { text: '1 h' });
    await bench.run(model, FACULTY, { workspaceTools: [look] });
    assert.equal((await bench.look(id)).item.state, 'completed');
  });

  it("ends a program in the model's place that does not call, and starts it anew when the limit is raised", async () => {
    const id = await bench.submit({ budget: { max_duration_seconds: 100 } });
    const at = (name: string) => path.join(bench.storeFolder, name);
    const command = programOf(
      bench,
      `if (existsSync('${at('pid')}')) { say('Counted.'); process.exit(0); }
       writeFileSync('${at('pid')}', String(process.pid)); process.on('SIGTERM', () => {});
       await call('look', { text: 'at it' });
       await sleep(600_000);`,
    );
    const faculty = externalFaculty(command, { idle_timeout: 3000 });
    const look = worldTool({
      name: 'look',
      run: async () => {
        await shift(id, '98 seconds');
        return { content: 'seen', isError: false };
      },
    });
    await bench.run(writtenModel([]), faculty, { workspaceTools: [look] });
    const { item, calls, focus } = await bench.look(id);
    assert.deepEqual([item.state, focus?.error ?? null, calls[0]?.state], ['waiting', null, 'done']);
    assert.match((await openQuestion(bench)).text, /it may run for 100 s/);
    assert.ok(existsSync(at('pid')) && !isAlive(Number(readFileSync(at('pid'), 'utf8'))));
    await answered(bench, { choice: 1 });
    await bench.run(writtenModel([]), faculty, { workspaceTools: [look] });
    assert.equal((await bench.look(id)).item.outcome?.summary, 'Counted.');
  });
});

describe('the end of the running time in the loop', () => {
  /** Says that so much is left at each look; the call after the last look is not admitted. */
  function leaving(lefts: readonly number[]) {
    const left = [...lefts];
    const cut: LlmError['kind'][] = [];
    const limits: Limits = {
      ...turnsOnly(9),
      admit: async () => (left.length === 0 ? { kind: 'budget', message: 'Enough.' } : undefined),
      noAnswer: async ({ kind }) => void cut.push(kind),
      runsUntil: async () => performance.now() + (left.shift() ?? Number.POSITIVE_INFINITY),
    };
    return { limits, cut };
  }

  const HOUR = 3_600_000;
  const ENOUGH = { kind: 'budget', message: 'Enough.' };

  /** One turn with one call of a tool that ends by its signal alone, and how that went. */
  async function resultOf(lefts: readonly number[], timeoutMs: number, run: (signal: AbortSignal) => Promise<never>) {
    const journal = new MemoryJournal();
    const tool = worldTool({ name: 'wait', timeoutMs, run: (_text, { signal }) => run(signal) });
    const client = writtenModel([{ calls: [{ name: 'wait', input: { text: '' } }] }]);
    const result = await runLoop({ client, journal, tools: [tool], limits: leaving(lefts).limits });
    assert.deepEqual(result, ENOUGH);
    return journal.calls[0]?.result?.content;
  }

  const thrownAtEnd = (signal: AbortSignal) =>
    new Promise<never>((_, reject) => signal.addEventListener('abort', () => reject(signal.reason)));

  it("names what was less: the tool's own time, or what was left of the work's", async () => {
    assert.equal(await resultOf([HOUR, HOUR, HOUR], 30, thrownAtEnd), 'wait did not end within 0.03 s.');
    assert.equal(
      await resultOf([HOUR, HOUR, 0], HOUR, thrownAtEnd),
      "wait was ended: the work's time (max_duration) is up.",
    );
  });

  it('tells a tool that it is cancelled, since nothing is wrong with how long it took', async () => {
    let reason: unknown;
    await resultOf([HOUR, HOUR, 0], HOUR, (signal) => thrownAtEnd(signal).finally(() => (reason = signal.reason)));
    assert.ok(reason instanceof DOMException && reason.name === 'AbortError');
  });

  it('lets a limit of a year be', async () => {
    assert.equal(await resultOf([365 * 24 * HOUR, HOUR, HOUR], 30, thrownAtEnd), 'wait did not end within 0.03 s.');
  });

  it('asks nothing of a model, and charges nothing, when the time went by meanwhile', async () => {
    const { limits, cut } = leaving([-1]);
    const client = writtenModel([endless]);
    assert.deepEqual(await runLoop({ client, journal: new MemoryJournal(), limits }), ENOUGH);
    assert.deepEqual([client.requests.length, cut], [0, ['refused']]);
  });

  it('is no way round a stop: a loop that is to end as well ends as stopped', async () => {
    const { limits } = leaving([1]);
    const stopping = new AbortController();
    const client = writtenModel([endless]);
    const emit = () => stopping.abort();
    const options = { client, journal: new MemoryJournal(), limits, emit, stopping: stopping.signal };
    assert.deepEqual(await runLoop(options), { kind: 'stopped' });
    assert.equal(client.requests.length, 1);
  });

  it('cuts off a summary as well', async () => {
    const { limits, cut } = leaving([HOUR, HOUR, HOUR, 1]);
    const settings = { ...CONTEXT_SETTINGS, windowTokens: 10_000, compactKeepRecent: 4, ledgerNudgeInterval: 0 };
    const look = worldTool({ name: 'look', run: (text) => ({ content: text.padEnd(60_000, '.'), isError: false }) });
    const client = writtenModel((turn) => {
      return turn === 0 ? endless : { calls: [{ name: 'look', input: { text: `at ${turn}` } }] };
    });
    const journal = new MemoryJournal('The task.', settings);
    const result = await runLoop({ client, journal, tools: [look], settings, limits });
    // Whoever finds no room says so too; nothing is held back any more by then.
    assert.deepEqual([result, cut], [ENOUGH, ['stream_cut', 'refused']]);
    assert.equal(client.requests.at(-1)?.turn, undefined);
  });
});
