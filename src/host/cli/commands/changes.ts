/** animus changes list, show, undo: what agents did to files. */
import type { HostClient } from '../../../client/host-client.ts';
import type { FileChangeView } from '../../../protocol/changes.ts';
import { AnimusError } from '../../../protocol/errors.ts';
import { asPerson } from '../as-person.ts';
import { EXIT } from '../exit-codes.ts';
import { type CliSession, withHost } from '../session.ts';
import { plain, plainLine, plainName, type Terminal } from '../terminal.ts';
import { checkedId } from './work.ts';

export async function changesList(session: CliSession, options: { diff?: boolean }, id: string): Promise<number> {
  const { terminal, json } = session;
  const result = await withHost(session, (client) => client.request('change/list', { id: checkedId(id) }));
  if (json) {
    terminal.out(JSON.stringify(result));
    return EXIT.done;
  }
  if (result.omitted > 0) terminal.note(`${result.omitted} older changes are left out.`);
  if (result.changes.length === 0) terminal.out('No file was changed.');
  for (const change of result.changes) {
    terminal.out(line(terminal, change));
    if (options.diff) terminal.out(diffText(terminal, change));
  }
  return EXIT.done;
}

export async function changesShow(session: CliSession, _options: object, work: string, id: string): Promise<number> {
  const { terminal, json } = session;
  const change = await withHost(session, async (client) => {
    const { id: whole } = await findChange(client, work, id);
    return (await client.request('change/show', { id: whole })).change;
  });
  if (json) terminal.out(JSON.stringify({ change }));
  else terminal.out(`${line(terminal, change)}\n${diffText(terminal, change)}`);
  return EXIT.done;
}

/** One change, or all of the item, the newest first; it stops at the first that cannot be undone. */
export async function changesUndo(session: CliSession, options: { all?: boolean }, work: string, id?: string) {
  const { terminal, json } = session;
  if ((id === undefined) === (options.all !== true)) {
    throw new AnimusError('invalid_params', 'Undo one change, or all of them.', 'Give its id, or --all and none.');
  }
  const undone = await asPerson(session, async (client) => {
    const wanted = id === undefined ? await openChanges(client, work) : [await findChange(client, work, id)];
    const done: FileChangeView[] = [];
    for (const change of wanted) {
      done.push((await client.request('change/undo', { id: change.id, pid: process.pid })).change);
      if (!json) terminal.out(`undone: ${line(terminal, change)}`);
    }
    return done;
  });
  if (json) terminal.out(JSON.stringify({ undone }));
  else if (undone.length === 0) terminal.out('There is nothing to undo.');
  return EXIT.done;
}

async function openChanges(client: HostClient, work: string): Promise<FileChangeView[]> {
  const { changes } = await client.request('change/list', { id: checkedId(work) });
  return changes.filter(({ undone_at }) => undone_at === null).reverse();
}

async function findChange(client: HostClient, work: string, text: string): Promise<FileChangeView> {
  const { changes } = await client.request('change/list', { id: checkedId(work) });
  const digits = checkedId(text).replaceAll('-', '').toLowerCase();
  const found = changes.filter(({ id }) => {
    const bare = id.replaceAll('-', '');
    return digits.length >= 6 && (bare.startsWith(digits) || bare.endsWith(digits));
  });
  const [first] = found;
  if (first && found.length === 1) return first;
  const what = first ? 'Several changes match' : 'No change of this work has the id';
  throw new AnimusError(
    first ? 'ambiguous_id' : 'not_found',
    `${what} ${text}.`,
    `List them: animus changes list ${work}`,
  );
}

function line(terminal: Terminal, { short_id, path, kind, added, removed, undone_at }: FileChangeView): string {
  const counts = `${terminal.paint('green', `+${added}`)} ${terminal.paint('red', `\u2212${removed}`)}`;
  const undone = undone_at === null ? '' : terminal.paint('dim', '  undone');
  return `${short_id}  ${kind.padEnd(7)}  ${counts}  ${plainLine(plainName(path), 200)}${undone}`;
}

function diffText(terminal: Terminal, { diff }: FileChangeView): string {
  return plain(diff)
    .trimEnd()
    .split('\n')
    .map((text) => `  ${paintLine(terminal, text)}`)
    .join('\n');
}

function paintLine(terminal: Terminal, text: string): string {
  if (text.startsWith('+')) return terminal.paint('green', text);
  if (text.startsWith('-')) return terminal.paint('red', text);
  return text.startsWith('@@') ? terminal.paint('dim', text) : text;
}
