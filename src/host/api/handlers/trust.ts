/** trust/grant and trust/show. Granting is a person's: nothing that an agent started may do it. */
import { realpathSync } from 'node:fs';
import { AnimusError } from '../../../protocol/errors.ts';
import { grantTrust, readTrust } from '../../store/trust/trust.ts';
import type { Handlers } from '../context.ts';
import { learnAcceptance } from '../faculty-acceptance.ts';
import { requirePerson } from '../require-person.ts';

export const trustHandlers: Pick<Handlers, 'trust/grant' | 'trust/show'> = {
  async 'trust/grant'(context, { folder, pid }, session) {
    await requirePerson(context, session, pid, 'trust a folder');
    if (realPathOf(folder) !== context.folder) {
      throw new AnimusError(
        'invalid_params',
        `This store is about ${context.folder}, not ${folder}. Nothing was changed.`,
        'Run animus trust inside the folder that you mean.',
      );
    }
    const db = await context.database();
    await grantTrust(db, context.place, context.folder, session.client.kind);
    const grant = await readTrust(db, context.place, context.folder);
    if (!grant) throw new Error('A grant was not stored.');
    await learnAcceptance(context, db);
    return { folder: grant.folder, granted_by: grant.grantedBy, granted_at: grant.grantedAt.toISOString() };
  },

  async 'trust/show'(context) {
    const db = await context.database();
    const grant = await readTrust(db, context.place, context.folder);
    return { folder: context.folder, trusted: grant !== undefined };
  },
};

/** Undefined for a folder that is gone or cannot be one: that is another folder than the store's, whatever it was. */
function realPathOf(folder: string): string | undefined {
  try {
    return realpathSync(folder);
  } catch {
    return undefined;
  }
}
