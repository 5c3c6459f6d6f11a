/** The digest: what a focus is told of its place's other work when it begins. */

import type { DigestLists } from '../../../protocol/awareness.ts';
import type { Queryable } from '../../db/types.ts';
import { estimateTokens } from '../../llm/estimate-tokens.ts';
import {
  type ActiveWork,
  type CompletedWork,
  type Onlooker,
  type OtherFinding,
  readActiveWork,
  readCompletedWork,
  readFindings,
} from '../../store/awareness/other-work.ts';
import type { Faculty } from '../faculties/schema.ts';
import { activeLine, completedLine, fileList, findingLine, formatDigest, TITLES } from './format.ts';
import { ranking } from './relevance.ts';

export type AwarenessSettings = Faculty['awareness'];

export type Viewer = {
  place: string;
  workspace: string;
  /** Whose focus is to be told; null for the next one of nobody in particular. */
  item: { id: string; rootId: string; depth: number; description: string } | null;
};

export type Digest = { text: string; tokens: number; lists: DigestLists };

/** So many times what is shown is read, newest first, and the most relevant of it shown. */
const READ_FOR_ONE_SHOWN = 5;

const NOTHING: Digest = { text: '', tokens: 0, lists: { active: [], completed: [], findings: [] } };

/** Equal state gives an equal digest: what is shown depends on rows alone, but for what the lookback leaves behind. */
export async function buildDigest(db: Queryable, viewer: Viewer, settings: AwarenessSettings): Promise<Digest> {
  if (!settings.enabled) return NOTHING;
  const { max_running: running, max_recent_completed: ended, max_recent_findings: found } = settings;
  const hours = settings.lookback_hours;
  const onlooker = onlookerOf(viewer, settings);
  const rank = ranking({
    rootId: viewer.item?.rootId ?? null,
    description: viewer.item?.description ?? '',
    workspace: viewer.workspace,
  });
  const active = best(running, await readActiveWork(db, onlooker, running * READ_FOR_ONE_SHOWN), (work) =>
    rank(work.rootId, `${work.description}\n${work.plan ?? ''}`),
  );
  const completed = best(ended, await readCompletedWork(db, onlooker, hours, ended * READ_FOR_ONE_SHOWN), (work) =>
    rank(work.rootId, `${work.description}\n${work.summary}`),
  );
  const findings = best(found, await readFindings(db, onlooker, hours, found * READ_FOR_ONE_SHOWN), (finding) =>
    rank(finding.rootId, [finding.content, ...fileList(finding)].join('\n')),
  );
  return written({ active, completed, findings }, settings.max_tokens);
}

export function onlookerOf({ place, item }: Viewer, settings: AwarenessSettings): Onlooker {
  return { place, itself: item, withDescendants: settings.include_child_work };
}

/** Sorting is stable: within a rank the newest stay first. */
function best<T>(most: number, newestFirst: readonly T[], rank: (one: T) => number): T[] {
  return newestFirst
    .map((one) => ({ one, rank: rank(one) }))
    .sort((a, b) => a.rank - b.rank)
    .slice(0, most)
    .map(({ one }) => one);
}

type Read = { active: ActiveWork[]; completed: CompletedWork[]; findings: OtherFinding[] };

/** Skills are not told of yet, since there are none. */
function written({ active, completed, findings }: Read, maxTokens: number): Digest {
  const sections = [
    { title: TITLES.active, lines: active.map(activeLine) },
    { title: TITLES.completed, lines: completed.map(completedLine) },
    { title: TITLES.findings, lines: findings.map(findingLine) },
  ];
  const { text, shown } = formatDigest(sections, maxTokens);
  const [running, ended, found] = shown;
  return {
    text,
    tokens: estimateTokens(text),
    lists: {
      active: active.slice(0, running).map(viewActive),
      completed: completed.slice(0, ended).map(viewCompleted),
      findings: findings.slice(0, found).map(viewFinding),
    },
  };
}

const EXCERPT_KEPT = 500;

function viewActive({ workItemId, faculty, description, waitsFor, since, plan }: ActiveWork) {
  return {
    ...{ work_item_id: workItemId, faculty, description: excerpt(description), waits_for: waitsFor },
    ...{ since: since.toISOString(), plan: plan === null ? null : excerpt(plan) },
  };
}

function viewCompleted({ workItemId, faculty, description, end, summary, at }: CompletedWork) {
  const texts = { description: excerpt(description), summary: excerpt(summary) };
  return { work_item_id: workItemId, faculty, ...texts, end, at: at.toISOString() };
}

function viewFinding({ entryId, workItemId, faculty, seq, content, files, at }: OtherFinding) {
  return {
    ...{ entry_id: entryId, work_item_id: workItemId, faculty, seq, content: excerpt(content) },
    ...{ files: fileList({ files }).slice(0, 20).map(excerpt), at: at.toISOString() },
  };
}

const excerpt = (text: string) => text.slice(0, EXCERPT_KEPT).toWellFormed();
