import assert from 'node:assert/strict';
import { setImmediate } from 'node:timers/promises';
import type { Tx } from '../../../src/host/db/types.ts';
import { type Body, GroupedWrites } from '../../../src/host/engine/focus/grouped-writes.ts';
import { LeaseLost } from '../../../src/host/store/work/leases.ts';
import { barrier } from '../../support/engine-loop.ts';

/** Transactions that say what was written in them, and commit when they are let. */
function transactions() {
  const committed: string[][] = [];
  let gate = Promise.resolve();
  const write = async <T>(body: Body<T>): Promise<T> => {
    const names: string[] = [];
    const query = async <R>(sql: string) => {
      names.push(sql);
      return [] as R[];
    };
    const value = await body({ inTransaction: true, query } satisfies Tx, false);
    await gate;
    committed.push(names);
    return value;
  };
  const hold = (until: Promise<void>) => {
    gate = until;
  };
  return { committed, writes: new GroupedWrites(write), hold };
}

function named(name: string, begun?: () => void): Body<string> {
  return async (tx) => {
    begun?.();
    await tx.query(name);
    return name;
  };
}

const failing = (error: Error): Body<string> => {
  return async (tx) => {
    await tx.query('fails');
    throw error;
  };
};

describe('writes of calls that run beside each other', () => {
  it('go in one transaction where they are asked for together, each with its own value', async () => {
    const { committed, writes } = transactions();
    const values = await Promise.all(['a', 'b', 'c'].map((name) => writes.write(named(name))));
    assert.deepEqual(values, ['a', 'b', 'c']);
    assert.deepEqual(committed, [['a', 'b', 'c']]);
  });

  it('resolve when they have committed, and what comes meanwhile goes with the next', async () => {
    const { committed, writes, hold } = transactions();
    const [commit, begun] = [barrier(), barrier()];
    hold(commit.reached);
    const seen: string[][][] = [];
    const first = writes.write(named('first', begun.open)).then(() => seen.push(committed.slice()));
    await begun.reached;
    const rest = Promise.all(['second', 'third'].map((name) => writes.write(named(name))));
    await setImmediate();
    assert.deepEqual([seen, committed], [[], []]);
    commit.open();
    await Promise.all([first, rest]);
    assert.deepEqual(seen, [[['first']]]);
    assert.deepEqual(committed, [['first'], ['second', 'third']]);
  });

  it('lose nothing to one among them that cannot be written', async () => {
    const { committed, writes } = transactions();
    const settled = await Promise.allSettled([
      writes.write(named('a')),
      writes.write(failing(new Error('too odd'))),
      writes.write(named('b')),
    ]);
    assert.deepEqual(
      settled.map((one) => (one.status === 'fulfilled' ? one.value : one.reason.message)),
      ['a', 'too odd', 'b'],
    );
    assert.deepEqual(committed, [['a'], ['b']]);
    assert.equal(await writes.write(named('c')), 'c');
  });

  it('all fail, and once, where the lease is lost', async () => {
    const { committed, writes } = transactions();
    let tries = 0;
    const lost = new LeaseLost('item-1');
    const count = () => {
      tries += 1;
    };
    const settled = await Promise.allSettled([writes.write(named('a', count)), writes.write(failing(lost))]);
    assert.deepEqual(
      settled.map((one) => one.status === 'rejected' && one.reason),
      [lost, lost],
    );
    assert.deepEqual([tries, committed], [1, []]);
  });
});
