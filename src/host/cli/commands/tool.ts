/** animus tool list. */
import { EXIT } from '../exit-codes.ts';
import { type CliSession, withHost } from '../session.ts';
import { table } from '../terminal.ts';

export async function toolList(session: CliSession): Promise<number> {
  const { terminal, json } = session;
  const listed = await withHost(session, (client) => client.request('tool/list', {}));
  if (json) terminal.out(JSON.stringify(listed));
  else if (listed.windows === 0)
    terminal.out('No VS Code window with Animus is open on this folder, so there are none.');
  else if (listed.tools.length === 0) terminal.out('No extension in the open window has any.');
  else {
    const rows = listed.tools.map(({ name, description }) => [name, description.replaceAll(/\s+/g, ' ')]);
    terminal.out(table([['NAME', 'WHAT FOR'], ...rows], terminal.width));
  }
  return EXIT.done;
}
