/** Writes that were under way when their time was up or their work was cancelled: what the file is by then is what is recorded. */
import assert from 'node:assert/strict';
import { existsSync, readFileSync, renameSync } from 'node:fs';
import path from 'node:path';
import type { Tool, WorldTool } from '../../../src/host/engine/engage/tool.ts';
import { writeFile } from '../../../src/host/engine/tools/write-file.ts';
import { barrier, runLoop } from '../../support/engine-loop.ts';
import { MemoryJournal } from '../../support/engine-memory-journal.ts';
import { writtenModel } from '../../support/engine-model.ts';
import { holdLock, makeWorkspace, removeWorkspaces, type Workspace } from '../tools/workspace.ts';

after(removeWorkspaces);

const never = new Promise<never>(() => undefined);

/** write_file, with what its `run` does replaced, or its time. */
function writing(steps: Partial<Pick<WorldTool, 'run' | 'timeoutMs'>>): Tool {
  if (writeFile.kind !== 'world') throw new Error('write_file is no world tool');
  return { ...writeFile, ...steps };
}

const runOfTool: WorldTool['run'] = (input, context, plan) => {
  if (writeFile.kind !== 'world') throw new Error('write_file is no world tool');
  return writeFile.run(input, context, plan);
};

/** Has `a.txt` written with "mine". */
async function written(workspace: Workspace, tool: Tool, abort = new AbortController().signal) {
  const journal = new MemoryJournal();
  const client = writtenModel([
    { calls: [{ name: 'write_file', input: { path: 'a.txt', content: 'mine\n' } }] },
    { text: 'Done.' },
  ]);
  const hooksSaw: string[] = [];
  await runLoop({
    ...{ client, journal, tools: [tool], abort, context: workspace.context() },
    hooks: {
      matches: async (event) => event === 'AfterToolCall',
      afterTool: async ({ result }) => {
        hooksSaw.push(result.content);
        return { result, runs: [] };
      },
    },
  });
  const [call] = journal.calls;
  assert.ok(call);
  return { end: call.end, content: call.result?.content ?? '', hooksSaw, journal };
}

describe('a write that is late', () => {
  it('[F19] says that nothing was written where it waited for its turn, and nothing is written after that', async () => {
    for (const [timeoutMs, why] of [
      [60_000, 'it was cancelled'],
      [20, 'it ran over its time and was ended'],
    ] as const) {
      const workspace = makeWorkspace();
      const cancel = new AbortController();
      const release = holdLock(path.join(workspace.root, 'a.txt'));
      const run: WorldTool['run'] = (...given) => {
        if (timeoutMs === 60_000) setImmediate(() => cancel.abort());
        return runOfTool(...given);
      };
      const { end, content } = await written(workspace, writing({ run, timeoutMs }), cancel.signal);
      assert.deepEqual([end, content], ['error', `Could not write a.txt: ${why}. Nothing was written.`]);
      release();
      // Comes behind all that wanted the file: had the late one gone on, it would have written by then.
      await workspace.call(writeFile, { path: 'a.txt', content: 'theirs\n' });
      assert.equal(readFileSync(path.join(workspace.root, 'a.txt'), 'utf8'), 'theirs\n');
    }
  });

  it('[F19] is done where the file says so, though the tool hangs, or throws, and says nothing', async () => {
    const fails = () => Promise.reject(new Error('EIO: i/o error'));
    for (const [isCancelled, lastly] of [
      [true, () => never],
      [true, fails],
      [false, fails],
    ] as const) {
      const workspace = makeWorkspace();
      const cancel = new AbortController();
      const run: WorldTool['run'] = async (...given) => {
        await runOfTool(...given);
        if (isCancelled) cancel.abort();
        return lastly();
      };
      const { end, content, journal } = await written(workspace, writing({ run }), cancel.signal);
      assert.deepEqual([end, content], ['done', 'Created a.txt (+1 \u22120).']);
      assert.equal(journal.calls[0]?.result?.files?.[0]?.path, 'a.txt');
    }
  });

  it('[F19] is in doubt where the tool still works when it is given up, and no hook is told another story', async () => {
    const workspace = makeWorkspace();
    const hang = barrier();
    const target = path.join(workspace.root, 'a.txt');
    workspace.write('new', 'mine\n');
    // In the middle of its step, as on a disk that does not answer.
    const run: WorldTool['run'] = async () => {
      await hang.reached;
      renameSync(path.join(workspace.root, 'new'), target);
      return { content: 'late', isError: false };
    };
    const { end, content, hooksSaw } = await written(workspace, writing({ run, timeoutMs: 50 }));
    assert.deepEqual([end, existsSync(target), hooksSaw], ['interrupted', false, []]);
    assert.match(content, /^write_file did not end within 0\.05 s\. It may or may not have changed the file;/);
    hang.open();
    await hang.reached;
  });

  it('[F19] is in doubt where the file is neither what it was nor what it was to be', async () => {
    const workspace = makeWorkspace();
    const cancel = new AbortController();
    const run: WorldTool['run'] = async () => {
      workspace.write('a.txt', 'theirs\n');
      cancel.abort();
      throw new Error('EIO: i/o error');
    };
    const { end, content } = await written(workspace, writing({ run }), cancel.signal);
    assert.equal(end, 'interrupted');
    assert.match(content, /^write_file was cancelled\. It may or may not have changed the file;/);
  });

  it('[F19] is cancelled where the tool came to its end and the file is as it was', async () => {
    const workspace = makeWorkspace();
    const cancel = new AbortController();
    const run: WorldTool['run'] = async (_input, { signal }) => {
      cancel.abort();
      throw signal.reason;
    };
    const { end, content } = await written(workspace, writing({ run }), cancel.signal);
    assert.deepEqual([end, content], ['cancelled', 'write_file was cancelled.']);
  });
});
