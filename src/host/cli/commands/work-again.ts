/** animus work retry, follow-up: new work that comes after finished work. */
import { uuidv7 } from '../../../rendezvous/ids.ts';
import { type CliSession, withHost } from '../session.ts';
import { checkedId, describedBy, submitted } from './work.ts';

type Options = { wait?: boolean };

export async function workRetry(session: CliSession, options: Options, id: string): Promise<number> {
  const asked = { id: checkedId(id), new_id: uuidv7(), source: 'cli' as const };
  const result = await withHost(session, (client) => client.request('work/retry', asked));
  return submitted(session, result, options.wait ?? false);
}

export async function workFollowUp(
  session: CliSession,
  options: Options,
  id: string,
  words: string[],
): Promise<number> {
  const description = await describedBy(words);
  const { model } = session.config;
  const asked = { id: checkedId(id), new_id: uuidv7(), source: 'cli' as const, description, model };
  const result = await withHost(session, (client) => client.request('work/follow_up', asked));
  return submitted(session, result, options.wait ?? false);
}
