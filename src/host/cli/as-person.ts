/** What a command does in a person's name: the host wants to see the key of this terminal for it. */
import { hostname } from 'node:os';
import type { HostClient } from '../../client/host-client.ts';
import { provePerson } from '../../client/prove-person.ts';
import { AnimusError } from '../../protocol/errors.ts';
import type { PersonProof } from '../../protocol/person.ts';
import { obtainTerminalKey, readTerminalKey } from './person-key-file.ts';
import { type CliSession, withHost } from './session.ts';

export const terminalName = () => `terminal on ${hostname()}`.slice(0, 100);

/** As withHost; what is asked counts as a person's where this terminal is enrolled. */
export function asPerson<T>(session: CliSession, work: (client: HostClient) => Promise<T>): Promise<T> {
  return withHost(session, async (client) => {
    await showKey(session, client);
    return work(client);
  });
}

/** Undefined where this terminal has no key yet. */
export async function showKey({ location }: CliSession, client: HostClient): Promise<PersonProof | undefined> {
  const key = readTerminalKey(location.identity.home);
  return key && provePerson(client, key);
}

/**
 * The same, and where nobody is enrolled yet this terminal is from now on: whoever is the first to trust a folder is who decides in it. A
 * terminal that was enrolled here once is not again by itself.
 */
export async function showFirstKey(session: CliSession, client: HostClient): Promise<void> {
  const shown = await showKey(session, client);
  if (shown?.state === 'enrolled' || shown?.state === 'removed') return;
  const { keys } = shown ? { keys: [] } : await client.request('person/list', {});
  if (shown?.anybody || keys.length > 0) return;
  if (!shown) await provePerson(client, obtainTerminalKey(session.location.identity.home));
  try {
    await client.request('person/enroll', { name: terminalName(), pid: process.pid });
  } catch (error) {
    // What an agent started is refused with what it asked for.
    if (error instanceof AnimusError && error.kind === 'not_permitted') return;
    throw error;
  }
  session.terminal.note('This terminal may decide here from now on: approve, answer, trust, accept (animus person).');
}
