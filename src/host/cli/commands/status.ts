/** animus status. */
import { EXIT } from '../exit-codes.ts';
import { type CliSession, withHost } from '../session.ts';
import { workRow } from '../show.ts';
import { plain, table } from '../terminal.ts';
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
  if (queue)
    terminal.out(
      `Work: ${queue.queued} queued, ${queue.running} running, ${queue.waiting} waiting, ${queue.dead} dead`,
    );
  if (items.length > 0) terminal.out(table(items.map(workRow), terminal.width));
  return EXIT.done;
}
