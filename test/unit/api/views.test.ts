import assert from 'node:assert/strict';
import { viewFocus } from '../../../src/host/api/views.ts';
import type { Focus } from '../../../src/host/store/foci/foci.ts';
import { focusView } from '../../../src/protocol/focus.ts';

const FOCUS: Focus = {
  id: '01890000-0000-7000-8000-000000000001',
  workItemId: '01890000-0000-7000-8000-000000000002',
  attempt: 1,
  faculty: 'general',
  hostId: '01890000-0000-7000-8000-000000000003',
  phase: 'orient',
  status: 'running',
  model: null,
  config: null,
  iterations: 0,
  usage: {},
  costMicros: 0,
  engageEnd: null,
  report: null,
  error: null,
  startedAt: new Date(0),
  endedAt: null,
  prunedAt: null,
};

const limitsOf = (more: Partial<Focus>) => focusView.parse(viewFocus({ ...FOCUS, ...more })).limits;

describe('a focus on the wire', () => {
  it('has the limits that it was fixed to, and the context of its model', () => {
    const limits = limitsOf({ model: 'anthropic/claude-haiku-4-5', config: { maxTurns: 12 } });
    assert.deepEqual(limits, { max_turns: 12, context_tokens: 200_000, cost_usd: null });
  });

  it('has none that nobody knows', () => {
    const none = { max_turns: null, context_tokens: null, cost_usd: null };
    assert.deepEqual(limitsOf({}), none, 'before it engages');
    assert.deepEqual(limitsOf({ model: 'scripted/demo', config: {} }), none);
    assert.deepEqual(limitsOf({ model: 'anthropic/claude-of-tomorrow', config: { maxTurns: 'many' } }), none);
  });
});
