/** animus trust. */
import { grantTrust } from '../ask-trust.ts';
import { EXIT } from '../exit-codes.ts';
import { type CliSession, withHost } from '../session.ts';
import { plainName } from '../terminal.ts';

export async function trust(session: CliSession): Promise<number> {
  const grant = await withHost(session, (client) => grantTrust(session, client));
  session.terminal.out(session.json ? JSON.stringify(grant) : `Trusted: ${plainName(grant.folder)}`);
  return EXIT.done;
}
