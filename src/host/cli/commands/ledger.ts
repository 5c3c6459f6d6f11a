/** animus ledger show. */
import type { EntryType } from '../../../protocol/focus.ts';
import { EXIT } from '../exit-codes.ts';
import { readLedger } from '../read-ledger.ts';
import { type CliSession, withHost } from '../session.ts';
import { showEntry } from '../show.ts';
import { plain } from '../terminal.ts';
import { checkedId } from './work.ts';

export type LedgerOptions = { type?: EntryType; last?: number; search?: string; formatted?: boolean };

export async function ledgerShow(session: CliSession, options: LedgerOptions, id: string): Promise<number> {
  const { terminal, json } = session;
  const asked = {
    id: checkedId(id),
    formatted: options.formatted ?? false,
    ...(options.type ? { entry_type: options.type } : {}),
    ...(options.last ? { last_n: options.last } : {}),
    ...(options.search ? { query: options.search } : {}),
  };
  const { entries, formatted, work_item_id } = await withHost(session, (client) => readLedger(client, asked));
  if (json) terminal.out(JSON.stringify({ work_item_id, entries, ...(formatted === null ? {} : { formatted }) }));
  else if (entries.length === 0) terminal.out('No entries.');
  else if (formatted !== null) terminal.out(plain(formatted));
  else terminal.out(entries.map((entry) => showEntry(terminal, entry)).join('\n'));
  return EXIT.done;
}
