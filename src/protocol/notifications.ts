/**
 * Every notification, host to client. They are small and may be missed: each carries an id and a number that only
 * grows, and a view asks for what it lacks since the last number it saw.
 */
import * as z from 'zod';

export const NOTIFICATIONS = {
  /** An item has a new event. */
  'work/changed': z.object({ id: z.uuid(), seq: z.number() }),
  /** All work of a place was paused, or goes on. */
  'place/changed': z.object({ place: z.uuid() }),
  /** Somebody was let in to decide in a place, or removed. */
  'person/changed': z.object({ place: z.uuid() }),
  'ledger/appended': z.object({ id: z.uuid(), seq: z.number() }),
  /** A focus has a new message. */
  'focus/changed': z.object({ id: z.uuid(), n: z.number() }),
  /** Text as the model writes it. Not recorded: the message that ends the turn is what counts. */
  'focus/delta': z.object({
    focus_id: z.uuid(),
    work_item_id: z.uuid(),
    turn: z.number(),
    kind: z.enum(['turn_start', 'text', 'tool_call', 'retry']),
    text: z.string(),
  }),
  /** Anything may have changed: read again what you show. */
  'store/reset': z.object({}),
  'host/changed': z.object({ state: z.enum(['serving', 'draining', 'failed']) }),
} as const;

export type Notification = keyof typeof NOTIFICATIONS;
export type NotificationParams<N extends Notification> = z.output<(typeof NOTIFICATIONS)[N]>;
