/** Work that must not overlap, and who leaves the queue for it. */
import assert from 'node:assert/strict';
import { getEventListeners } from 'node:events';
import { oneByOne } from '../../../src/host/engine/tools/one-by-one.ts';
import { barrier } from '../../support/engine-loop.ts';

describe('work under one key', () => {
  it('runs in the order of asking, one at a time, also behind what failed', async () => {
    const log: string[] = [];
    const first = barrier();
    const work = (name: string, until?: Promise<void>) => async () => {
      log.push(`${name} begins`);
      await until;
      log.push(`${name} ends`);
      if (name === 'b') throw new Error('b broke');
      return name;
    };
    const asked = [oneByOne('k', work('a', first.reached)), oneByOne('k', work('b')), oneByOne('k', work('c'))];
    const settled = Promise.allSettled(asked);
    assert.equal(await oneByOne('another', work('d')), 'd');
    first.open();
    assert.deepEqual(
      (await settled).map(({ status }) => status),
      ['fulfilled', 'rejected', 'fulfilled'],
    );
    assert.deepEqual(
      log.filter((line) => !line.startsWith('d')),
      ['a', 'b', 'c'].flatMap((name) => [`${name} begins`, `${name} ends`]),
    );
  });

  it('is left by who is cancelled in the queue, and who comes behind waits for those before all the same', async () => {
    const log: string[] = [];
    const first = barrier();
    const cancel = new AbortController();
    const ahead = oneByOne('k', () => first.reached.then(() => log.push('ahead')));
    const left = oneByOne('k', async () => log.push('left'), cancel.signal);
    const behind = oneByOne('k', async () => log.push('behind'), new AbortController().signal);
    cancel.abort();
    assert.equal(await left, undefined);
    // Its place in the queue is not free: the one ahead still works.
    const later = oneByOne('k', async () => log.push('later'));
    await new Promise((resolve) => setImmediate(resolve));
    assert.equal(log.length, 0);
    first.open();
    await Promise.all([ahead, behind, later]);
    assert.deepEqual(log, ['ahead', 'behind', 'later']);
    assert.equal(await oneByOne('k', async () => log.push('never'), AbortSignal.abort()), undefined);
    assert.equal(await oneByOne('k', async () => log.push('last')), 4);
  });

  it('leaves nothing on the signal, however it ends', async () => {
    const { signal } = new AbortController();
    await oneByOne('k', async () => undefined, signal);
    await assert.rejects(oneByOne('k', () => Promise.reject(new Error('broke')), signal));
    assert.equal(getEventListeners(signal, 'abort').length, 0);
  });
});
