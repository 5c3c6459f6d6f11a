/** animus status. */
import type { HostStatus, QueueView } from '../../../protocol/host.ts';
import { EXIT } from '../exit-codes.ts';
import { type CliSession, withHost } from '../session.ts';
import { workRow } from '../show.ts';
import { plain, plainLine, plainName, table } from '../terminal.ts';
import { describeHost } from './host.ts';

export async function status(session: CliSession): Promise<number> {
  const { terminal, json } = session;
  const { items, host } = await withHost(session, async (client) => {
    const open = await client.request('work/list', { states: ['queued', 'running', 'waiting'], limit: 20 });
    return { items: open.items, host: await client.request('host/status', {}) };
  });
  if (json) {
    terminal.out(JSON.stringify({ host, open: items }));
    return EXIT.done;
  }
  const { queue } = host;
  terminal.out(`Host: ${describeHost(host)}`);
  terminal.out(`  trusted   ${host.trusted ? 'yes' : 'no (animus trust)'}`);
  terminal.out(`  keys      ${plain(host.credentials.join(', ')) || 'none (set ANTHROPIC_API_KEY)'}`);
  if (host.paused) terminal.out(`  paused    ${plain(host.paused)}`);
  if (host.today) terminal.out(`  today     ${showDay(host.today)}`);
  if (queue) terminal.out(showQueue('Work', queue));
  for (const { served_by, is_live, ...figures } of host.other_places) {
    const folder = served_by === null ? 'a folder that no host has served' : plainName(served_by);
    terminal.out(showQueue(is_live ? `In ${folder}` : `In ${folder}, where no host runs`, figures));
  }
  if (items.length > 0) terminal.out(table(items.map(workRow), terminal.width));
  return EXIT.done;
}

/** What was spent since midnight UTC, and of how much. */
export function showDay({ cost_usd, max_cost_usd }: NonNullable<HostStatus['today']>): string {
  const most = max_cost_usd === null ? '' : ` of $${max_cost_usd.toFixed(2)}`;
  return `$${cost_usd.toFixed(2)}${most} spent`;
}

/** One line of figures, and one for each reason why some of it cannot begin. */
export function showQueue(title: string, queue: QueueView): string {
  const oldest = queue.oldest_claimable_seconds;
  const age =
    oldest === null
      ? ''
      : `, the oldest for ${oldest < 120 ? `${Math.round(oldest)} s` : `${Math.round(oldest / 60)} min`}`;
  const parts = [
    `${queue.queued} queued${queue.queued > 0 ? ` (${queue.claimable} could begin${age})` : ''}`,
    `${queue.running} running${split(queue.running_by_faculty)}`,
    `${queue.waiting} waiting${split(queue.waiting_by_kind)}`,
    ...(queue.paused > 0 ? [`${queue.paused} paused`] : []),
    `${queue.dead} dead`,
  ];
  const reasons = queue.unroutable.map(({ reason, count }) => `  ${count} queued: ${plainLine(reason, 200)}`);
  return [`${title}: ${parts.join(', ')}`, ...reasons].join('\n');
}

function split(counts: Readonly<Record<string, number>>): string {
  const each = Object.entries(counts).map(([name, count]) => `${plainName(name)} ${count}`);
  return each.length > 0 ? ` (${each.join(', ')})` : '';
}
