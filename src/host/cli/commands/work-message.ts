/** animus work message: say something to work that is under way. */
import { uuidv7 } from '../../../rendezvous/ids.ts';
import { EXIT } from '../exit-codes.ts';
import { type CliSession, withHost } from '../session.ts';
import { checkedId, describedBy } from './work.ts';

export async function workMessage(session: CliSession, _options: object, id: string, words: string[]): Promise<number> {
  const { terminal, json } = session;
  const asked = { id: checkedId(id), message_id: uuidv7(), text: await describedBy(words) };
  const result = await withHost(session, (client) => client.request('work/message', asked));
  if (json) terminal.out(JSON.stringify(result));
  else terminal.out(`said to ${result.work_item_id}: it is heard at the end of the turn that is under way`);
  return EXIT.done;
}
