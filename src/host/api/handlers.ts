/** All handlers in one table; a request without one does not compile. */
import type { ApiContext, Handlers, Session, SessionMethod } from './context.ts';
import { hostHandlers } from './handlers/host.ts';
import { ledgerHandlers } from './handlers/ledger.ts';
import { trustHandlers } from './handlers/trust.ts';
import { workHandlers } from './handlers/work.ts';

const HANDLERS: Handlers = { ...hostHandlers, ...ledgerHandlers, ...trustHandlers, ...workHandlers };

/** `params` have passed the request's schema. */
export function handleRequest(
  context: ApiContext,
  method: SessionMethod,
  params: unknown,
  session: Session,
): Promise<unknown> {
  const handler = HANDLERS[method] as (context: ApiContext, params: unknown, session: Session) => Promise<unknown>;
  return handler(context, params, session);
}
