/** host/status, host/drain, credentials/offer, events/subscribe. */

import { dayCapReason } from '../../engine/dispatch/day-cap.ts';
import { type Day, readDay } from '../../store/budgets/daily.ts';
import { readTrust } from '../../store/trust/trust.ts';
import type { ApiContext, Handlers } from '../context.ts';
import { viewQueue } from '../queue-view.ts';

type HostHandlers = Pick<Handlers, 'host/status' | 'host/drain' | 'credentials/offer' | 'events/subscribe'>;

export const hostHandlers: HostHandlers = {
  async 'host/status'(context, _params, session) {
    const status = context.status();
    const clients = session.clientCount();
    // Status answers also while the database opens, and when it does not.
    if (status.database.kind !== 'ready')
      return { ...status, clients, queue: null, other_places: [], trusted: null, today: null };
    return { ...status, clients, ...(await figures(context)) };
  },

  async 'host/drain'(context, { reason }) {
    return { running: context.drain(reason) };
  },

  async 'credentials/offer'(context, { credentials }) {
    const accepted = credentials.filter((credential) => {
      context.redactor.add(`${credential.name}_key`, credential.value);
      return context.credentials.offer(credential);
    });
    if (accepted.length > 0) await context.wakeWaiting();
    return { accepted: accepted.map(({ name }) => name) };
  },

  async 'events/subscribe'(_context, _params, session) {
    session.subscribe();
    return {};
  },
};

async function figures(context: ApiContext) {
  const db = await context.database();
  const { queue, otherPlaces: other_places } = await viewQueue(db, context.place);
  const { paused } = context.status();
  const day = await readDay(db, context.place);
  const allPaused = queue.all_paused ? 'all work here, by a person: animus work resume --all' : null;
  return {
    queue,
    paused: paused ?? allPaused ?? dayCapReason(day, context.dayCapMicros) ?? null,
    other_places,
    today: viewDay(day, context.dayCapMicros),
    trusted: (await readTrust(db, context.place, context.folder)) !== undefined,
  };
}

function viewDay({ costMicros }: Day, capMicros: number | null) {
  return { cost_usd: costMicros / MICROS, max_cost_usd: capMicros === null ? null : capMicros / MICROS };
}

const MICROS = 1_000_000;
