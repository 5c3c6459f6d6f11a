/** animus faculty list. */
import { EXIT } from '../exit-codes.ts';
import { type CliSession, withHost } from '../session.ts';
import { plain, table } from '../terminal.ts';

export async function facultyList(session: CliSession): Promise<number> {
  const { terminal, json } = session;
  const listed = await withHost(session, (client) => client.request('faculty/list', {}));
  if (json) {
    terminal.out(JSON.stringify(listed));
    return EXIT.done;
  }
  const rows = listed.faculties.map(({ name, origin, description }) => [name, origin, description]);
  terminal.out(table([['NAME', 'FROM', 'WHAT FOR'], ...rows], terminal.width));
  for (const { message, next } of listed.problems) {
    terminal.out(`\n${terminal.paint('red', 'not usable')}  ${plain(message)}\n  ${plain(next)}`);
  }
  return EXIT.done;
}
