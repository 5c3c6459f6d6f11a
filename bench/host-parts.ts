/** What the host hands the loop for a focus, with nothing configured: no hook, no rule, no budget. */
import { tmpdir } from 'node:os';
import path from 'node:path';
import type { Db } from '../src/host/db/types.ts';
import { AcceptedCopies } from '../src/host/engine/acceptance/accepted-copies.ts';
import { remarkOnFindings } from '../src/host/engine/awareness/remark.ts';
import { type Claimed, claimNext } from '../src/host/engine/dispatch/claim.ts';
import type { Tool } from '../src/host/engine/engage/tool.ts';
import type { EngageConfig, EngageDependencies } from '../src/host/engine/engage/types.ts';
import { facultySchema } from '../src/host/engine/faculties/schema.ts';
import { knownFileOf } from '../src/host/engine/focus/file-records.ts';
import { DbJournal } from '../src/host/engine/focus/journal.ts';
import { DbLimits } from '../src/host/engine/focus/limits.ts';
import { HookCatalogue } from '../src/host/engine/hooks/catalogue.ts';
import { FocusHooks } from '../src/host/engine/hooks/focus-hooks.ts';
import { PersistentHooks } from '../src/host/engine/hooks/persistent-hooks.ts';
import { CallPermissions } from '../src/host/engine/permissions/call-permissions.ts';
import { Redactor } from '../src/host/engine/redaction/redactor.ts';
import { beginEngage } from '../src/host/store/foci/foci.ts';
import { insertMessage } from '../src/host/store/foci/messages.ts';
import { registerHost } from '../src/host/store/hosts/hosts.ts';
import { submitWork } from '../src/host/store/work/submit.ts';
import type { JsonObject } from '../src/protocol/json.ts';
import { uuidv7 } from '../src/rendezvous/ids.ts';

const never = new AbortController().signal;
const costOf = () => 0;

const { faculty: FACULTY } = facultySchema.parse({ faculty: { name: 'general', description: 'Says nothing more.' } });

/** A work item in a place of its own, submitted and claimed, its focus about to engage. */
export async function claimForBench(db: Db, task: string): Promise<Claimed> {
  const [place, hostId] = [uuidv7(), uuidv7()];
  await submitWork(db, {
    ...{ id: uuidv7(), place, faculty: 'general', description: task, params: {}, attachments: [], model: null },
    ...{ priority: 0, dedup: null, delayMs: 0, maxAttempts: 1, provenance: { source: 'api' } },
  });
  await registerHost(db, { id: hostId, storeId: place, name: 'bench', places: [place], faculties: [], version: '0' });
  const claimed = await claimNext(db, hostId, { places: [place], faculties: ['general'] });
  if (!claimed) throw new Error('The work that was submitted cannot be claimed.');
  return claimed;
}

type Parts = Pick<EngageDependencies, 'journal' | 'limits' | 'hooks' | 'permissions' | 'context'>;

export async function hostParts(
  db: Db,
  { item, focus, lease }: Claimed,
  config: EngageConfig,
  tools: readonly Tool[],
): Promise<Parts> {
  await db.transaction(async (tx) => {
    const content = { blocks: [{ type: 'text', text: item.description }] };
    await insertMessage(tx, focus.id, { n: 1, turn: 0, block: 0, role: 'user', kind: 'task', content });
    await beginEngage(tx, focus.id, config.model, config as unknown as JsonObject);
  });
  const workspace = tmpdir();
  const knownFile = knownFileOf(db, focus.id);
  const ids = { workItemId: item.id, focusId: focus.id, faculty: 'general', workspace, knownFile };
  const waitingTools = new Set(tools.filter(({ kind }) => kind === 'waiting').map(({ name }) => name));
  const limits = new DbLimits({
    limits: { maxTokens: null, maxCostMicros: null, maxDurationMs: null },
    ...{ db, lease, item, costOf, waitingTools, headless: false, dayCapMicros: null, ending: never },
  });
  const redactor = new Redactor();
  redactor.add('host_token', 'a-token-that-is-nowhere-in-the-text');
  const viewer = { place: item.place, workspace, item };
  return {
    journal: new DbJournal(
      ...([db, lease, config.model, redactor] as const),
      (tx) => remarkOnFindings(tx, focus.id, viewer, FACULTY.awareness),
      costOf,
      (tx, usage, model) => limits.settle(tx, usage, model),
      config.context,
    ),
    limits,
    hooks: noHooks(db, ids),
    permissions: new CallPermissions({
      ...{ db, context: ids, faculty: { allow: [], ask: [], deny: [] }, whenAsked: 'deny' },
      redact: (text) => redactor.text(text),
    }),
    context: ids,
  };
}

/** The real catalogue over folders that are not there. */
function noHooks(db: Db, ids: Parts['context']): FocusHooks {
  const none = path.join(tmpdir(), 'none');
  const catalogue = new HookCatalogue({
    folders: { personal: path.join(none, 'hooks'), workspace: path.join(none, '.animus', 'hooks') },
    copies: new AcceptedCopies(path.join(none, 'accepted')),
    place: uuidv7(),
    workspace: ids.workspace,
    onChange: () => undefined,
  });
  const processes = { storeId: 'bench', environment: {}, persistent: new PersistentHooks('bench', {}) };
  return new FocusHooks({ db, catalogue, processes, ids });
}
