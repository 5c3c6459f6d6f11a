import assert from 'node:assert/strict';
import { readHint } from '../../../src/host/engine/dispatch/hint.ts';

const said = (state: unknown) => readHint(JSON.stringify({ id: 'x', seq: 2, state }));

describe('what a notification means for a dispatcher', () => {
  it('looks for work where an item was queued, and for lost leases where one was taken', () => {
    assert.deepEqual(said('queued'), { mayTakeLease: true, mayBeClaimed: true });
    assert.deepEqual(said('cancelled'), { mayTakeLease: true, mayBeClaimed: false });
  });

  it('does nothing for what whoever holds the lease says', () => {
    for (const state of ['running', 'waiting', 'completed', 'dead', 'merged']) {
      assert.deepEqual(said(state), { mayTakeLease: false, mayBeClaimed: false }, state);
    }
  });

  it('takes whatever says no state that is known for anything', () => {
    for (const payload of ['', 'null', '"queued"', '{}', '{"state":1}', '{"id":"x","seq":1}', '{"state":"paused"}']) {
      assert.deepEqual(readHint(payload), { mayTakeLease: true, mayBeClaimed: true }, payload);
    }
  });
});
