/** animus work move, delete. */
import { existsSync, realpathSync } from 'node:fs';
import { createInterface } from 'node:readline/promises';
import { AnimusError } from '../../../protocol/errors.ts';
import { asPerson } from '../as-person.ts';
import { EXIT } from '../exit-codes.ts';
import { type CliSession, withHost } from '../session.ts';
import { showState } from '../show.ts';
import { plainLine, plainName } from '../terminal.ts';
import { checkedId } from './work.ts';

export async function workMove(session: CliSession, { to }: { to: string }, id: string): Promise<number> {
  const { terminal, json } = session;
  const asked = { id: checkedId(id), to: folderOr(session, to), pid: process.pid };
  const result = await asPerson(session, (client) => client.request('work/move', asked));
  if (json) {
    terminal.out(JSON.stringify(result));
    return EXIT.done;
  }
  const { item, moved, served_by, is_live } = result;
  const also = moved > 1 ? `, with ${moved - 1} below it` : '';
  const what = moved === 0 ? 'was there before' : `moved to ${plainName(served_by)}${also}`;
  terminal.out(`${item.id} ${what}: ${showState(terminal, item)}`);
  if (!is_live) terminal.note(`No host runs there now. Any animus command in that folder starts one.`);
  return EXIT.done;
}

/** A folder of this machine by its real path, as hosts name it; anything else as it was typed. */
function folderOr({ folder }: CliSession, to: string): string {
  if (to === '.') return folder;
  return existsSync(to) ? realpathSync(to) : to;
}

export async function workDelete(session: CliSession, options: { yes?: boolean }, id: string): Promise<number> {
  const { terminal, json } = session;
  const asked = { id: checkedId(id), pid: process.pid };
  if (!options.yes && !(await confirmed(session, asked.id))) {
    throw new AnimusError('invalid_params', 'Nothing was deleted.', 'To delete without being asked: --yes');
  }
  const result = await asPerson(session, (client) => client.request('work/delete', asked));
  const below = result.deleted > 1 ? `, and ${result.deleted - 1} below it` : '';
  terminal.out(json ? JSON.stringify(result) : `deleted ${result.id}${below}: items, foci and ledgers are gone`);
  return EXIT.done;
}

async function confirmed(session: CliSession, id: string): Promise<boolean> {
  if (session.json || !process.stdin.isTTY || !process.stderr.isTTY) return false;
  const { items } = await withHost(session, (client) => client.request('work/tree', { id }));
  const [item] = items;
  const below = items.length > 1 ? ` and ${items.length - 1} below it` : '';
  const prompt = createInterface({ input: process.stdin, output: process.stderr });
  try {
    const question = `Delete "${plainLine(item?.description ?? id, 60)}"${below} for good, ledger included? [y/N] `;
    return /^y(es)?$/i.test((await prompt.question(question)).trim());
  } finally {
    prompt.close();
  }
}
