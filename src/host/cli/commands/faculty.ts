/** animus faculty list. */
import { EXIT } from '../exit-codes.ts';
import { type CliSession, connect } from '../session.ts';
import { plain, table } from '../terminal.ts';

export async function facultyList(session: CliSession): Promise<number> {
  const { terminal, json } = session;
  const client = await connect(session);
  try {
    const listed = await client.request('faculty/list', {});
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
  } finally {
    await client.close();
  }
}
