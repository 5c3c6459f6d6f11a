import assert from 'node:assert/strict';
import { describeApproval } from '../../../src/host/cli/commands/approvals.ts';
import { type ApprovalView, approvalView } from '../../../src/protocol/approvals.ts';
import { uuidv7 } from '../../../src/rendezvous/ids.ts';

function approval(changes: Partial<ApprovalView>): ApprovalView {
  const id = uuidv7();
  return approvalView.parse({
    ...{ id, short_id: '91be02aa', work_item_id: id, focus_id: id, tool: 'write_file', arguments: { path: 'a/x' } },
    ...{ subject: { kind: 'path', text: 'a/x' }, preview: '+new', pattern: null, state: 'pending', scope: null },
    ...{ reason: null, created_at: new Date(0).toISOString() },
    ...changes,
  });
}

describe('what a call that asks is shown as', () => {
  it('is the path with the difference, where the path leads, and why it asks again', () => {
    const plain = describeApproval(approval({})).split('\n');
    assert.match(plain[0] ?? '', /^91be02aa {2}write_file {2}a\/x {2}for the work /);
    assert.deepEqual(plain.slice(1), ['    +new']);
    const again = approval({
      subject: { kind: 'path', text: 'a/x', leads_to: '.git/hooks/x' },
      remark: 'Asked again: \u001b[31mthe path leads elsewhere.',
    });
    assert.deepEqual(describeApproval(again).split('\n').slice(1), [
      '    Asked again: \\u001b[31mthe path leads elsewhere.',
      '    It leads to .git/hooks/x',
      '    +new',
    ]);
  });

  it('is whole where an older host says nothing of either', () => {
    const { remark: _remark, ...older } = approval({ subject: null, preview: null });
    assert.equal(approvalView.parse(older).remark, null);
    assert.match(describeApproval(approvalView.parse(older)), /"path": "a\/x"/);
  });
});
