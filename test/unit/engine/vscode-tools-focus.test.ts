/** A focus whose faculty names tools of VS Code: what it is told, what it may call, and what becomes of it without a window. */
import assert from 'node:assert/strict';
import { WindowTools } from '../../../src/host/api/window-tools.ts';
import { runFocus } from '../../../src/host/engine/focus/run-focus.ts';
import { pinnedWindowTools } from '../../../src/host/engine/tools/vscode-tools.ts';
import type { CompletionRequest } from '../../../src/host/llm/types.ts';
import { engineDatabase, OPENING_LIMIT_MS } from '../../support/engine-database.ts';
import { facultyOf, openBench } from '../../support/engine-focus.ts';
import { writtenModel } from '../../support/engine-model.ts';
import { FakeWindow, offeredTool } from '../../support/window-fake.ts';

const ONE = { calls: [{ name: 'vscode__one', input: { text: 'heron' } }] };
const DONE = { text: 'Done.' };

const facultyWith = (...tools: string[]) => facultyOf({ engage: { tools } });

describe('a focus with tools of VS Code', () => {
  before(async function () {
    this.timeout(OPENING_LIMIT_MS);
    await engineDatabase();
  });

  function windowsWith(...names: string[]) {
    const windowTools = new WindowTools(0);
    const window = new FakeWindow();
    windowTools.offer(
      window,
      names.map((name) => offeredTool(name, { tags: ['birds'] })),
    );
    return { windowTools, window };
  }

  const toolsOf = (request: CompletionRequest | undefined) =>
    (request?.tools ?? []).map(({ name }) => name).filter((name) => name.startsWith('vscode__'));
  const taskOf = (request: CompletionRequest | undefined) => {
    const [task] = request?.messages[0]?.content ?? [];
    return task?.type === 'text' ? task.text : '';
  };

  it('has those that its faculty names, and with * alone none', async () => {
    const { windowTools } = windowsWith('two', 'one', 'other');
    const cases: [string[], string[]][] = [
      [['*'], []],
      [['v*', '*e', 'vscode_*'], []],
      [
        ['vscode__o*', '*'],
        ['vscode__one', 'vscode__other'],
      ],
      [['vscode__two'], ['vscode__two']],
    ];
    for (const [patterns, expected] of cases) {
      const bench = await openBench();
      await bench.submit();
      const client = writtenModel([DONE]);
      await bench.run(client, facultyWith(...patterns), { windowTools });
      assert.deepEqual(toolsOf(client.requests[0]), expected, patterns.join());
      assert.doesNotMatch(taskOf(client.requests[0]), /MISSING TOOLS/);
    }
  });

  it('is told of them as their extensions describe them, and calls them one at a time', async () => {
    const { windowTools, window } = windowsWith('one');
    const bench = await openBench();
    const id = await bench.submit();
    const client = writtenModel([ONE, DONE]);
    await bench.run(client, facultyWith('vscode__*'), { windowTools });
    const { item, calls } = await bench.look(id);
    assert.equal(item.state, 'completed');
    assert.deepEqual(
      calls.map(({ name, effect, state, result }) => [name, effect, state, result?.content]),
      [['vscode__one', 'exclusive', 'done', 'one ran.']],
    );
    assert.deepEqual(window.called, [{ name: 'one', input: { text: 'heron' } }]);
    const told = client.requests[0]?.tools.find(({ name }) => name === 'vscode__one');
    assert.deepEqual(
      [told?.description, told?.inputSchema],
      ['Does one.\nTags: birds.', offeredTool('one').input_schema],
    );
  });

  it('calls none with arguments that do not fit what it was told', async () => {
    const { windowTools, window } = windowsWith('one');
    const bench = await openBench();
    const id = await bench.submit();
    const client = writtenModel([{ calls: [{ name: 'vscode__one', input: { text: 7 } }] }, DONE]);
    await bench.run(client, facultyWith('vscode__*'), { windowTools });
    assert.match((await bench.look(id)).calls[0]?.result?.content ?? '', /^Bad arguments for vscode__one/);
    assert.deepEqual(window.called, []);
  });

  it('works without those that are not there, and is told which and why', async () => {
    const without = {
      windowTools: new WindowTools(0),
      why: 'no VS Code window with Animus is open on this folder now',
    };
    const other = { ...windowsWith('other'), why: 'no extension in the open window has it now' };
    for (const { windowTools, why } of [without, other]) {
      const bench = await openBench();
      const id = await bench.submit();
      const client = writtenModel([DONE]);
      await bench.run(client, facultyWith('vscode__one', 'vscode__b*', 'read_file'), { windowTools });
      assert.equal((await bench.look(id)).item.state, 'completed');
      const task = taskOf(client.requests[0]);
      assert.match(task, /== MISSING TOOLS ==\nvscode__one, vscode__b\*: It is a tool of an extension of VS Code/);
      assert.ok(task.includes(why), task);
    }
  });

  it('gets an error where its window or its tool has gone meanwhile, and goes on', async () => {
    const gone = async ({ window }: ReturnType<typeof windowsWith>) => window.close();
    const withdrawn = async ({ windowTools, window }: ReturnType<typeof windowsWith>) => windowTools.offer(window, []);
    for (const [vanish, why] of [
      [gone, /was not run\. .*no VS Code window with Animus is open .*Go on without it/],
      [withdrawn, /was not run\. .*no extension in the open window has it now\. Go on without it/],
    ] as const) {
      const windows = windowsWith('one');
      const bench = await openBench();
      const id = await bench.submit();
      const client = writtenModel((turn) => (turn === 1 ? ONE : DONE));
      const claim = await bench.claim(facultyWith('vscode__*'));
      const permissionsOf = () => ({
        decide: async () => {
          await vanish(windows);
          return { kind: 'allowed' as const };
        },
      });
      await runFocus(bench.dependencies(client, { windowTools: windows.windowTools, permissionsOf }), claim);
      const { item, calls } = await bench.look(id);
      assert.deepEqual([item.state, calls[0]?.state], ['completed', 'error']);
      assert.match(calls[0]?.result?.content ?? '', why);
      assert.deepEqual(windows.window.called, []);
    }
  });

  it('keeps its tools when another host goes on with it; one that was under way is not called again', async () => {
    const { windowTools, window } = windowsWith('one');
    const bench = await openBench();
    const id = await bench.submit();
    const stopping = new AbortController();
    const client = writtenModel((turn) => {
      stopping.abort();
      return turn === 1 ? ONE : DONE;
    });
    const first = await bench.claim(facultyWith('vscode__*'), { stopping: stopping.signal });
    await runFocus(bench.dependencies(client, { windowTools }), first);
    assert.equal((await bench.look(id)).item.state, 'queued', 'it was given back at the end of its turn');
    await bench.db.query(
      "update animus.tool_calls set state = 'started', result = null, raw_result = null where work_item_id = $1",
      [id],
    );
    await bench.db.query("delete from animus.focus_messages where focus_id = $1 and kind = 'tool_results'", [
      first.focus.id,
    ]);
    // What the window offers by now does not count.
    windowTools.offer(window, [offeredTool('one', { description: 'Changed.' }), offeredTool('two')]);
    await bench.run(client, facultyWith('vscode__*'), { windowTools });
    const { item, calls } = await bench.look(id);
    assert.deepEqual([item.state, calls[0]?.state], ['completed', 'interrupted']);
    assert.equal(window.called.length, 1);
    const [before, after] = [client.requests[0], client.requests.at(-1)];
    assert.deepEqual(after?.tools, before?.tools);
  });
});

describe('a call of a tool of VS Code', () => {
  const never = new AbortController().signal;

  function setup(window = new FakeWindow()) {
    const windows = new WindowTools(0);
    windows.offer(window, [offeredTool('one')]);
    const { name, input_schema, description } = offeredTool('one');
    const [tool] = pinnedWindowTools(windows, [
      { name: 'read_file', description: '', inputSchema: {} },
      { name: `vscode__${name}`, description, inputSchema: input_schema },
    ]);
    assert.ok(tool?.kind === 'world');
    const context = {
      ...{ workItemId: 'i', focusId: 'f', faculty: 'general', workspace: '/' },
      knownFile: async () => undefined,
    };
    const run = (signal = never) => tool.run(tool.input.parse({ text: 'x' }), { ...context, signal });
    return { windows, window, tool, run };
  }

  it('is exclusive, asks, and is never repeated', () => {
    const { effect, repeatable, permission, name } = setup().tool;
    assert.deepEqual([name, effect, repeatable, permission], ['vscode__one', 'exclusive', false, 'ask']);
  });

  it('becomes an error that says whether it may have taken effect, however it ends', async () => {
    const { window, run } = setup();
    const ends = [
      [{ kind: 'gone' }, /^The VS Code window went away while vscode__one ran\. It may or may not have taken effect/],
      [{ kind: 'malformed' }, /is no result\. It may or may not have taken effect/],
      [{ kind: 'too_long' }, /was not run: its arguments are too long/],
      [{ kind: 'failed', reason: 'not_offered', message: 'No such tool.' }, /^vscode__one was not run: No such tool/],
      [{ kind: 'failed', reason: 'declined', message: 'Canceled' }, /a person said no to its question/],
      [{ kind: 'failed', reason: 'failed', message: 'broken' }, /^vscode__one failed: broken$/],
    ] as const;
    for (const [end, text] of ends) {
      window.run = () => end;
      const { content, isError } = await run();
      assert.equal(isError, true);
      assert.match(content, text);
    }
  });

  it('is ended with its focus and at its time-out, and its window hears of it', async () => {
    const late = new DOMException('over its time', 'TimeoutError');
    for (const [reason, text] of [
      [undefined, /^vscode__one was cancelled\.$/],
      [late, /ran over its time and was ended\. It may or may not have taken effect/],
    ] as const) {
      const stop = new AbortController();
      let heard = 0;
      const { window, run } = setup();
      window.run = (_call, signal) =>
        new Promise((resolve) => {
          signal.addEventListener('abort', () => {
            heard += 1;
            resolve({ kind: 'cancelled' });
          });
          stop.abort(reason);
        });
      const { content, isError } = await run(stop.signal);
      assert.match(content, text);
      assert.deepEqual([isError, heard], [true, 1]);
      assert.equal((await run(stop.signal)).isError, true);
      assert.equal(window.called.length, 1, 'and is not made after that');
    }
  });

  it('is not made where the tool has changed and takes other arguments now', async () => {
    const { windows, window, run } = setup();
    const number = { type: 'object', properties: { text: { type: 'number' } } };
    windows.offer(window, [offeredTool('one', { input_schema: number })]);
    const { content, isError } = await run();
    assert.match(content, /^vscode__one was not run\. It has changed since this work began:\n.*number/s);
    assert.deepEqual([isError, window.called], [true, []]);
    windows.offer(window, [offeredTool('one', { input_schema: { type: 'object' } })]);
    assert.equal((await run()).content, 'one ran.');
  });
});
