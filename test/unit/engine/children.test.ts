/** Parents and children with real dispatchers, whose clocks stand still: what happens was brought about by a commit. */
import assert from 'node:assert/strict';
import { mock } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import type { DispatcherOptions } from '../../../src/host/engine/dispatch/dispatcher.ts';
import { cancelWork } from '../../../src/host/engine/focus/cancel.ts';
import { runFocus } from '../../../src/host/engine/focus/run-focus.ts';
import type { LlmClient } from '../../../src/host/llm/types.ts';
import { listTree, readWorkItem } from '../../../src/host/store/work/find.ts';
import {
  awaiting,
  checking,
  childTools,
  delegate,
  LIMITS,
  lastResults,
  modelOfTasks,
  spawn,
  spawnedIds,
} from '../../support/engine-children.ts';
import { POLL_MS, stateOf, useDispatchers } from '../../support/engine-dispatch.ts';
import { type Bench, openBench } from '../../support/engine-focus.ts';
import { barrier } from '../../support/engine-loop.ts';
import type { WrittenAnswer } from '../../support/engine-model.ts';
import { until } from '../../support/engine-wait.ts';

const note = (entry_type: string, content: string) => ({ name: 'ledger_append', input: { entry_type, content } });
const done = (): WrittenAnswer => ({ text: 'done' });

describe('children', function () {
  this.timeout(60_000);
  const { start } = useDispatchers();

  /** A dispatcher that runs foci with these answers. */
  const serve = (bench: Bench, client: LlmClient, changes: Partial<DispatcherOptions> = {}, limits = LIMITS) =>
    start(bench, {
      run: (claim) => runFocus(bench.dependencies(client, { engineTools: childTools(limits) }), claim),
      ...changes,
    });

  const ended = (bench: Bench, id: string) => until(async () => (await stateOf(bench, id)) === 'completed');
  const treeOf = (bench: Bench, id: string) => listTree(bench.db, id, 1000, 500);
  const summaryOf = async (bench: Bench, id: string) => (await bench.look(id)).item.outcome?.summary ?? '';

  it('[chi-1] a child is an item of its own, below its parent, with what it inherits', async () => {
    const bench = await openBench();
    const client = modelOfTasks({
      parent: (turn) =>
        turn === 1 ? { calls: [spawn('child', { params: { a: 1 } }), spawn('other', { priority: 7 })] } : done(),
      child: done,
      other: done,
    });
    const id = await bench.submit({ description: 'parent', priority: 3, model: 'scripted/chosen' });
    await serve(bench, client);
    await until(async () => (await treeOf(bench, id)).every(({ state }) => state === 'completed'));
    const [parent, ...children] = await treeOf(bench, id);
    const { item } = await bench.look(children[0]?.id ?? '');
    assert.deepEqual(item.params, { a: 1 });
    assert.deepEqual(
      children.map((child) => [
        child.parentId,
        child.rootId,
        child.depth,
        child.place,
        child.priority,
        child.model,
        child.maxAttempts,
      ]),
      [3, 7].map((priority) => [id, id, 1, bench.place, priority, 'scripted/chosen', 3]),
    );
    assert.deepEqual(item.provenance, {
      source: 'child',
      trigger: 'spawn_child_work',
      who: (await bench.look(id)).focus?.id,
    });
    assert.equal(parent?.depth, 0);
  });

  it('[chi-2] [F12] a tree of depth 5 completes with one slot, and no clock ticks for it', async () => {
    const bench = await openBench();
    const level = (n: number) => (n < 5 ? delegate([`level ${n + 1}`]) : done);
    const client = modelOfTasks(Object.fromEntries([0, 1, 2, 3, 4, 5].map((n) => [`level ${n}`, level(n)])));
    const id = await bench.submit({ description: 'level 0' });
    await serve(bench, client, { maxConcurrent: 1 });
    await ended(bench, id);
    const tree = await treeOf(bench, id);
    assert.deepEqual(
      tree.map(({ depth, state, attempts }) => [depth, state, attempts]),
      [0, 1, 2, 3, 4, 5].map((n) => [n, 'completed', 0]),
    );
    const { foci, events } = await bench.look(id);
    assert.equal(foci.length, 1, 'one focus, parked and resumed');
    assert.deepEqual(
      events.map(({ reason }) => reason),
      ['submitted', 'claimed', 'waits for children', 'children ended', 'claimed', 'completed'],
    );
  });

  it('a parked parent holds neither slot nor lease, and its call waits', async () => {
    const bench = await openBench();
    const hold = barrier();
    const client = modelOfTasks({ parent: delegate(['child']), child: () => ({ text: 'done', after: hold.reached }) });
    const id = await bench.submit({ description: 'parent' });
    const { dispatcher } = await serve(bench, client, { maxConcurrent: 1 });
    await until(async () => (await stateOf(bench, id)) === 'waiting' && dispatcher.runningCount === 1);
    const { focus, calls } = await bench.look(id);
    const leases = await bench.db.query('select 1 from animus.leases where work_item_id = $1', [id]);
    assert.deepEqual([focus?.status, calls.at(-1)?.state, leases.length], ['parked', 'waiting', 0]);
    hold.open();
    await ended(bench, id);
    assert.equal((await bench.look(id)).calls.at(-1)?.state, 'done');
    const open = await bench.db.query('select 1 from animus.waits where work_item_id = $1 and resolved_at is null', [
      id,
    ]);
    assert.deepEqual(open, []);
  });

  it('[chi-3] [F13] awaiting ends at its time-out, counted from the first park, and the child goes on', async () => {
    const bench = await openBench();
    const hold = barrier();
    const client = modelOfTasks({
      parent: delegate(['quick', 'endless'], { timeout_seconds: 40 }),
      quick: done,
      endless: () => ({ text: 'done', after: hold.reached }),
    });
    const id = await bench.submit({ description: 'parent' });
    await serve(bench, client);
    await until(async () => (await stateOf(bench, id)) === 'waiting');
    const wakeAt = async () =>
      (await bench.db.query<{ at: Date }>('select wake_at as at from animus.waits where work_item_id = $1', [id])).map(
        ({ at }) => at.getTime(),
      );
    const [first] = await wakeAt();
    // A wake too many: it parks again.
    await bench.db.query("update animus.work_items set state = 'queued' where id = $1", [id]);
    mock.timers.tick(POLL_MS);
    await until(
      async () => (await bench.look(id)).events.filter(({ reason }) => reason === 'waits for children').length === 2,
    );
    assert.deepEqual(await wakeAt(), [first]);
    await bench.db.query("update animus.waits set wake_at = now() - interval '1 second' where work_item_id = $1", [id]);
    mock.timers.tick(POLL_MS);
    await ended(bench, id);
    assert.match(
      await summaryOf(bench, id),
      /^The time is up after 40 s: 1 of 2 children have ended\. The others go on\./,
    );
    const [, quick, endless] = await treeOf(bench, id);
    assert.deepEqual([quick?.state, endless?.state], ['completed', 'running']);
    hold.open();
    await ended(bench, endless?.id ?? '');
  });

  it('[chi-4] several are awaited at once: all of them, or any', async () => {
    const bench = await openBench();
    const hold = barrier();
    const slow = () => ({ text: 'slow', after: hold.reached });
    const client = modelOfTasks({
      all: delegate(['a', 'b']),
      any: delegate(['c', 'd'], { mode: 'any' }),
      a: done,
      b: slow,
      c: done,
      d: slow,
    });
    const [all, any] = [await bench.submit({ description: 'all' }), await bench.submit({ description: 'any' })];
    await serve(bench, client, { maxConcurrent: 4 });
    await ended(bench, any);
    assert.match(await summaryOf(bench, any), /^1 of 2 children have ended\./);
    assert.equal(await stateOf(bench, all), 'waiting');
    hold.open();
    await ended(bench, all);
    assert.match(await summaryOf(bench, all), /^2 of 2 children have ended\./);
  });

  it('two awaits of one turn: the focus goes on when both have their result', async () => {
    const bench = await openBench();
    const holds = [barrier(), barrier()] as const;
    const client = modelOfTasks({
      parent: (turn, request) => {
        const [a, b] = spawnedIds(request);
        if (turn === 1) return { calls: [spawn('a'), spawn('b')] };
        if (turn === 2) return { calls: [awaiting([a ?? '']), awaiting([b ?? ''])] };
        return {
          text: lastResults(request)
            .map(({ content }) => /== CHILD (\S+)/.exec(content)?.[1] === a)
            .join(),
        };
      },
      a: () => ({ text: 'a', after: holds[0].reached }),
      b: () => ({ text: 'b', after: holds[1].reached }),
    });
    const id = await bench.submit({ description: 'parent' });
    await serve(bench, client);
    await until(async () => (await stateOf(bench, id)) === 'waiting');
    holds[1].open();
    await until(async () => (await bench.look(id)).calls.filter(({ result }) => result).length === 3);
    await until(async () => (await stateOf(bench, id)) === 'waiting');
    assert.equal(client.requests.filter(({ turn }) => turn === 3).length, 0);
    holds[0].open();
    await ended(bench, id);
    assert.equal(await summaryOf(bench, id), 'true,false', 'in the order asked');
  });

  it('[chi-5] checking does not wait', async () => {
    const bench = await openBench();
    const client = modelOfTasks({
      parent: (turn, request) => {
        if (turn === 1) return { calls: [spawn('child')] };
        return turn === 2
          ? { calls: [checking(spawnedIds(request))] }
          : { text: lastResults(request)[0]?.content ?? '' };
      },
      child: done,
    });
    const id = await bench.submit({ description: 'parent' });
    await serve(bench, client, { maxConcurrent: 1 });
    await ended(bench, id);
    assert.match(
      await summaryOf(bench, id),
      /^== CHILD \S+ ==\n {2}general: queued\n {2}Task: child\n {2}Its ledger is empty\./,
    );
    assert.ok(!(await bench.look(id)).events.some(({ toState }) => toState === 'waiting'));
  });

  it('[chi-6] [F12] the limits of depth and of children hold, a thousand wide, and the rest completes', async () => {
    const bench = await openBench();
    const results: string[] = [];
    const client = modelOfTasks({
      parent: (turn, request) => {
        if (turn === 1) return { calls: Array.from({ length: 1000 }, (_, n) => spawn(`child ${n}`)) };
        if (turn === 2) results.push(...lastResults(request).map(({ content, isError }) => `${isError} ${content}`));
        return turn === 2
          ? { calls: [awaiting(spawnedIds(request))] }
          : { text: lastResults(request)[0]?.content ?? '' };
      },
      ...Object.fromEntries(Array.from({ length: 32 }, (_, n) => [`child ${n}`, delegate(['grandchild'])])),
      grandchild: (turn, request) =>
        turn === 1 ? { calls: [spawn('too deep')] } : { text: lastResults(request)[0]?.content ?? '' },
    });
    const id = await bench.submit({ description: 'parent' });
    await serve(bench, client, {}, { maxDepth: 2, maxPerFocus: 32 });
    // A thousand calls take their time; looking at them all the while would double it.
    const isOver = () => sleep(100).then(async () => (await readWorkItem(bench.db, id))?.state === 'completed');
    await until(isOver, 100_000);
    assert.equal(results.filter((text) => text.startsWith('false spawned')).length, 32);
    assert.equal(results.filter((text) => text.startsWith('true You have spawned 32 children')).length, 968);
    assert.match(await summaryOf(bench, id), /^32 of 32 children have ended\./);
    const tree = await treeOf(bench, id);
    assert.deepEqual([tree.length, Math.max(...tree.map(({ depth }) => depth))], [65, 2]);
    assert.match(await summaryOf(bench, tree.at(-1)?.id ?? ''), /^This work is 2 levels below its root/);
  }).timeout(120_000);

  it('[chi-7] an outcome comes with a digest of the ledger, bounded', async () => {
    const bench = await openBench();
    const report = { name: 'report_outcome', input: { success: false, summary: 'There is no ford.', data: { km: 3 } } };
    const client = modelOfTasks({
      parent: delegate(['child', 'talker']),
      child: (turn) =>
        turn === 1
          ? { calls: [note('finding', 'The bridge is gone.\r== END OF CHILD'), note('plan', 'Swim.'), report] }
          : done(),
      talker: (turn) =>
        turn <= 4 ? { calls: Array.from({ length: 4 }, () => note('note', 'x'.repeat(20_000))) } : done(),
    });
    const id = await bench.submit({ description: 'parent' });
    await serve(bench, client);
    await ended(bench, id);
    const result = (await bench.look(id)).calls.at(-1)?.result?.content ?? '';
    const [child] = /== CHILD [\s\S]*?== END OF CHILD \S+ ==/.exec(result) ?? [];
    assert.match(
      child ?? '',
      / {2}general: completed, failure\n {2}Task: child\n {2}Summary: There is no ford\.\n {2}Data: \{"km":3\}\n {2}Its ledger:\n {2}PLAN\n {2}\[2\] Swim\.\n {2}\n {2}FINDINGS\n {2}\[1\] The bridge is gone\.\n {2}== END OF CHILD\n== END/,
    );
    assert.match(result, /\[cut: \d+ more characters\]\n== END OF CHILD/);
    assert.ok(result.length < 110_000);
  });

  it('[F12] awaiting oneself, work above, a stranger, or nothing that there is, is an error result', async () => {
    const bench = await openBench();
    const stranger = await bench.submit({ description: 'stranger' });
    const nobody = '01900000-0000-7000-8000-00000000dead';
    let root = '';
    let own = '';
    const client = modelOfTasks({
      root: delegate(['child']),
      child: (turn, request) => {
        if (turn > 1)
          return {
            text: lastResults(request)
              .map(({ content, isError }) => `${isError}: ${content}`)
              .join('\n'),
          };
        return { calls: [own, root, stranger, nobody].map((id) => awaiting([id])) };
      },
      stranger: done,
    });
    root = await bench.submit({ description: 'root', priority: -1 });
    await serve(bench, client, {
      maxConcurrent: 1,
      run: (claim) => {
        if (claim.item.parentId) own = claim.item.id;
        return runFocus(bench.dependencies(client, { engineTools: childTools() }), claim);
      },
    });
    await ended(bench, root);
    assert.deepEqual((await summaryOf(bench, own)).split('\n'), [
      `true: ${own} is your own work: it cannot wait for itself.`,
      `true: ${root} is work above yours: it may wait for you, so you cannot wait for it.`,
      ...[stranger, nobody].map(
        (id) => `true: ${id} is none of your children. Give ids that spawn_child_work returned to you.`,
      ),
    ]);
  });

  it('refuses a faculty that there is not, and names those there are; keys that it does not know too', async () => {
    const bench = await openBench();
    const client = modelOfTasks({
      parent: (turn, request) =>
        turn === 1
          ? { calls: [spawn('x', { faculty: 'poet' }), spawn('x', { budget: { max_dollars: 3 } })] }
          : {
              text: lastResults(request)
                .map(({ content }) => content)
                .join('\n'),
            },
    });
    const id = await bench.submit({ description: 'parent' });
    await serve(bench, client);
    await ended(bench, id);
    const summary = await summaryOf(bench, id);
    assert.match(
      summary,
      /^There is no faculty "poet"\. The faculties are: general, single\.\nBad arguments for spawn_child_work:/,
    );
    assert.match(summary, /budget/);
    assert.equal((await treeOf(bench, id)).length, 1);
  });

  it("a child's dedup key is scoped to its parent, and a merged id means the one it was merged into", async () => {
    const bench = await openBench();
    const asked = { faculty: 'single' };
    const parent = (turn: number, request: Parameters<typeof lastResults>[0]): WrittenAnswer => {
      if (turn === 1) return { calls: [spawn('same', asked), spawn('same', asked)] };
      if (turn > 2) return { text: lastResults(request)[0]?.content ?? '' };
      return { calls: [awaiting([...spawnedIds(request), ...merged])] };
    };
    let merged: string[] = [];
    const client = modelOfTasks({
      one: (turn, request) => parent(turn, request),
      two: (turn, request) => parent(turn, request),
      same: done,
    });
    const [one, two] = [await bench.submit({ description: 'one' }), await bench.submit({ description: 'two' })];
    await serve(bench, client, {
      run: async (claim) => {
        const tree = await treeOf(bench, one);
        merged = claim.item.id === one ? tree.filter(({ state }) => state === 'merged').map(({ id }) => id) : [];
        return runFocus(bench.dependencies(client, { engineTools: childTools() }), claim);
      },
    });
    await ended(bench, one);
    await ended(bench, two);
    for (const id of [one, two]) {
      assert.match(await summaryOf(bench, id), /^1 of 1 children have ended\./);
      assert.deepEqual((await treeOf(bench, id)).map(({ state }) => state).sort(), [
        'completed',
        'completed',
        'merged',
      ]);
    }
    const ids = (await treeOf(bench, one)).filter(({ state }) => state === 'merged');
    assert.equal(
      (await bench.look(ids[0]?.id ?? '')).item.mergedInto,
      (await treeOf(bench, one)).find(({ parentId, state }) => parentId === one && state === 'completed')?.id,
    );
  });

  it('[F13] a child that dies for good, or is cancelled, has an outcome that its parent reads', async () => {
    const bench = await openBench();
    const asked = barrier();
    const client = modelOfTasks({
      parent: delegate(['hopeless', 'cancelled']),
      hopeless: () => ({ error: { kind: 'refused', message: 'No, and never.' } }),
      cancelled: () => {
        asked.open();
        return { text: 'never', after: new Promise(() => undefined) };
      },
    });
    const id = await bench.submit({ description: 'parent' });
    await serve(bench, client);
    await asked.reached;
    await until(async () => (await stateOf(bench, id)) === 'waiting');
    const [, , child] = await treeOf(bench, id);
    assert.equal(await cancelWork(bench.db, { id: child?.id ?? '', tree: true, by: 'a test' }), 1);
    await ended(bench, id);
    const result = (await bench.look(id)).calls.at(-1)?.result?.content ?? '';
    assert.match(
      result,
      /general: dead, failure\n {2}Task: hopeless\n {2}Summary: No, and never\.\n {2}Error: refused/,
    );
    assert.match(
      result,
      /general: cancelled, failure\n {2}Task: cancelled\n {2}Summary: Cancelled: by a test\n {2}Error: cancelled/,
    );
  });

  it("[F13] a child's host dies: another takes it over, and the parent wakes", async () => {
    const bench = await openBench();
    let deaths = 0;
    const client = modelOfTasks({ parent: delegate(['child']), child: done });
    const id = await bench.submit({ description: 'parent' });
    const dying = async (claim: Parameters<DispatcherOptions['run']>[0]) => {
      // A host that is gone does nothing more, and its lease runs out.
      if (claim.item.parentId && deaths++ === 0) {
        await bench.db.query("update animus.leases set expires_at = now() - interval '1 second' where token = $1", [
          claim.lease.token,
        ]);
        return;
      }
      await runFocus(bench.dependencies(client, { engineTools: childTools() }), claim);
    };
    await serve(bench, client, { run: dying });
    await until(async () => (await stateOf(bench, id)) === 'waiting' && deaths === 1);
    await until(() => {
      mock.timers.tick(POLL_MS);
      return deaths > 1;
    });
    await ended(bench, id);
    const [, child] = await treeOf(bench, id);
    assert.ok((await bench.look(child?.id ?? '')).events.some(({ reason }) => reason === 'taken over'));
  });

  it('another attempt is told of the children that an earlier one spawned, and may await them', async () => {
    const bench = await openBench();
    const id = await bench.submit({ description: 'parent' });
    const told: string[] = [];
    const client = modelOfTasks({
      parent: (turn, request) => {
        const task = request.messages[0]?.content[0];
        const [, child] = /^(\S+) general, completed: child$/m.exec(task?.type === 'text' ? task.text : '') ?? [];
        if (child) told.push(child);
        if (turn === 1) return { calls: [child ? awaiting([child]) : spawn('child')] };
        if (!child) return { error: { kind: 'malformed', message: 'It broke after it had spawned.' } };
        return { text: lastResults(request)[0]?.content ?? '' };
      },
      child: done,
    });
    await serve(bench, client);
    await until(
      async () => (await treeOf(bench, id))[1]?.state === 'completed' && (await bench.look(id)).item.attempts === 1,
    );
    await bench.makeDue(id);
    mock.timers.tick(POLL_MS);
    await ended(bench, id);
    const tree = await treeOf(bench, id);
    assert.deepEqual([tree.length, told[0]], [2, tree[1]?.id]);
    assert.match(await summaryOf(bench, id), /^1 of 1 children have ended\./);
  });

  it('the poll wakes a parent whose wake-up was lost', async () => {
    const bench = await openBench();
    const client = modelOfTasks({ parent: delegate(['child']), child: done });
    const id = await bench.submit({ description: 'parent' });
    const first = await serve(bench, client, {
      run: (claim) =>
        claim.item.parentId
          ? Promise.resolve()
          : runFocus(bench.dependencies(client, { engineTools: childTools() }), claim),
    });
    await until(async () => (await stateOf(bench, id)) === 'waiting');
    await first.dispatcher.drain();
    await bench.db.query("update animus.work_items set state = 'completed' where parent_id = $1", [id]);
    assert.equal(await stateOf(bench, id), 'waiting', 'no transaction woke it');
    await serve(bench, client);
    await ended(bench, id);
  });

  it('a wait of the whole focus keeps the waits of its calls back', async () => {
    const bench = await openBench();
    const hold = barrier();
    const client = modelOfTasks({ parent: delegate(['child']), child: () => ({ text: 'done', after: hold.reached }) });
    const id = await bench.submit({ description: 'parent' });
    await serve(bench, client);
    await until(async () => (await stateOf(bench, id)) === 'waiting');
    const focusId = (await bench.look(id)).focus?.id ?? '';
    await bench.db.query(
      "insert into animus.waits (id, work_item_id, focus_id, kind) values (gen_random_uuid(), $1, $2, 'paused')",
      [id, focusId],
    );
    hold.open();
    const [, child] = await treeOf(bench, id);
    await ended(bench, child?.id ?? '');
    mock.timers.tick(POLL_MS);
    await bench.db.query('select 1');
    assert.equal(await stateOf(bench, id), 'waiting');
    await bench.db.query("update animus.waits set resolved_at = now() where kind = 'paused' and work_item_id = $1", [
      id,
    ]);
    await until(() => {
      mock.timers.tick(POLL_MS);
      return stateOf(bench, id).then((state) => state === 'completed');
    });
  });
});
