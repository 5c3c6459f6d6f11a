import assert from 'node:assert/strict';
import { inNamespace, requireNamespace } from './namespace.ts';

type Left = { exitCode: number; stdout: string; leftBehind: number; survivors: number; alive: string[] };

const left = (scenario: string) => inNamespace<Left>('./tree-scenarios.ts', scenario);

describe('process tree', () => {
  before(requireNamespace);

  describe('what a command leaves behind', () => {
    for (const [scenario, title] of [
      ['child', 'a child in the background'],
      ['ignoresTerm', 'a child that ignores SIGTERM'],
      ['nohup', 'a child under nohup'],
      ['setsid', 'a daemon in a session of its own'],
      ['doubleForkClosed', 'a daemon forked twice with its descriptors closed'],
      ['wipedInGroup', 'a process with a wiped environment that kept its group'],
    ] as const) {
      it(`[F20] ${title} is ended`, async () => {
        const result = await left(scenario);
        assert.deepEqual(result, { exitCode: 0, stdout: 'done\n', leftBehind: 1, survivors: 0, alive: [] });
      });
    }

    it('[F20] a daemon forked twice is ended', async () => {
      const result = await left('doubleFork');
      assert.deepEqual(
        { ...result, leftBehind: result.leftBehind > 0 },
        {
          exitCode: 0,
          stdout: 'done\n',
          leftBehind: true,
          survivors: 0,
          alive: [],
        },
      );
    });

    it('[F20] a process with a wiped environment and a group of its own is ended through its marked parent', async () => {
      const result = await left('wipedWithParent');
      assert.deepEqual(result.alive, []);
      assert.ok(result.leftBehind >= 2);
    });

    it('[F20] a hundred daemons are ended', async () => {
      const result = await left('hundred');
      assert.deepEqual([result.leftBehind, result.survivors, result.alive], [100, 0, []]);
    });

    it('[F20] a chain of daemons that replace each other is ended', async () => {
      const result = await left('chain');
      assert.deepEqual([result.survivors, result.alive], [0, []]);
    });

    it('[F20] a daemon that holds stdout keeps nobody waiting, and is ended', async () => {
      const result = await left('holdsOutput');
      assert.equal(result.stdout, 'held\ndone\n');
      assert.deepEqual([result.leftBehind, result.alive], [1, []]);
    });

    it('[F20] known limit: a daemon that wiped its environment and left group, parents and pipes survives', async () => {
      const result = await left('evasion');
      assert.deepEqual(result, { exitCode: 0, stdout: 'done\n', leftBehind: 0, survivors: 0, alive: 1 });
    });
  });

  describe('guards', () => {
    it('[F20] a pid or marker that could name strangers is refused, and nobody is signalled', async () => {
      const result = await inNamespace<{ outcomes: string[]; alive: string[] }>('./tree-scenarios.ts', 'guards');
      assert.deepEqual(result, { outcomes: ['TypeError'], alive: ['sleep 301'] });
    });

    it('[F20] a pid that was given to somebody else since is left alone', async () => {
      const result = await inNamespace<unknown>('./tree-scenarios.ts', 'recycled');
      assert.deepEqual(result, { end: { ended: 0, survivors: 0 }, signal: 'gone', alive: ['sleep 301'] });
    });

    it('[F20] a process older than the run is left alone even with its marker', async () => {
      const result = await inNamespace<unknown>('./tree-scenarios.ts', 'older');
      assert.deepEqual(result, { leftBehind: 1, alive: ['sleep 301'] });
    });
  });

  it('[F20] a starting host ends what a killed host of its store left, and nothing else', async () => {
    const result = await inNamespace<{ before: number; end: { ended: number }; alive: string[]; again: unknown }>(
      './tree-scenarios.ts',
      'killedHost',
    );
    assert.ok(result.before >= 6, `${result.before} processes were left`);
    assert.ok(result.end.ended >= 4);
    assert.deepEqual(result.alive, ['sleep 301', 'sleep 301']);
    assert.deepEqual(result.again, { ended: 0, survivors: 0 });
  });

  it('[S20] a process is known to descend from a run though its own environment does not say so', async () => {
    const result = await inNamespace<{ inner: unknown; own: unknown; gone: { kind: string } }>(
      './tree-scenarios.ts',
      'descent',
    );
    assert.deepEqual(result.inner, { kind: 'descends', marker: true });
    assert.deepEqual(result.own, { kind: 'independent' });
    assert.equal(result.gone.kind, 'unknown');
  });
});
