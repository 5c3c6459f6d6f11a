/** A focus whose faculty names MCP servers: what it is told, what it may call, and what a later host makes of it. */
import assert from 'node:assert/strict';
import path from 'node:path';
import { engineDatabase, OPENING_LIMIT_MS } from '../../support/engine-database.ts';
import { facultyOf, openBench } from '../../support/engine-focus.ts';
import { writtenModel } from '../../support/engine-model.ts';

const ODD = path.resolve(import.meta.dirname, '../../fixtures/mcp/odd-server.mjs');

const facultyWith = (mode: string, tools = ['*']) =>
  facultyOf({
    engage: { tools },
    mcp: { servers: { odd: { command: process.execPath, args: [ODD, mode], env: {}, pass_env: [], timeout: 20 } } },
  });

describe('a focus with MCP servers', () => {
  before(async function () {
    this.timeout(OPENING_LIMIT_MS);
    await engineDatabase();
  });

  it('is told of their tools, and calls them', async () => {
    const bench = await openBench();
    const id = await bench.submit();
    const client = writtenModel([{ calls: [{ name: 'mcp__odd__echo', input: { text: 'heron' } }] }, { text: 'Done.' }]);
    await bench.run(client, facultyWith('good'));
    const { item, calls } = await bench.look(id);
    assert.equal(item.state, 'completed');
    assert.deepEqual(
      calls.map(({ name, effect, state }) => [name, effect, state]),
      [['mcp__odd__echo', 'exclusive', 'done']],
    );
    assert.match(calls[0]?.result?.content ?? '', /^you said heron/);
    const names = client.requests[0]?.tools.map(({ name }) => name) ?? [];
    assert.ok(names.includes('mcp__odd__echo') && names.includes('mcp__odd__look'));
  });

  it('has those that its faculty takes, by name', async () => {
    const bench = await openBench();
    await bench.submit();
    const client = writtenModel([{ text: 'Done.' }]);
    await bench.run(client, facultyWith('good', ['mcp__odd__e*']));
    const names = (client.requests[0]?.tools ?? []).map(({ name }) => name).filter((name) => name.startsWith('mcp__'));
    assert.deepEqual(names, ['mcp__odd__echo', 'mcp__odd__environment']);
  });

  it('goes on without a server that does not start, and says so in its task', async () => {
    const bench = await openBench();
    const id = await bench.submit();
    const client = writtenModel([{ text: 'Done.' }]);
    await bench.run(client, facultyWith('no-start'));
    assert.equal((await bench.look(id)).item.state, 'completed');
    const [task] = client.requests[0]?.messages[0]?.content ?? [];
    assert.match(
      task?.type === 'text' ? task.text : '',
      /== MISSING TOOLS ==\nThe tools of the MCP server "odd" are missing/,
    );
  });

  it('keeps its tools when another host goes on with it, and an unfinished call is not made twice', async () => {
    const bench = await openBench();
    const id = await bench.submit();
    const stopping = new AbortController();
    const calls = [{ name: 'mcp__odd__look', input: {} }];
    const client = writtenModel((turn) => {
      stopping.abort();
      return turn === 1 ? { calls } : { text: 'Done.' };
    });
    const { runFocus } = await import('../../../src/host/engine/focus/run-focus.ts');
    const first = await bench.claim(facultyWith('good'), { stopping: stopping.signal });
    await runFocus(bench.dependencies(client), first);
    assert.equal((await bench.look(id)).item.state, 'queued', 'it was given back at the end of its turn');
    await bench.db.query(
      "update animus.tool_calls set state = 'started', result = null, raw_result = null where work_item_id = $1",
      [id],
    );
    await bench.db.query("delete from animus.focus_messages where focus_id = $1 and kind = 'tool_results'", [
      first.focus.id,
    ]);
    await bench.run(client, facultyWith('good'));
    const { item, calls: recorded } = await bench.look(id);
    assert.equal(item.state, 'completed');
    assert.deepEqual(
      recorded.map(({ effect, state }) => [effect, state]),
      [['read', 'interrupted']],
    );
  });
});
