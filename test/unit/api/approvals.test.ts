/** What a person is told whose decision comes too late. */
import assert from 'node:assert/strict';
import type { ApiContext, Session } from '../../../src/host/api/context.ts';
import { approvalHandlers } from '../../../src/host/api/handlers/approvals.ts';
import { retryLater } from '../../../src/host/engine/focus/ending.ts';
import { moveWork } from '../../../src/host/engine/focus/move.ts';
import { askApproval } from '../../../src/host/store/approvals/approvals.ts';
import { insertToolCall } from '../../../src/host/store/foci/tool-calls.ts';
import { enrollFirst } from '../../../src/host/store/person/person-keys.ts';
import { AnimusError } from '../../../src/protocol/errors.ts';
import { uuidv7 } from '../../../src/rendezvous/ids.ts';
import { OPENING_LIMIT_MS } from '../../support/engine-database.ts';
import { type Bench, openBench } from '../../support/engine-focus.ts';
import { newPersonKey, proofOf } from '../../support/person.ts';

const key = newPersonKey();

describe('deciding about a call', function () {
  this.timeout(OPENING_LIMIT_MS);

  async function asked(bench: Bench) {
    await bench.submit();
    const { item, lease } = await bench.claim();
    const [id, callId] = [uuidv7(), uuidv7()];
    const call = { id: callId, turn: 1, position: 0, providerCallId: 'a', name: 'run_command', input: {} };
    await bench.db.transaction(async (tx) => {
      await insertToolCall(tx, { id: lease.focusId, workItemId: item.id }, call);
      const about = { workItemId: item.id, focusId: lease.focusId, toolCallId: callId, tool: 'run_command' };
      await askApproval(tx, { id, ...about, subject: null, input: {}, inputHash: 'one', preview: null });
    });
    return { id, item, lease };
  }

  async function decide(bench: Bench, id: string) {
    await enrollFirst(bench.db, bench.place, { id: uuidv7(), publicKey: key.publicKey, kind: 'cli', name: 'test' });
    const context = { database: async () => bench.db, place: bench.place, folder: '/workspace' };
    const given = { id, decision: 'allow', scope: 'once', pattern: null, reason: '', pid: process.pid } as const;
    const session = { client: { kind: 'cli' }, isOf: () => true, person: proofOf(key) };
    return approvalHandlers['approval/decide'](context as ApiContext, given, session as unknown as Session);
  }

  const refusing = (pattern: RegExp) => (error: unknown) =>
    error instanceof AnimusError && error.kind === 'wrong_state' && pattern.test(error.message);

  it('is refused where the work was moved, and says that it asks there', async () => {
    const [bench, there] = [await openBench(), await openBench()];
    const { id, item } = await asked(bench);
    await moveWork(bench.db, { id: item.id, to: there.place, from: 'mill:/a', target: 'mill:/b', by: 'a test' });
    await assert.rejects(decide(bench, id), refusing(/was moved.*asks there.*Nothing was changed/));
  });

  it('is refused where the attempt that asked is over', async () => {
    const bench = await openBench();
    const { id, lease } = await asked(bench);
    await retryLater(bench.db, lease, 60_000, { kind: 'test', message: 'It failed.' });
    await assert.rejects(decide(bench, id), refusing(/attempt.*is over.*Nothing was changed/));
  });

  it('holds once it is made, and the same one again is one', async () => {
    const bench = await openBench();
    const { id } = await asked(bench);
    assert.equal((await decide(bench, id)).decided, 1);
    const { approval, decided } = await decide(bench, id);
    assert.deepEqual([approval.state, decided], ['allowed', 0]);
  });
});
