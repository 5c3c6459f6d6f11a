/** animus awareness: what a focus is told of the other work of its place. */
import { AnimusError } from '../../../protocol/errors.ts';
import { EXIT } from '../exit-codes.ts';
import { type CliSession, withHost } from '../session.ts';
import { plain } from '../terminal.ts';

export type AwarenessOptions = { faculty: string; focus?: string };

export async function awareness(session: CliSession, options: AwarenessOptions): Promise<number> {
  const { terminal, json } = session;
  const asked =
    options.focus === undefined ? { faculty: options.faculty } : { focus_id: checkedFocusId(options.focus) };
  const shown = await withHost(session, (client) => client.request('awareness/show', asked));
  if (json) terminal.out(JSON.stringify(shown));
  else if (shown.text !== '') {
    terminal.out(plain(shown.text));
    terminal.note(`about ${shown.tokens} tokens`);
  } else if (shown.focus_id === null)
    terminal.out(`A focus of ${plain(shown.faculty)} would be told of no other work.`);
  else terminal.out('The focus was told of no other work.');
  return EXIT.done;
}

function checkedFocusId(id: string): string {
  if (/^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/.test(id)) return id;
  throw new AnimusError(
    'malformed_id',
    `"${id}" is no id of a focus.`,
    'Give all of it, as animus work show ID --json lists them.',
  );
}
