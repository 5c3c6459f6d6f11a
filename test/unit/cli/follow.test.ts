import assert from 'node:assert/strict';
import { HostGone } from '../../../src/client/host-client.ts';
import { readText } from '../../../src/host/cli/commands/work.ts';
import { followWork } from '../../../src/host/cli/follow.ts';
import { createPatience } from '../../../src/host/cli/patience.ts';
import type { CliSession } from '../../../src/host/cli/session.ts';
import { DESCRIPTION_MAX } from '../../../src/protocol/work.ts';

const ID = '018bcfe5-6800-7000-8000-0123456789ab';
const ENDED = { item: { state: 'completed', event_seq: 3, wait: null }, foci: [] };

/** A session whose host answers with `answer`, which may throw. */
function sessionWith(answer: (method: string, params: { after_seq?: number }) => unknown): CliSession {
  const client = {
    isOpen: true,
    closed: new Promise(() => undefined),
    onNotification: () => undefined,
    request: async (method: string, params: object) => answer(method, params),
  };
  return { clients: [client] } as unknown as CliSession;
}

describe('following work', () => {
  it('waits longer after each host that ends, up to 5 s, and gives up after 20', () => {
    const patience = createPatience();
    const pauses = Array.from({ length: 20 }, () => patience.lost());
    assert.deepEqual(pauses, [200, 400, 800, 1600, 3200, ...Array(14).fill(5000), undefined]);
  });

  it('waits shortly again once a host has answered, and counts anew once something new was seen', () => {
    const patience = createPatience();
    for (let loss = 1; loss < 19; loss += 1) patience.lost();
    patience.answered();
    assert.equal(patience.lost(), 200);
    assert.equal(patience.lost(), undefined, 'an answer without anything new is no progress');
    patience.progressed();
    assert.equal(patience.lost(), 400);
  });

  it('goes on with the next host, after a pause', async () => {
    let losses = 0;
    const session = sessionWith((method) => {
      if (losses < 1) throw new HostGone('gone');
      return method === 'work/show' ? ENDED : { entries: [], next_after_seq: null };
    });
    const began = performance.now();
    const end = await followWork(session, ID, {
      onHostLost: () => {
        losses += 1;
      },
    });
    assert.deepEqual([end.kind, losses], ['ended', 1]);
    assert.ok(performance.now() - began >= 190, 'it waited');
  });

  it('gives up on hosts that all end once its own time is over', async () => {
    const session = sessionWith(() => {
      throw new HostGone('gone');
    });
    await assert.rejects(followWork(session, ID, {}, 1), { kind: 'host_unreachable' });
  });

  it('reads a ledger page by page, each entry once', async () => {
    const asked: (number | undefined)[] = [];
    const session = sessionWith((method, { after_seq }) => {
      if (method !== 'ledger/read') return ENDED;
      asked.push(after_seq);
      const seq = (after_seq ?? 0) + 1;
      return { entries: [{ seq }], next_after_seq: seq < 3 ? seq : null };
    });
    const seen: number[] = [];
    await followWork(session, ID, { onEntry: ({ seq }) => seen.push(seq) });
    assert.deepEqual(
      [asked, seen],
      [
        [0, 1, 2],
        [1, 2, 3],
      ],
    );
  });
});

describe('the text of work from standard input', () => {
  it('is read whole, characters in two pieces too', async () => {
    const [head, tail] = [Buffer.from('für').subarray(0, 2), Buffer.from('für').subarray(2)];
    async function* pieces() {
      yield head;
      yield tail;
    }
    assert.equal(await readText(pieces()), 'für');
  });

  it('is refused as soon as it is too long, though it has no end', async () => {
    async function* endless() {
      for (;;) yield Buffer.alloc(10_000, 'x');
    }
    await assert.rejects(readText(endless()), { kind: 'invalid_params', message: /100,000 characters. Nothing was/ });
    async function* longest() {
      yield 'x'.repeat(DESCRIPTION_MAX);
    }
    assert.equal((await readText(longest())).length, DESCRIPTION_MAX);
  });
});
