/** All handlers in one table; a request without one does not compile. */
import { retryLost } from '../db/retry-lost.ts';
import type { ApiContext, Handlers, Session, SessionMethod } from './context.ts';
import { approvalHandlers } from './handlers/approvals.ts';
import { awarenessHandlers } from './handlers/awareness.ts';
import { changeHandlers } from './handlers/change.ts';
import { dbHandlers } from './handlers/db.ts';
import { editorHandlers } from './handlers/editor.ts';
import { facultyHandlers } from './handlers/faculties.ts';
import { focusContextHandlers } from './handlers/focus-context.ts';
import { hookHandlers } from './handlers/hooks.ts';
import { hostHandlers } from './handlers/host.ts';
import { ledgerHandlers } from './handlers/ledger.ts';
import { modelHandlers } from './handlers/models.ts';
import { personHandlers } from './handlers/person.ts';
import { questionHandlers } from './handlers/question.ts';
import { toolHandlers } from './handlers/tools.ts';
import { trustHandlers } from './handlers/trust.ts';
import { workHandlers } from './handlers/work.ts';
import { workHoldHandlers } from './handlers/work-hold.ts';
import { workMessageHandlers } from './handlers/work-message.ts';
import { workMoveHandlers } from './handlers/work-move.ts';
import { workTreeHandlers } from './handlers/work-tree.ts';

const HANDLERS: Handlers = {
  ...approvalHandlers,
  ...awarenessHandlers,
  ...changeHandlers,
  ...dbHandlers,
  ...facultyHandlers,
  ...focusContextHandlers,
  ...editorHandlers,
  ...hookHandlers,
  ...hostHandlers,
  ...ledgerHandlers,
  ...modelHandlers,
  ...personHandlers,
  ...questionHandlers,
  ...toolHandlers,
  ...trustHandlers,
  ...workHandlers,
  ...workHoldHandlers,
  ...workMessageHandlers,
  ...workMoveHandlers,
  ...workTreeHandlers,
};

/** How long a request waits for a database that went away; a person sits before it. */
const DATABASE_BACK_WITHIN_MS = 10_000;

/**
 * `params` have passed the request's schema. A handler whose answer from the database was lost runs again: each of them
 * reads, or stores by an id that the client made.
 */
export function handleRequest(
  context: ApiContext,
  method: SessionMethod,
  params: unknown,
  session: Session,
): Promise<unknown> {
  const handler = HANDLERS[method] as (context: ApiContext, params: unknown, session: Session) => Promise<unknown>;
  return retryLost(() => handler(context, params, session), DATABASE_BACK_WITHIN_MS);
}
