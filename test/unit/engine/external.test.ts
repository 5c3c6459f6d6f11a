/** A program in the place of a model: its calls go the way that a model's go, and what it did lasts. */
import assert from 'node:assert/strict';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { cancelWork } from '../../../src/host/engine/focus/cancel.ts';
import { runFocus } from '../../../src/host/engine/focus/run-focus.ts';
import { askUser } from '../../../src/host/engine/tools/ask-user.ts';
import { listFiles } from '../../../src/host/engine/tools/list-files.ts';
import { readFile } from '../../../src/host/engine/tools/read-file.ts';
import { sayToWork } from '../../../src/host/store/work/messages.ts';
import { uuidv7 } from '../../../src/rendezvous/ids.ts';
import { isAlive } from '../../support/cli-sandbox.ts';
import { answered, openQuestion, spentOn } from '../../support/engine-budgets.ts';
import { dyingDatabase, engineDatabase, lossyDatabase, OPENING_LIMIT_MS } from '../../support/engine-database.ts';
import { type Bench, openBench } from '../../support/engine-focus.ts';
import { barrier, NO_HOOKS, worldTool } from '../../support/engine-loop.ts';
import { writtenModel } from '../../support/engine-model.ts';
import { externalFaculty, programOf } from '../../support/engine-program.ts';
import { until } from '../../support/engine-wait.ts';

const never = new AbortController().signal;

/** No model is asked anything here. */
const NOBODY = writtenModel([]);

describe('a program in the place of a model', function () {
  this.timeout(120_000);
  let bench: Bench;
  before(async function () {
    this.timeout(OPENING_LIMIT_MS);
    await engineDatabase();
  });
  beforeEach(async () => {
    bench = await openBench();
  });

  const at = (name: string) => path.join(bench.storeFolder, name);
  const contents = async (id: string) => (await bench.look(id)).entries.map(({ content }) => content);

  it('is told the work and its tools, calls them, and ends the work with what it says', async () => {
    const id = await bench.submit({ params: { river: 'Elbe' } });
    const command = programOf(
      bench,
      `const first = await note('two herons');
       const { body } = await ask('GET', '/v1/tools');
       writeFileSync('${at('seen')}', JSON.stringify({ told, first, body, env: process.env, cwd: process.cwd() }));
       say('All of them counted.');`,
    );
    await bench.run(NOBODY, externalFaculty(command));
    const { item, focus, calls, messages, entries } = await bench.look(id);
    assert.deepEqual([item.state, item.outcome?.summary], ['completed', 'All of them counted.']);
    assert.deepEqual(
      entries.map(({ content }) => content),
      ['two herons'],
    );
    assert.deepEqual(
      calls.map(({ name, state, caller }) => [name, state, caller]),
      [['ledger_append', 'done', 'model']],
    );
    assert.equal(focus?.model, 'external/general');
    assert.deepEqual(
      messages.map(({ kind }) => kind),
      ['task', 'assistant', 'tool_results', 'assistant'],
    );
    const { told, first, body, env, cwd } = JSON.parse(readFileSync(at('seen'), 'utf8'));
    assert.deepEqual([told.protocol, told.is_resumed, told.work.params], [1, false, { river: 'Elbe' }]);
    assert.match(told.messages[0].content[0].text, /^Count the herons\./);
    assert.match(told.system, /Work well\.$/);
    assert.deepEqual(body.tools, told.tools);
    assert.deepEqual(
      told.tools.map(({ name }: { name: string }) => name),
      ['report_outcome', 'ledger_append', 'ledger_read'],
    );
    assert.match(first.content, /\[1\]/);
    assert.deepEqual([env.ANIMUS_PHASE, env.ANIMUS_WORK_ID, env.ANIMUS_FOCUS_DIR], ['engage', id, cwd]);
    // The token is in nothing that lasts, and in no environment.
    const rows = JSON.stringify(await bench.look(id)) + JSON.stringify(env);
    assert.ok(told.token.length === 64 && !rows.includes(told.token));
  });

  it('[eng-11] has the calls of a batch run at once, and has results in order, also where each call comes on its own', async () => {
    for (const [most, way] of [
      [1, `await Promise.all(['a', 'b', 'c'].map((text) => call('look', { text })))`],
      [
        3,
        `(await ask('POST', '/v1/tools/call', { calls: ['a', 'b', 'c'].map((text) => ({ name: 'look', arguments: { text } })) })).body.results`,
      ],
    ] as const) {
      const bench = await openBench();
      const id = await bench.submit();
      const meeting = barrier();
      let arrived = 0;
      const look = worldTool({
        name: 'look',
        effect: 'read',
        run: async (text) => {
          arrived += 1;
          if (arrived === most) meeting.open();
          await meeting.reached;
          return { content: `saw ${text}`, isError: false };
        },
      });
      const command = programOf(bench, `const seen = ${way}; say(seen.map(({ content }) => content).join(', '));`);
      await bench.run(NOBODY, externalFaculty(command), { workspaceTools: [look] });
      const { item } = await bench.look(id);
      assert.equal(item.outcome?.summary, 'saw a, saw b, saw c');
    }
  });

  it('gets a refusal, a wrong argument and an unknown tool as results, and hooks and permissions see its calls', async () => {
    const id = await bench.submit();
    const look = worldTool({ name: 'look' });
    const asked: string[] = [];
    const command = programOf(
      bench,
      `const results = [await call('nothing'), await call('look', { wrong: 1 }), await call('look', { text: 'forbidden' }),
         await call('look', { text: 'denied' })];
       say(JSON.stringify(results.map(({ content, is_error }) => [is_error, content])));`,
    );
    await bench.run(NOBODY, externalFaculty(command), {
      workspaceTools: [look],
      hooksOf: () => ({
        ...NO_HOOKS,
        matches: async (event) => event === 'BeforeToolCall',
        beforeTool: async ({ call, input }) => {
          asked.push(`${call.name} ${JSON.stringify(input)}`);
          if (!JSON.stringify(input).includes('forbidden')) return { kind: 'none' };
          return { kind: 'block', reason: 'Not today.', runs: [] };
        },
      }),
      permissionsOf: () => ({
        decide: async ({ input }) =>
          JSON.stringify(input).includes('denied')
            ? { kind: 'denied', reason: 'No rule allows it.' }
            : { kind: 'allowed' },
      }),
    });
    const results = JSON.parse((await bench.look(id)).item.outcome?.summary ?? '');
    assert.deepEqual(
      results.map(([isError]: [boolean]) => isError),
      [true, true, true, true],
    );
    for (const [at, text] of [/nothing/, /text/, /Not today/, /No rule allows/].entries()) {
      assert.match(results[at][1], text);
    }
    assert.deepEqual(asked, ['look {"text":"forbidden"}', 'look {"text":"denied"}']);
    assert.deepEqual(
      (await bench.look(id)).calls.map(({ state }) => state),
      ['error', 'error', 'blocked', 'denied'],
    );
  });

  it('refuses who has no token, what is no request, and a name for two calls, and says why', async () => {
    const id = await bench.submit();
    const command = programOf(
      bench,
      `const got = [
         await ask('GET', '/v1/tools', undefined, { authorization: 'Bearer ' + 'a'.repeat(64) }),
         await ask('GET', '/v1/tools', undefined, { authorization: '' }),
         await ask('GET', '/v1/tools', undefined, { host: 'animus.example' }),
         await ask('GET', '/v1/tools', undefined, { origin: 'https://example.com' }),
         await ask('GET', '/v1/else'),
         await ask('POST', '/v1/tools/call', '{'),
         await ask('POST', '/v1/tools/call', { name: 'x', other: 1 }),
         await ask('POST', '/v1/tools/call', { calls: [] }),
         await ask('POST', '/v1/tools/call', { name: 'ledger_append', arguments: {}, id: 'not a name' }),
         await ask('POST', '/v1/tools/call', { calls: Array.from({ length: 65 }, () => ({ name: 'x' })) }),
         await ask('POST', '/v1/usage', { cost_usd: -1 }),
       ];
       await note('kept', 'one');
       got.push(await ask('POST', '/v1/tools/call', { name: 'ledger_append', arguments: { entry_type: 'note', content: 'other' }, id: 'one' }));
       got.push(await ask('POST', '/v1/tools/call', { calls: [{ name: 'ledger_read', id: 'two' }, { name: 'ledger_read', id: 'two' }] }));
       say(JSON.stringify(got.map(({ status, body }) => [status, body.error.message])));`,
    );
    await bench.run(NOBODY, externalFaculty(command));
    const { item, calls } = await bench.look(id);
    const got = JSON.parse(item.outcome?.summary ?? '') as [number, string][];
    assert.deepEqual(
      got.map(([status]) => status),
      [401, 401, 403, 403, 404, 400, 400, 400, 400, 400, 400, 409, 409],
    );
    assert.ok(got.every(([, message]) => message.length > 20));
    assert.equal(calls.length, 1);
  });

  it('makes a call once that is asked for several times at once, and tells everyone', async () => {
    const id = await bench.submit();
    const command = programOf(
      bench,
      `const body = { name: 'ledger_append', arguments: { entry_type: 'note', content: 'once' }, id: 'x' };
       const got = await Promise.all([1, 2, 3, 4].map(() => ask('POST', '/v1/tools/call', body)));
       const other = ask('POST', '/v1/tools/call', { ...body, id: 'y' });
       const wrong = await ask('POST', '/v1/tools/call', { name: 'ledger_read', id: 'y' });
       await other;
       say(JSON.stringify([...got, wrong].map(({ status, body }) => [status, body.id, body.content])));`,
    );
    await bench.run(NOBODY, externalFaculty(command));
    const { item, entries, calls } = await bench.look(id);
    const got = JSON.parse(item.outcome?.summary ?? '') as [number, string, string][];
    assert.deepEqual(new Set(got.slice(0, 4).map((one) => one.join())), new Set(['200,x,recorded as [1] note']));
    assert.equal(got[4]?.[0], 409);
    assert.deepEqual([entries.length, calls.length], [2, 2]);
  });

  it('may have so many calls wait and no more, however they come', async () => {
    const id = await bench.submit();
    const command = programOf(
      bench,
      `const got = await Promise.all(Array.from({ length: 100 }, (_, n) =>
         ask('POST', '/v1/tools/call', { name: 'ledger_read', arguments: {}, id: 'n' + n })));
       const refused = got.filter(({ status }) => status === 429).length;
       say(got.every(({ status }) => status === 200 || status === 429) ? String(refused) : 'other');`,
    );
    await bench.run(NOBODY, externalFaculty(command));
    const { item, calls } = await bench.look(id);
    assert.equal(calls.length + Number(item.outcome?.summary), 100);
    const turns = Map.groupBy(calls, ({ turn }) => turn);
    assert.ok([...turns.values()].every((made) => made.length <= 64));
  });

  it('refuses arguments that go too deep', async () => {
    const id = await bench.submit();
    const command = programOf(
      bench,
      `const deep = '{"name":"x","arguments":{"a":' + '['.repeat(5000) + ']'.repeat(5000) + '}}';
       const brackets = '{"name":"x","arguments":{"a":"' + '['.repeat(5000) + '"}}';
       const got = [await ask('POST', '/v1/tools/call', deep), await ask('POST', '/v1/tools/call', brackets)];
       say(JSON.stringify(got.map(({ status, body }) => [status, body.error?.message ?? body.is_error])));`,
    );
    await bench.run(NOBODY, externalFaculty(command));
    const [deep, brackets] = JSON.parse((await bench.look(id)).item.outcome?.summary ?? '');
    assert.equal(deep[0], 400);
    assert.match(deep[1], /100 levels/);
    assert.deepEqual(brackets, [200, true], 'what stands in a text is no level');
  });

  it('refuses a body over its bound, and serves on', async () => {
    const id = await bench.submit();
    const command = programOf(
      bench,
      `const big = await ask('POST', '/v1/tools/call', '"' + 'x'.repeat(9 * 1024 * 1024) + '"').catch((error) => ({ status: error.code }));
       await note('after it');
       say(String(big.status));`,
    );
    await bench.run(NOBODY, externalFaculty(command));
    const { item, entries } = await bench.look(id);
    // The refusal may meet a program that still writes.
    assert.match(item.outcome?.summary ?? '', /^(413|EPIPE|ECONNRESET)$/);
    assert.equal(entries.length, 1);
  });

  it('parks with a call that waits and is ended; woken it is started anew, told what was, and its named calls are not made again', async () => {
    const id = await bench.submit();
    const engineTools = { engineTools: [...bench.dependencies(NOBODY).engineTools, askUser({ headless: false })] };
    const command = programOf(
      bench,
      `appendFileSync('${at('starts')}', process.pid + ' ' + process.env.ANIMUS_PHASE_RUN + ' ' + told.is_resumed + ' ' + told.messages.length + '\\n');
       await note('before', 'first');
       const answer = await call('ask_user', { question: 'Which river?' }, 'second');
       await note('after', 'third');
       say(answer.content);`,
    );
    const faculty = externalFaculty(command);
    await bench.run(NOBODY, faculty, engineTools);
    assert.equal((await bench.look(id)).item.state, 'waiting');
    const starts = () => readFileSync(at('starts'), 'utf8').trim().split('\n');
    assert.ok(!isAlive(Number(starts()[0]?.split(' ')[0])));
    await openQuestion(bench);
    await answered(bench, { text: 'Elbe' });
    await bench.nextHost();
    await bench.run(NOBODY, faculty, engineTools);
    const { item, calls } = await bench.look(id);
    assert.equal(item.outcome?.summary, 'A person answered:\nElbe');
    assert.deepEqual(await contents(id), ['before', 'after']);
    assert.deepEqual(
      calls.map(({ providerCallId, state }) => [providerCallId, state]),
      [
        ['first', 'done'],
        ['second', 'done'],
        ['third', 'done'],
      ],
    );
    assert.deepEqual(
      starts().map((line) => line.split(' ').slice(1).join(' ')),
      ['1 false 1', '2 true 5'],
    );
  });

  it('hears what a person says with the next results, once', async () => {
    const id = await bench.submit();
    const look = worldTool({
      name: 'look',
      run: async () => {
        const said = { id: uuidv7(), workItemId: id, content: 'Count the cranes too.', by: 'cli' };
        await bench.db.transaction((tx) => sayToWork(tx, said));
        return { content: 'seen', isError: false };
      },
    });
    const command = programOf(
      bench,
      `const first = await call('look', { text: 'a' });
       const second = await note('b');
       say(JSON.stringify([first.remarks, second.remarks]));`,
    );
    await bench.run(NOBODY, externalFaculty(command), { workspaceTools: [look] });
    const heard = JSON.parse((await bench.look(id)).item.outcome?.summary ?? '');
    assert.deepEqual(heard, [['== MESSAGE FROM A PERSON ==\nCount the cranes too.'], []]);
  });

  it('is given the results of a turn that a step folded away', async () => {
    const id = await bench.submit();
    const command = programOf(
      bench,
      `await note('x'.repeat(9000));
       const step = await call('ledger_append', { entry_type: 'step', content: 'Counted.' });
       say(step.content);`,
    );
    await bench.run(NOBODY, externalFaculty(command));
    assert.match((await bench.look(id)).item.outcome?.summary ?? '', /\[2\]/);
  });

  it('goes back to the loop where the check is not content, started anew and told why', async () => {
    const id = await bench.submit();
    const command = programOf(
      bench,
      `if (JSON.stringify(told.messages).includes('== VERIFY ==')) { writeFileSync('${at('mended')}', ''); say('Mended.'); }
       else say('Done.');`,
    );
    const verify = `test -e '${at('mended')}' || { echo two tests fail >&2; exit 4; }`;
    await bench.run(NOBODY, externalFaculty(command, {}, { consolidate: { verify } }));
    assert.deepEqual((await bench.look(id)).item.outcome?.summary, 'Mended.');
  });

  it('fails the attempt where it ends badly, with the end of what it wrote to its standard error', async () => {
    const id = await bench.submit();
    const command = programOf(bench, `await note('begun'); console.error('the river is dry'); process.exit(7);`);
    await bench.run(NOBODY, externalFaculty(command));
    const { item, focus } = await bench.look(id);
    assert.deepEqual([item.state, item.attempts, focus?.error?.kind], ['queued', 1, 'command_failed']);
    assert.equal(focus?.error?.message, 'The command ended with exit code 7: the river is dry');
  });

  it('[S15] leaves no half of a secret in what it says and in why it failed, wherever that is cut', async () => {
    const secret = 'zanzibar-zanzibar-zanzibar-zanzibar';
    bench.redactor.add('key', secret);
    const id = await bench.submit();
    const command = programOf(
      bench,
      `say('x'.repeat(99_990) + '${secret}' + 'y'.repeat(1000));
       await note('said');
       console.error('${secret}' + 'z'.repeat(1980)); process.exit(1);`,
    );
    await bench.run(NOBODY, externalFaculty(command));
    const { focus, messages } = await bench.look(id);
    assert.ok(!JSON.stringify([focus, messages]).includes('zanzi'));
    assert.match(JSON.stringify(messages), /what else it said is left out/);
  });

  it('is not silent as long as it says something, also what is left out', async () => {
    const id = await bench.submit();
    const command = programOf(
      bench,
      `say('x'.repeat(150_000)); for (let n = 0; n < 30; n += 1) { await sleep(100); say('x'); }`,
    );
    await bench.run(NOBODY, externalFaculty(command, { idle_timeout: 2 }));
    assert.equal((await bench.look(id)).item.state, 'completed');
  });

  it('fails the attempt where it falls silent, and leaves nothing running', async () => {
    const id = await bench.submit();
    const command = `echo $$ > '${at('pid')}'; trap '' TERM; while :; do sleep 0.05; done`;
    await bench.run(NOBODY, externalFaculty(command, { idle_timeout: 2 }));
    const { focus } = await bench.look(id);
    assert.match(focus?.error?.message ?? '', /called nothing and said nothing/);
    assert.ok(!isAlive(Number(readFileSync(at('pid'), 'utf8'))));
  });

  it('is over with all that it started when the work is cancelled', async () => {
    const id = await bench.submit();
    const command = programOf(
      bench,
      `const { spawn } = await import('node:child_process');
       const daemon = spawn(process.execPath, ['-e', 'setInterval(() => {}, 1000)'], { detached: true, stdio: 'ignore' });
       writeFileSync('${at('pids')}', process.pid + ' ' + daemon.pid);
       await sleep(600_000);`,
    );
    const lost = new AbortController();
    const claim = await bench.claim(externalFaculty(command), { abort: lost.signal });
    const running = runFocus(bench.dependencies(NOBODY), claim);
    await until(() => existsSync(at('pids')) && readFileSync(at('pids'), 'utf8').includes(' '));
    await cancelWork(bench.db, { id, tree: true, by: 'a test' });
    lost.abort();
    await running;
    const pids = readFileSync(at('pids'), 'utf8').split(' ').map(Number);
    assert.deepEqual(pids.map(isAlive), [false, false]);
    assert.equal((await bench.look(id)).item.state, 'cancelled');
  });

  it('draws on the budget by what it reports, and is asked about at its end', async () => {
    const id = await bench.submit({ budget: { max_cost_usd: 0.05 } });
    const command = programOf(
      bench,
      `for (let n = 1; n <= 4; n += 1) {
         await usage({ input_tokens: 1000, output_tokens: 100, cost_usd: 0.02 });
         await note('turn ' + n, 'turn-' + n);
       }`,
    );
    await bench.run(NOBODY, externalFaculty(command));
    const { item, focus } = await bench.look(id);
    assert.equal(item.state, 'waiting');
    assert.deepEqual([focus?.costMicros, focus?.usage.input, focus?.usage.output], [60_000, 3000, 300]);
    assert.equal((await openQuestion(bench)).kind, 'budget');
  });

  it('has what it reported counted where it ends badly, and where it is stopped', async () => {
    const id = await bench.submit();
    const command = programOf(
      bench,
      `await usage({ input_tokens: 10, cost_usd: 0.5 }); await note('one');
       await usage({ input_tokens: 20, cache_read_tokens: 5, cost_usd: 4 }); process.exit(1);`,
    );
    await bench.run(NOBODY, externalFaculty(command));
    const { focus } = await bench.look(id);
    assert.deepEqual([focus?.costMicros, focus?.usage.input, focus?.usage.cacheRead], [4_500_000, 35, 5]);
    assert.equal((await spentOn(bench, id)).costMicros, 4_500_000);

    const other = await openBench();
    const stopped = await other.submit();
    const waiting = programOf(other, `await usage({ cost_usd: 2 }); say('reported'); await sleep(600_000);`);
    const hurry = new AbortController();
    const claim = await other.claim(externalFaculty(waiting), {
      stopping: hurry.signal,
      abort: hurry.signal,
      lost: never,
    });
    const running = runFocus(other.dependencies(NOBODY), claim);
    await until(() => other.events.some((event) => event.type === 'text'));
    hurry.abort();
    await running;
    assert.equal((await other.look(stopped)).focus?.status, 'released');
    assert.equal((await spentOn(other, stopped)).costMicros, 2_000_000);
  });

  it('may not spend unseen where the cost is limited', async () => {
    const id = await bench.submit({ budget: { max_cost_usd: 0.05 } });
    await bench.run(NOBODY, externalFaculty(programOf(bench, `await note('one'); await note('two');`)));
    const { item, entries } = await bench.look(id);
    assert.deepEqual([item.state, entries.length], ['dead', 1]);
    assert.match(item.outcome?.summary ?? '', /POST \/v1\/usage/);
  });

  it('is stopped by its turns, parked with a question, and goes on', async () => {
    const id = await bench.submit();
    const command = programOf(bench, `for (let n = 1; n <= 4; n += 1) await note('turn ' + n, 'turn-' + n);`);
    const faculty = externalFaculty(command, { max_turns: 3 });
    await bench.run(NOBODY, faculty);
    assert.deepEqual([(await bench.look(id)).item.state, (await contents(id)).length], ['waiting', 3]);
    await answered(bench, { choice: 1 });
    await bench.run(NOBODY, faculty);
    assert.deepEqual(await contents(id), ['turn 1', 'turn 2', 'turn 3', 'turn 4']);
    assert.equal((await bench.look(id)).item.state, 'completed');
  });

  it('may be the one in the documentation', async () => {
    const page = readFileSync(path.resolve(import.meta.dirname, '../../../docs/external.md'), 'utf8');
    const [, body] = /```js\n(.*?)```/s.exec(page) ?? [];
    const file = at('planner.mjs');
    writeFileSync(file, body ?? '');
    writeFileSync(at('README.md'), '# Herons\n');
    const id = await bench.submit();
    await bench.run(NOBODY, externalFaculty(`'${process.execPath}' '${file}'`), {
      workspace: bench.storeFolder,
      workspaceTools: [readFile, listFiles],
    });
    const { item, messages } = await bench.look(id);
    assert.equal(item.outcome?.summary, 'Looked at the README.');
    assert.match((await contents(id)).join(), /^The README begins: .*# Herons/s);
    assert.match(JSON.stringify(messages), /Read \d+ characters and \d+ lines of names/);
  });

  it('[F2] does each named call once, whichever transaction the host dies before or after, or loses the answer of', async () => {
    const body = `await note('one', 'a'); await note('two', 'b'); say('Done.');`;
    for (const when of ['before', 'after', 'lossy'] as const) {
      for (let at = when === 'before' ? 12 : 2; at <= 15; at += when === 'lossy' ? 3 : 1) {
        const bench = await openBench();
        const id = await bench.submit();
        const faculty = externalFaculty(programOf(bench, body));
        const db = when === 'lossy' ? lossyDatabase(bench.db, (n) => n === at) : dyingDatabase(bench.db, at, when);
        const claim = await bench.claim(faculty);
        await runFocus(bench.dependencies(NOBODY, { db }), claim);
        while ((await bench.look(id)).item.state !== 'completed') {
          await bench.nextHost();
          await bench.run(NOBODY, faculty);
        }
        const { item, entries, calls } = await bench.look(id);
        const told = [item.attempts, item.outcome?.summary, calls.length, entries.map(({ content }) => content)];
        assert.deepEqual(told, [0, 'Done.', 2, ['one', 'two']], `${when} ${at}`);
      }
    }
  });
});
