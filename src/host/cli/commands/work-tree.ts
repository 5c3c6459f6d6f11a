/** animus work cancel, tree. */
import type { WorkView } from '../../../protocol/work.ts';
import { EXIT } from '../exit-codes.ts';
import { type CliSession, withHost } from '../session.ts';
import { showState } from '../show.ts';
import { plain, plainLine, type Terminal } from '../terminal.ts';
import { checkedId } from './work.ts';

export async function workCancel(session: CliSession, options: { tree: boolean }, id: string): Promise<number> {
  const { terminal, json } = session;
  const asked = { id: checkedId(id), tree: options.tree };
  const result = await withHost(session, (client) => client.request('work/cancel', asked));
  if (json) {
    terminal.out(JSON.stringify(result));
    return EXIT.done;
  }
  const { item, cancelled } = result;
  const below = item.state === 'cancelled' ? cancelled - 1 : cancelled;
  const also = below > 0 ? `, and ${below} below it` : '';
  if (cancelled > 0) terminal.out(`${item.id} ${showState(terminal, item)}${also}`);
  else terminal.out(`${item.id} has ended before: ${showState(terminal, item)}. Nothing was cancelled.`);
  if (item.merged_into) terminal.note(`To cancel the work itself: animus work cancel ${item.merged_into.slice(-8)}`);
  return EXIT.done;
}

export async function workTree(session: CliSession, _options: object, id: string): Promise<number> {
  const { terminal, json } = session;
  const asked = { id: checkedId(id) };
  const { items, more } = await withHost(session, (client) => client.request('work/tree', asked));
  if (json) {
    terminal.out(JSON.stringify({ items, more }));
    return EXIT.done;
  }
  const [root] = items;
  if (root) for (const line of treeLines(terminal, items, root, '', '')) terminal.out(line);
  if (more) terminal.note(`There is more: the tree has over ${items.length} items.`);
  return EXIT.done;
}

/** A line for each item: its id, faculty, state and text, drawn below its parent. */
export function treeLines(
  terminal: Terminal,
  items: readonly WorkView[],
  item: WorkView,
  lead: string,
  below: string,
): string[] {
  const children = items.filter(({ parent_id }) => parent_id === item.id);
  const text = `${item.short_id}  ${plain(item.faculty)}  ${showState(terminal, item)}  ${plainLine(item.description, 100)}`;
  return [
    lead + text,
    ...children.flatMap((child, at) => {
      const isLast = at === children.length - 1;
      return treeLines(
        terminal,
        items,
        child,
        `${below}${isLast ? '└─ ' : '├─ '}`,
        `${below}${isLast ? '   ' : '│  '}`,
      );
    }),
  ];
}
