/** How work looks as rows of a tree: labels, words, icons and order. Knows nothing of VS Code. */
import type { FocusView } from '../../protocol/focus.ts';
import { type QuestionView, type WorkView, waitsForWindow } from '../../protocol/work.ts';
import { plainLine, plainText, ROW_WIDTH, titleOf } from '../plain-text.ts';
import type { KnownWork, WorkModel } from './work-model.ts';

export const GROUPS = ['waiting', 'running', 'queued', 'paused', 'finished'] as const;
export type Group = (typeof GROUPS)[number];

export const GROUP_LABELS: Record<Group, string> = {
  waiting: 'Waiting for You',
  running: 'Running',
  queued: 'Queued',
  paused: 'Paused',
  finished: 'Finished',
};

export type Row =
  | { kind: 'group'; group: Group; count: number }
  | { kind: 'work'; id: string }
  /** Why an item is where it is. */
  | { kind: 'reason'; workId: string; text: string }
  /** What a person can do about it: about an item, or about the host where none is named. */
  | { kind: 'action'; workId: string | null; title: string; icon: string; command: string; args: readonly unknown[] };

export type Look = { icon: string; color: string };

export type WorkText = { label: string; description: string; look: Look; tooltip: readonly string[] };

const REASON_WIDTH = 300;
const TOOLTIP_WIDTH = 600;

/** Kinds of waits that only a person ends, and what they are called. */
const PERSON_WAITS: Record<string, { word: string; icon: string }> = {
  approval: { word: 'approval', icon: 'bell-dot' },
  answer: { word: 'asks you', icon: 'question' },
  budget: { word: 'asks for budget', icon: 'question' },
  credentials: { word: 'no API key', icon: 'key' },
  paused: { word: 'paused', icon: 'debug-pause' },
};

/** The cap of a day asks nobody: the work goes on by itself. */
function waitsForPerson({ wait, question }: WorkView): boolean {
  if (!wait) return false;
  if (wait.kind === 'budget') return question !== undefined;
  return wait.kind in PERSON_WAITS || waitsForWindow(wait);
}

export function groupOf(item: WorkView): Group {
  // One that still runs is there until it has come to its recorded point.
  if (item.paused && (item.state === 'queued' || item.state === 'waiting')) return 'paused';
  if (item.state === 'waiting') return waitsForPerson(item) ? 'waiting' : 'running';
  if (item.state === 'running' || item.state === 'queued') return item.state;
  return 'finished';
}

export const isUnroutable = (item: WorkView) => item.state === 'queued' && /^unroutable\b/.test(item.reason ?? '');

/** The groups that have something, with how much. */
export function groupRows(model: WorkModel): Extract<Row, { kind: 'group' }>[] {
  return GROUPS.flatMap((group) => {
    const count = model.all().filter(({ item }) => groupOf(item) === group).length;
    return count > 0 && topOf(model, group).length > 0 ? [{ kind: 'group' as const, group, count }] : [];
  });
}

/** Children stand under their parents, but for those that wait for a person. */
function isTop(model: WorkModel, { item }: KnownWork): boolean {
  return item.parent_id === null || groupOf(item) === 'waiting' || model.get(item.parent_id) === undefined;
}

export function topOf(model: WorkModel, group: Group): KnownWork[] {
  return model
    .all()
    .filter((known) => groupOf(known.item) === group && isTop(model, known))
    .sort((a, b) => compare(group, a.item, b.item));
}

export function childrenUnder(model: WorkModel, id: string): KnownWork[] {
  return model
    .childrenOf(id)
    .filter((known) => !isTop(model, known))
    .sort((a, b) => a.item.created_at.localeCompare(b.item.created_at));
}

function compare(group: Group, a: WorkView, b: WorkView): number {
  if (group === 'finished') return (b.resolved_at ?? b.updated_at).localeCompare(a.resolved_at ?? a.updated_at);
  if (group === 'queued' && a.priority !== b.priority) return b.priority - a.priority;
  return a.created_at.localeCompare(b.created_at);
}

/** Whether it ended in a way that another try may better. */
export const hasFailed = ({ state, outcome }: WorkView) =>
  state === 'dead' || state === 'cancelled' || (state === 'completed' && outcome?.success === false);

/** Whether there is a focus to look at. Attempts count those that failed. */
export const hasBegun = ({ state, attempts }: WorkView) => attempts > 0 || (state !== 'queued' && state !== 'merged');

export const labelOf = (item: WorkView) => titleOf(item.description, ROW_WIDTH);

export function describeWork(known: KnownWork, model: WorkModel, now: number): WorkText {
  const { item } = known;
  const words = [...stateWords(known, model, now), item.faculty, item.scripted ? 'script' : '', costOf(item)];
  if (groupOf(item) !== 'running') words.push(age(item.resolved_at ?? item.created_at, now));
  return {
    label: labelOf(item),
    description: words.filter((word) => word !== '').join(' · '),
    look: lookOf(item),
    tooltip: tooltipOf(known, model, now),
  };
}

/** The state first: the end of a description is what gets cut. */
function stateWords({ item, activity, foci }: KnownWork, model: WorkModel, now: number): string[] {
  const focus = foci?.at(-1);
  switch (item.state) {
    case 'running': {
      if (item.wait?.kind === 'paused') return ['pausing', focus?.phase ?? ''];
      if (activity && focus?.phase === 'engage') {
        return ['running', `turn ${activity.turn}`, activity.tool ? plainLine(activity.tool, 40) : ''];
      }
      return ['running', focus?.phase ?? ''];
    }
    case 'waiting':
      return [waitWord(item, now)];
    case 'queued':
      if (item.wait?.kind === 'paused') return ['paused'];
      if (isUnroutable(item)) return ['nobody takes it'];
      if (Date.parse(item.available_at) > now) {
        return [`${item.attempts > 0 ? 'tries again' : 'delayed'} until ${clock(item.available_at)}`];
      }
      return ['next free slot'];
    case 'completed':
      return item.outcome?.success === false ? ['ended without success'] : [];
    case 'dead':
      return [`dead after ${item.attempts} ${item.attempts === 1 ? 'attempt' : 'attempts'}`];
    case 'cancelled':
      return ['cancelled'];
    case 'merged': {
      const into = item.merged_into ? model.get(item.merged_into)?.item : undefined;
      return [into ? `merged into “${labelOf(into)}”` : (item.reason ?? 'merged')];
    }
  }
}

function waitWord({ wait, question }: WorkView, now: number): string {
  if (!wait) return 'waits';
  if (wait.kind === 'children') return 'waits for children';
  if (waitsForWindow(wait)) return 'no model';
  if (wait.kind === 'model') {
    const until = /\d{4}-\d\d-\d\dT[\d:.]+Z/.exec(wait.next)?.[0];
    return until && Date.parse(until) > now ? `model paused until ${clock(until)}` : 'model paused';
  }
  if (question?.kind === 'stuck') return 'is stuck';
  if (wait.kind === 'budget' && !question) return "rests: today's budget is spent";
  return PERSON_WAITS[wait.kind]?.word ?? `waits for ${wait.kind}`;
}

function lookOf(item: WorkView): Look {
  switch (item.state) {
    case 'running':
      return { icon: 'loading~spin', color: 'animus.running' };
    case 'waiting': {
      if (item.wait && !item.paused && waitsForWindow(item.wait)) return { icon: 'plug', color: 'animus.waiting' };
      const person = item.wait && !item.paused && waitsForPerson(item) ? PERSON_WAITS[item.wait.kind] : undefined;
      return person ? { icon: person.icon, color: 'animus.waiting' } : { icon: 'debug-pause', color: 'animus.idle' };
    }
    case 'queued':
      if (item.wait?.kind === 'paused') return { icon: 'debug-pause', color: 'animus.idle' };
      return isUnroutable(item)
        ? { icon: 'debug-disconnect', color: 'animus.unroutable' }
        : { icon: 'circle-large-outline', color: 'animus.idle' };
    case 'completed':
      return item.outcome?.success === false
        ? { icon: 'error', color: 'animus.dead' }
        : { icon: 'pass', color: 'animus.completed' };
    case 'dead':
      return { icon: 'error', color: 'animus.dead' };
    case 'cancelled':
      return { icon: 'circle-slash', color: 'animus.idle' };
    case 'merged':
      return { icon: 'git-merge', color: 'animus.merged' };
  }
}

const ANSWERS: Readonly<Record<QuestionView['kind'], string>> = {
  ask: 'Answer…',
  budget: 'Raise or Stop…',
  stuck: 'Go On or Stop…',
};

/** The reason of an item as rows, and what helps: so keyboard and screen reader reach both. */
export function reasonRows({ item, foci }: KnownWork): Row[] {
  const reason = (text: string): Row => ({ kind: 'reason', workId: item.id, text: plainLine(text, REASON_WIDTH) });
  const action = (title: string, icon: string, command: string, ...args: unknown[]): Row => {
    return { kind: 'action', workId: item.id, title, icon, command: `animus.${command}`, args };
  };
  if (item.paused) {
    return [reason(pausedReason(item)), action('Resume', 'debug-continue', 'resumeWork', { workId: item.id })];
  }
  switch (item.state) {
    case 'waiting':
      if (item.wait && waitsForWindow(item.wait)) {
        return [reason(item.wait.next), action('Choose Model…', 'hubot', 'chooseModel')];
      }
      if (item.question) {
        const { kind, text } = item.question;
        return [reason(text), action(ANSWERS[kind], 'reply', 'answer', { workId: item.id })];
      }
      if (item.wait?.kind === 'approval') {
        return [
          reason('A call asks for your permission'),
          action('Review and Decide…', 'shield', 'approve', { workId: item.id }),
        ];
      }
      if (item.wait?.kind !== 'credentials') return item.wait ? [reason(item.wait.next)] : [];
      return [
        reason(`No usable key for ${providersOf(item)}: the work goes on by itself when there is one`),
        action('Set API Key…', 'key', 'setApiKey', { provider: item.wait.targets[0] }),
      ];
    case 'queued':
      if (!isUnroutable(item)) return [];
      return [
        reason(`No faculty accepts “${item.faculty}”`),
        action('Submit to Another Faculty…', 'arrow-swap', 'submitWork', { draftOf: item.id }),
      ];
    case 'dead':
      return [
        reason(failureOf(item, foci) ?? item.reason ?? 'Every attempt failed'),
        ...(item.attempts > 0 ? [action('Open Its Last Focus', 'target', 'openFocus', { workId: item.id })] : []),
        action('Retry', 'debug-restart', 'retryWork', { workId: item.id }),
      ];
    case 'completed':
      if (item.outcome?.success !== false) return [];
      return [
        reason(failureOf(item, foci) ?? item.outcome.summary),
        action('Open Its Focus', 'target', 'openFocus', { workId: item.id }),
        action('Retry', 'debug-restart', 'retryWork', { workId: item.id }),
      ];
    case 'merged':
      return item.merged_into
        ? [action('Show What Is Worked On', 'git-merge', 'revealWork', { workId: item.merged_into })]
        : [];
    case 'running':
    case 'cancelled':
      return [];
  }
}

function pausedReason({ state, reason }: WorkView): string {
  if (state === 'running') return 'It ends at its next recorded point, and is paused then';
  const also = /; (waits for .*)$/.exec(reason ?? '')?.[1];
  return `Paused: it goes on where it was when you resume it${also ? `. It also ${also}` : ''}`;
}

function providersOf(item: WorkView): string {
  const names = item.wait?.targets.filter((target) => typeof target === 'string') ?? [];
  return names.length > 0 ? names.join(', ') : 'the provider';
}

function failureOf(item: WorkView, foci: readonly FocusView[] | null): string | undefined {
  const error = item.outcome?.error ?? foci?.at(-1)?.error;
  return error?.message;
}

function tooltipOf({ item, foci, activity }: KnownWork, model: WorkModel, now: number): string[] {
  const focus = foci?.at(-1);
  const facts = [
    item.faculty,
    `attempt ${focus?.attempt ?? item.attempts + 1} of ${item.max_attempts}`,
    activity ? `turn ${activity.turn}` : focus && focus.iterations > 0 ? `${focus.iterations} turns` : '',
    costOf(item),
    focus?.model ? plainLine(focus.model, 60) : '',
  ];
  const lines = [
    plainText(item.description).slice(0, TOOLTIP_WIDTH),
    facts.filter((fact) => fact !== '').join(' · '),
    stateWords({ item, foci, activity }, model, now).join(' · '),
  ];
  if (item.scripted) lines.push('A script, not a model, gives these answers.');
  if (item.question) lines.push(questionText(item.question));
  if (item.outcome) lines.push(plainText(item.outcome.summary).slice(0, TOOLTIP_WIDTH));
  const failure = failureOf(item, foci);
  if (failure) lines.push(plainLine(failure, REASON_WIDTH));
  lines.push(`${item.short_id} · submitted ${new Date(item.created_at).toLocaleString()}`);
  return lines.filter((line) => line !== '');
}

function questionText({ text, choices }: QuestionView): string {
  const all = [text, ...choices.map((choice, at) => `${at + 1}. ${choice}`)].join('\n');
  return plainText(all).slice(0, TOOLTIP_WIDTH);
}

export function costOf({ scripted, estimated, cost_usd: cost }: WorkView): string {
  return scripted || cost === null || cost === 0 ? '' : `${estimated ? '≈ ' : ''}$${cost.toFixed(2)}`;
}

export function age(iso: string, now: number): string {
  const seconds = Math.max(0, Math.round((now - Date.parse(iso)) / 1000));
  if (seconds < 60) return 'now';
  if (seconds < 3600) return `${Math.floor(seconds / 60)}m`;
  return seconds < 86_400 ? `${Math.floor(seconds / 3600)}h` : `${Math.floor(seconds / 86_400)}d`;
}

const clock = (iso: string) => new Date(iso).toLocaleTimeString([], { hour: '2-digit', minute: '2-digit' });
