/** What a person was asked about a call, and said. A question leads out of the page: VS Code asks it. */
import type { ToolCallView } from '../../protocol/focus.ts';
import { formatTime } from '../shared/duration.ts';
import { Icon } from '../shared/icon.tsx';
import { visibleText } from '../shared/visible-text.ts';
import { approvalSign, approvalWord, decidedWhere } from './approvals.ts';
import type { FocusStore } from './store.ts';
import { nameOfCall } from './tools.ts';

export function ApprovalLine({ call, store }: { call: ToolCallView; store: FocusStore }) {
  const { approval } = call;
  if (!approval) return null;
  const { icon, hue } = approvalSign(approval);
  const asks = store.asking.value.includes(call);
  const word = approval.state === 'pending' && !asks ? 'asked, and not decided' : approvalWord(approval);
  const facts = [decidedWhere(approval), approval.decided_at === null ? '' : formatTime(approval.decided_at)];
  return (
    <>
      <div class="call-line">
        <Icon name={icon} hue={hue} size={14} />
        <span class="dim">Approval</span>
        <span class={`word hue-${hue}`}>{word}</span>
        <span class="meta">{facts.filter(Boolean).join(', ')}</span>
        {asks && (
          <button
            type="button"
            class="text-button"
            aria-label={`Review… ${nameOfCall(call)}`}
            onClick={() => store.post({ type: 'approve', approval_id: approval.id })}
          >
            Review…
          </button>
        )}
      </div>
      {approval.reason !== null && <p class="hook-reason">{visibleText(approval.reason)}</p>}
    </>
  );
}
