import assert from 'node:assert/strict';
import { StoreCare } from '../../../src/host/care/store-care.ts';

const MINUTE = 60_000;

/** What was asked of the parts, in order; each answers as it is told. */
function setUp() {
  const facts = { now: 0, idle: true, pruned: 0 };
  const asked: string[] = [];
  const errors: unknown[] = [];
  const care = new StoreCare({
    isIdle: () => facts.idle,
    embedded: {
      async checkpointIfDue() {
        asked.push('checkpoint');
        return true;
      },
      async vacuumIfDue(_mayGoOn, soon) {
        asked.push(soon ? 'vacuum soon' : 'vacuum');
        return true;
      },
    },
    retention: {
      async pruneIfDue(mayGoOn) {
        asked.push(mayGoOn() ? 'prune' : 'prune, and no further');
        return facts.pruned;
      },
    },
    onError: (error) => errors.push(error),
    now: () => facts.now,
  });
  const look = async () => {
    asked.length = 0;
    await care.look();
    return [...asked];
  };
  return { facts, care, look, errors };
}

describe('the care for a store', () => {
  it('checkpoints while work runs, and does the rest when nothing has run for a minute', async () => {
    const { facts, look } = setUp();
    facts.idle = false;
    facts.now = 10 * MINUTE;
    assert.deepEqual(await look(), ['checkpoint']);
    facts.idle = true;
    facts.now += MINUTE - 1;
    assert.deepEqual(await look(), ['checkpoint']);
    facts.now += 1;
    assert.deepEqual(await look(), ['checkpoint', 'prune', 'vacuum']);
  });

  it('counts the minute anew when something has run', async () => {
    const { facts, look } = setUp();
    facts.now = 2 * MINUTE;
    facts.idle = false;
    await look();
    facts.idle = true;
    facts.now += MINUTE / 2;
    assert.deepEqual(await look(), ['checkpoint']);
  });

  it('vacuums soon after it has pruned', async () => {
    const { facts, look } = setUp();
    [facts.now, facts.pruned] = [MINUTE, 3];
    assert.deepEqual(await look(), ['checkpoint', 'prune', 'vacuum soon']);
  });

  it('begins nothing more once it is stopped', async () => {
    const { facts, care, look } = setUp();
    facts.now = MINUTE;
    await care.stop();
    assert.deepEqual(await look(), ['checkpoint']);
  });
});
