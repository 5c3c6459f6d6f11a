/** What a trusted window brings along: the keys of models, its person's key, and the person's trust in the folder. */
import type { HostClient } from '../../client/host-client.ts';
import type { Provider } from '../../host/providers/types.ts';
import { AnimusError, type ErrorKind } from '../../protocol/errors.ts';
import type { PersonKeyView } from '../../protocol/person.ts';
import { keyOffers, type Secrets } from './api-key.ts';
import type { Standing, WindowPerson } from './window-person.ts';

export type Greeting = {
  secrets: Secrets;
  person: Pick<WindowPerson, 'introduce' | 'look'>;
  env: NodeJS.ProcessEnv;
  folder: string;
  providers: readonly Provider[];
  pid: number;
  /** The window may look and submit, and decides nothing. */
  onStranger(standing: Exclude<Standing, 'enrolled'>, keys: readonly PersonKeyView[]): void;
  log(level: 'warn', message: string): void;
};

export async function greet(client: HostClient, greeting: Greeting): Promise<void> {
  const { secrets, env, folder, providers, person, pid, onStranger, log } = greeting;
  const credentials = await keyOffers(secrets, env, providers);
  if (credentials.length > 0) await client.request('credentials/offer', { credentials });
  try {
    const standing = await person.introduce(client);
    if (standing === 'enrolled') await grantTrust(client, folder, pid);
    else await tellStanding(client, standing, onStranger);
  } catch (error) {
    if (!(error instanceof AnimusError) || !HARMLESS.includes(error.kind)) throw error;
    // A window that an agent opened, or whose key was removed just now: it may look, and decides nothing.
    log('warn', error.message);
  }
}

const HARMLESS: readonly ErrorKind[] = ['not_permitted', 'not_enrolled'];

/** Somebody was let in or removed. */
export async function lookAgain(client: HostClient, { person, onStranger }: Pick<Greeting, 'person' | 'onStranger'>) {
  const standing = await person.look(client);
  if (standing === 'removed') await tellStanding(client, standing, onStranger);
}

async function tellStanding(
  client: HostClient,
  standing: Exclude<Standing, 'enrolled'>,
  tell: Greeting['onStranger'],
): Promise<void> {
  const { keys } = await client.request('person/list', {});
  tell(standing, keys);
}

/** VS Code has asked the person before; the host keeps a record of its own. */
export async function grantTrust(client: HostClient, folder: string, pid: number): Promise<void> {
  const { trusted } = await client.request('trust/show', {});
  if (!trusted) await client.request('trust/grant', { folder, pid });
}
