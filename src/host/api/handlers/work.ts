/** work/submit, work/retry, work/follow_up, work/list, work/show. */
import { AnimusError } from '../../../protocol/errors.ts';
import type { ParsedParams, Result } from '../../../protocol/requests.ts';
import { LISTED_TEXT_MAX, TERMINAL_STATES } from '../../../protocol/work.ts';
import { shortId } from '../../../rendezvous/ids.ts';
import type { Db } from '../../db/types.ts';
import { readBudgets } from '../../store/budgets/budgets.ts';
import { listFoci } from '../../store/foci/foci.ts';
import { readSpending, type Spending } from '../../store/foci/spending.ts';
import { facultiesOfPlace, servedPlace } from '../../store/hosts/hosts.ts';
import { type Question, readOpenQuestions } from '../../store/questions/questions.ts';
import { readTrust } from '../../store/trust/trust.ts';
import { listWorkEvents, listWorkItems, readWorkItem, readWorkItems } from '../../store/work/find.ts';
import { readPlacePause } from '../../store/work/pauses.ts';
import { type Submission, type SubmitResult, submitWork } from '../../store/work/submit.ts';
import type { AskedBudget, Provenance, WorkItem } from '../../store/work/types.ts';
import { openWaits } from '../../store/work/waits.ts';
import type { ApiContext, Handlers } from '../context.ts';
import { whyUnusable } from '../faculty-acceptance.ts';
import { requireItem } from '../find-item.ts';
import { viewBudget, viewEvent, viewFocus, viewWork } from '../views.ts';

type WorkHandlers = Pick<Handlers, 'work/submit' | 'work/retry' | 'work/follow_up' | 'work/list' | 'work/show'>;

/** Failed attempts of work for a faculty that nobody here knows yet. */
const DEFAULT_MAX_ATTEMPTS = 3;

const NOTHING_SPENT: Spending = { costMicros: 0, isEstimated: false, isScripted: false };

export const workHandlers: WorkHandlers = {
  async 'work/submit'(context, params) {
    refuseWhileDraining(context);
    const db = await context.database();
    await requireTrust(context, db);
    return viewSubmitted(await submitWork(db, await buildSubmission(context, db, params)));
  },

  async 'work/retry'(context, { id, new_id, source }) {
    const { db, item } = await finishedItem(context, id, 'retried');
    if (item.state === 'completed' && item.outcome?.success !== false) {
      const next = `To go on from what came of it: animus work follow-up ${shortId(item.id)} "…"`;
      throw new AnimusError('wrong_state', `The work item ${item.id} was done. Nothing was submitted.`, next);
    }
    const submission = { ...again(item, new_id, source, 'retry'), params: item.params, retryOf: item.id };
    return viewSubmitted(await submitWork(db, { ...submission, attachments: item.attachments }));
  },

  async 'work/follow_up'(context, { id, new_id, source, description, model }) {
    const { db, item } = await finishedItem(context, id, 'followed up');
    requireText(description);
    requireModel(context, model);
    const submission = { ...again(item, new_id, source, 'follow-up'), followUpOf: item.id };
    const text = context.redactor.text(description);
    return viewSubmitted(await submitWork(db, { ...submission, description: text, model: model ?? item.model }));
  },

  async 'work/list'(context, { ids, states, faculty, parent, limit }) {
    const db = await context.database();
    if (ids) {
      const named = await readWorkItems(db, { place: context.place, ids }, LISTED_TEXT_MAX);
      return { items: await viewAll(context, db, named), all_paused: await isAllPaused(context, db) };
    }
    const parentId = parent ? await requireItem(db, context.place, parent) : undefined;
    const filter = {
      place: context.place,
      limit,
      ...(states ? { states } : {}),
      ...(faculty ? { faculty } : {}),
      ...(parentId ? { parentId } : {}),
    };
    const items = await listWorkItems(db, filter, LISTED_TEXT_MAX);
    return { items: await viewAll(context, db, items), all_paused: await isAllPaused(context, db) };
  },

  async 'work/show'(context, { id }) {
    const db = await context.database();
    const asked = await requireRow(db, await requireItem(db, context.place, id));
    const item = asked.mergedInto ? await requireRow(db, asked.mergedInto) : asked;
    const [view] = await viewAll(context, db, [item]);
    if (!view) throw new Error('A view is missing.');
    const budget = (await readBudgets(db, [item.id])).get(item.id);
    const foci = (await listFoci(db, item.id)).map((focus) => viewFocus(focus, budget));
    const events = (await listWorkEvents(db, item.id)).map(viewEvent);
    return {
      item: view,
      merged_id: asked === item ? null : asked.id,
      ...(budget ? { budget: viewBudget(budget) } : {}),
      foci,
      events,
    };
  },
};

export async function requireRow(db: Db, id: string): Promise<WorkItem> {
  const item = await readWorkItem(db, id);
  if (item) return item;
  throw new AnimusError('not_found', `The work item ${id} was deleted.`, 'List what there is: animus work list');
}

/** Items of one place. */
export async function viewAll(context: ApiContext, db: Db, items: readonly WorkItem[]) {
  const waiting = items.filter(({ state }) => state === 'waiting').map(({ id }) => id);
  const waits = waiting.length > 0 ? await openWaits(db, [context.place]) : [];
  const questions = waiting.length > 0 ? await readOpenQuestions(db, context.place, waiting) : [];
  // All of the host's own place, but for what was just moved away.
  const place = items[0]?.place ?? context.place;
  const served = await servedPlace(db, place);
  const allPaused = (await readPlacePause(db, place)) !== undefined;
  const spent = await readSpending(
    db,
    items.map(({ id }) => id),
  );
  return items.map((item) => {
    const wait = waits.find(({ workItemId }) => workItemId === item.id) ?? null;
    const asked = questions.find(({ workItemId }) => workItemId === item.id);
    const question = asked && items.length > 1 ? listedQuestion(asked) : asked;
    const spending = spent.get(item.id) ?? NOTHING_SPENT;
    return viewWork(item, { wait, question, served, allPaused, spending, providers: context.providers });
  });
}

export async function isAllPaused({ place }: ApiContext, db: Db): Promise<boolean> {
  return (await readPlacePause(db, place)) !== undefined;
}

/** Cut, as all texts of a list are. */
function listedQuestion(question: Question): Question {
  const cut = (text: string) => text.slice(0, LISTED_TEXT_MAX).toWellFormed();
  return { ...question, text: cut(question.text), choices: question.choices.map(cut) };
}

/** What a leaving host acknowledged would lie there until somebody started the next one. */
function refuseWhileDraining(context: ApiContext): void {
  if (context.status().state !== 'draining') return;
  throw new AnimusError(
    'draining',
    'The host is about to leave. Nothing was submitted.',
    'Submit it again in a moment.',
  );
}

export async function requireTrust(context: ApiContext, db: Db): Promise<void> {
  if (await readTrust(db, context.place, context.folder)) return;
  throw new AnimusError(
    'untrusted_folder',
    `The folder ${context.folder} is not trusted, so no agent works in it. Nothing was submitted.`,
    'If you trust what is in it, run: animus trust',
  );
}

async function buildSubmission(context: ApiContext, db: Db, params: ParsedParams<'work/submit'>): Promise<Submission> {
  requireText(params.description);
  requireModel(context, params.model);
  const faculty = await routeFaculty(context, db, params);
  return {
    id: params.id,
    place: context.place,
    faculty: faculty.name,
    description: context.redactor.text(params.description),
    params: context.redactor.json(params.params),
    attachments: [],
    model: params.model,
    priority: params.priority,
    dedup: params.dedup ?? (faculty.dedup ? 'structural' : null),
    delayMs: params.delay_ms,
    maxAttempts: params.max_attempts ?? faculty.maxAttempts,
    provenance: { source: params.source },
    budget: given(params.budget),
  };
}

/** Without the keys that were left out. */
function given(budget: ParsedParams<'work/submit'>['budget']): AskedBudget | null {
  return budget && (Object.fromEntries(Object.entries(budget).filter(([, most]) => most !== undefined)) as AskedBudget);
}

function requireText(description: string): void {
  if (description.trim() !== '') return;
  throw new AnimusError('invalid_params', 'The work has no text. Nothing was submitted.', 'Say what is to be done.');
}

function requireModel(context: ApiContext, model: string | null): void {
  const problem = model === null ? true : context.isKnownModel(model);
  if (problem !== true) throw new AnimusError('unknown_model', problem, 'Correct ANIMUS_MODEL or the model setting.');
}

/** The item itself, which a merged id stands for. Throws AnimusError `wrong_state` where it is still open. */
async function finishedItem(context: ApiContext, id: string, what: string): Promise<{ db: Db; item: WorkItem }> {
  refuseWhileDraining(context);
  const db = await context.database();
  await requireTrust(context, db);
  const asked = await requireRow(db, await requireItem(db, context.place, id));
  const item = asked.mergedInto ? await requireRow(db, asked.mergedInto) : asked;
  if (TERMINAL_STATES.includes(item.state)) return { db, item };
  throw new AnimusError(
    'wrong_state',
    `The work item ${item.id} is ${item.state}, and only finished work can be ${what}. Nothing was submitted.`,
    `Wait for it: animus work wait ${shortId(item.id)}`,
  );
}

/** A new item for the same faculty, of the same weight. It stands for itself: no parent, and merged with nothing. */
function again(item: WorkItem, id: string, source: Provenance['source'], trigger: string): Submission {
  const { place, faculty, description, model, priority, maxAttempts, budget } = item;
  const same = { place, faculty, description, model, priority, maxAttempts, budget };
  return { ...same, id, params: {}, attachments: [], dedup: null, delayMs: 0, provenance: { source, trigger } };
}

function viewSubmitted(result: SubmitResult): Result<'work/submit'> {
  if (result.kind === 'queued') return { kind: 'queued', id: result.id };
  return { kind: 'merged', id: result.id, canonical_id: result.canonicalId };
}

type Routed = { name: string; dedup: boolean; maxAttempts: number };

/** Aliases resolve first; then some live host of the place must know the faculty, or the submitter insists. */
async function routeFaculty(
  context: ApiContext,
  db: Db,
  { faculty: wanted, allow_unknown_faculty: insists }: ParsedParams<'work/submit'>,
): Promise<Routed> {
  const unchecked = { name: wanted, dedup: false, maxAttempts: DEFAULT_MAX_ATTEMPTS };
  context.catalogue.refresh();
  const found = context.catalogue.find(wanted);
  if (found.kind === 'found') {
    const { name, dedup, max_attempts: maxAttempts } = found.faculty;
    return { name, dedup, maxAttempts };
  }
  const elsewhere = await facultiesOfPlace(db, context.place);
  if (insists || elsewhere.includes(wanted)) return unchecked;
  const unusable = whyUnusable(wanted, found);
  if (unusable) throw unusable;
  const here = context.catalogue.list().faculties.map(({ name }) => name);
  const names = [...new Set([...here, ...elsewhere])].sort();
  throw new AnimusError(
    'unknown_faculty',
    `No host here knows a faculty "${wanted}". Nothing was submitted.`,
    `There are: ${names.join(', ')}. To queue it all the same: --allow-unknown`,
  );
}
