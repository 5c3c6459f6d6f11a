/** What joins the conversation at the end of a turn besides its results: remarks, reminders, and what people said. */
import { insertMessage } from '../../store/foci/messages.ts';
import { takeMessages } from '../../store/work/messages.ts';
import type { Remark } from '../awareness/remark.ts';
import type { Closing } from '../engage/context/close-turn.ts';
import type { RecordedMessage } from '../engage/context/types.ts';
import { toStored } from './context-rows.ts';
import type { Writing } from './writing.ts';

/** Stands above what a person says to a focus: unlike what tools and other foci say, it instructs. */
export const SAID = '== MESSAGE FROM A PERSON ==';

type Place = Pick<RecordedMessage, 'turn' | 'n' | 'block'>;

/** What follows the turn's results, message `n`, belongs to the next block already, where they closed one. */
export async function insertBesides(
  writing: Writing,
  { turn, block: openBlock }: Pick<Place, 'turn' | 'block'>,
  { block, reminder }: Closing,
  { n, remark }: { n: number; remark: Remark | undefined },
): Promise<RecordedMessage[]> {
  const place = { turn, block: block ? block.block + 1 : openBlock };
  const made: Promise<RecordedMessage>[] = [];
  if (remark) made.push(insertRemark(writing, { ...place, n: n + 1 }, remark));
  if (reminder !== null) {
    made.push(insertText(writing, textMessage({ ...place, n: n + 1 + made.length }, 'remark', reminder)));
  }
  const [said, ...remarked] = await Promise.all([insertSaid(writing, { ...place, n: n + 1 + made.length }), ...made]);
  return [...remarked, ...said];
}

/** Each message as one of its own, from number `n` on. */
export async function insertSaid(writing: Writing, { n, ...place }: Place): Promise<RecordedMessage[]> {
  const { tx, lease } = writing;
  const said = await takeMessages(tx, lease.workItemId, lease.focusId);
  const messages = said.map(({ content }, at) => textMessage({ ...place, n: n + at }, 'person', `${SAID}\n${content}`));
  for (const message of messages) await insertText(writing, message);
  return messages;
}

export function textMessage(place: Place, kind: RecordedMessage['kind'], text: string): RecordedMessage {
  return { ...place, role: 'user', kind, blocks: [{ type: 'text', text }] };
}

async function insertRemark(writing: Writing, place: Place, remark: Remark): Promise<RecordedMessage> {
  const { findings, lookedTo } = remark;
  const facts = { findings, ...(lookedTo ? { looked_to: lookedTo.toISOString() } : {}) };
  return insertText(writing, textMessage(place, 'remark', writing.redactor.text(remark.text)), facts);
}

async function insertText(
  { tx, lease }: Writing,
  message: RecordedMessage,
  facts: object = {},
): Promise<RecordedMessage> {
  await insertMessage(tx, lease.focusId, toStored(message, facts));
  return message;
}
