/** That calls wait for a person, above the steps, wherever the page is scrolled to. */
import { plural } from '../shared/duration.ts';
import { Icon } from '../shared/icon.tsx';
import type { FocusStore } from './store.ts';
import { nameOfCall } from './tools.ts';

export function ApprovalNotice({ store }: { store: FocusStore }) {
  const [call, ...others] = store.asking.value;
  const approval = call?.approval;
  if (!call || !approval) return null;
  const name = nameOfCall(call);
  return (
    <div class="question" role="status">
      <p>
        <Icon name="bell-dot" hue="you" />
        <span>
          Allow <span class="mono">{name}</span>?
          {others.length > 0 && <span class="dim">{` ${plural(others.length, 'other call')} wait too.`}</span>}
        </span>
      </p>
      <button
        type="button"
        class="button"
        aria-label={`Review… ${name}`}
        onClick={() => store.post({ type: 'approve', approval_id: approval.id })}
      >
        Review…
      </button>
    </div>
  );
}
