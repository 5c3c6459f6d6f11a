/** From the database's notifications to the clients': what one host commits, every client of every host hears. */
import * as z from 'zod';
import { NOTIFICATIONS, type Notification, type NotificationParams } from '../protocol/notifications.ts';
import type { Db } from './db/types.ts';

type Broadcast = <N extends Notification>(name: N, params: NotificationParams<N>) => void;

const CHANNELS = {
  work: 'work/changed',
  place: 'place/changed',
  person: 'person/changed',
  ledger: 'ledger/appended',
  focus: 'focus/changed',
} as const;

const json = z.string().transform((text, context) => {
  try {
    return JSON.parse(text) as unknown;
  } catch {
    context.addIssue({ code: 'custom', message: 'not JSON' });
    return z.NEVER;
  }
});

/** A payload of another form is left out: on a shared server anyone may notify. */
export async function forwardNotifications(db: Db, broadcast: Broadcast): Promise<void> {
  for (const [channel, name] of Object.entries(CHANNELS)) {
    const forward = (payload: string) => {
      const parsed = json.pipe(NOTIFICATIONS[name]).safeParse(payload);
      if (parsed.success) broadcast(name, parsed.data as never);
    };
    await db.listen(channel, forward, () => broadcast('store/reset', {}));
  }
}
