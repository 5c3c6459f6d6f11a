/** A whole ledger, which comes in pages. */
import type { HostClient } from '../../client/host-client.ts';
import type { Params, Result } from '../../protocol/requests.ts';

type Page = Result<'ledger/read'>;

/** One page after the other, each before the next is asked for. */
export async function* ledgerPages(client: HostClient, asked: Params<'ledger/read'>): AsyncGenerator<Page> {
  for (let next = asked.after_seq ?? null; ; ) {
    const page = await client.request('ledger/read', { ...asked, ...(next === null ? {} : { after_seq: next }) });
    yield page;
    next = page.next_after_seq;
    if (next === null) return;
  }
}

/** All pages as one; of several the formatted texts follow one another. */
export async function readLedger(client: HostClient, asked: Params<'ledger/read'>) {
  const pages: Page[] = [];
  for await (const page of ledgerPages(client, asked)) pages.push(page);
  return {
    work_item_id: pages[0]?.work_item_id,
    entries: pages.flatMap(({ entries }) => entries),
    formatted: asked.formatted ? pages.map(({ formatted }) => formatted ?? '').join('\n\n') : null,
  };
}
