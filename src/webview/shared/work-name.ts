/** What a work item is called where there is one line for it. */
import type { WorkView } from '../../protocol/work.ts';
import { visibleLine } from './visible-text.ts';

const LONGEST_NAME = 120;

/** The first line of what was asked for. */
export function nameOfWork(item: WorkView | undefined): string {
  const [first = ''] = item?.description.trim().split('\n', 1) ?? [];
  return visibleLine(first.slice(0, LONGEST_NAME)) || (item ? `Work #${item.short_id}` : 'Work');
}
