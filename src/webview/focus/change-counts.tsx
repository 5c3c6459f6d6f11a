/** How many lines a call added and removed: signs, numbers and colours. */
import type { CallChangeView } from '../../protocol/focus.ts';

export function ChangeCounts({ change }: { change: CallChangeView | null | undefined }) {
  if (!change) return null;
  const { added, removed, undone_at } = change;
  return (
    <span class={undone_at === null ? 'meta change-counts' : 'meta change-counts undone'}>
      <span class="hidden">
        {added} lines added, {removed} removed{undone_at === null ? '' : ', undone'}
      </span>
      <span class="added" aria-hidden="true">{`+${added}`}</span>
      <span class="removed" aria-hidden="true">{`\u2212${removed}`}</span>
    </span>
  );
}
