/** animus trust. */
import { grantTrust } from '../ask-trust.ts';
import { EXIT } from '../exit-codes.ts';
import { type CliSession, connect } from '../session.ts';

export async function trust(session: CliSession): Promise<number> {
  const client = await connect(session);
  try {
    const grant = await grantTrust(session, client);
    session.terminal.out(session.json ? JSON.stringify(grant) : `Trusted: ${grant.folder}`);
    return EXIT.done;
  } finally {
    await client.close();
  }
}
