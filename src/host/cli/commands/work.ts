/** animus work submit, list, show, wait. */

import { AnimusError } from '../../../protocol/errors.ts';
import type { JsonObject } from '../../../protocol/json.ts';
import type { Params, Result } from '../../../protocol/requests.ts';
import { DESCRIPTION_MAX, idText, TERMINAL_STATES, type WorkState } from '../../../protocol/work.ts';
import { uuidv7 } from '../../../rendezvous/ids.ts';
import { ensureTrusted } from '../ask-trust.ts';
import { EXIT } from '../exit-codes.ts';
import { type FollowEnd, followWork, type Watcher } from '../follow.ts';
import { type CliSession, withHost } from '../session.ts';
import { showEntry, showOutcome, showState, workRow } from '../show.ts';
import { showQuestion } from '../show-question.ts';
import { plain, table } from '../terminal.ts';

export type SubmitOptions = {
  faculty: string;
  params?: JsonObject;
  priority: number;
  dedup?: boolean;
  dedupKey?: string;
  delay?: number;
  maxAttempts?: number;
  maxTurns?: number;
  maxTokens?: number;
  maxCost?: number;
  maxDuration?: number;
  allowUnknown?: boolean;
  trust?: boolean;
  wait?: boolean;
};

export async function workSubmit(session: CliSession, options: SubmitOptions, words: string[]): Promise<number> {
  const description = await describedBy(words);
  const asked = submission(session, options, description);
  const result = await withHost(session, async (client) => {
    await ensureTrusted(session, client, options.trust ?? false);
    return client.request('work/submit', asked);
  });
  return submitted(session, result, options.wait ?? false);
}

/** Says what became of a submission, or waits for its outcome. */
export async function submitted(session: CliSession, result: Result<'work/submit'>, waits: boolean): Promise<number> {
  if (waits) return waitAndShow(session, canonicalId(result));
  showSubmitted(session, result);
  return EXIT.done;
}

/** The words of a command, or standard input for `-`. Throws AnimusError `invalid_params`. */
export async function describedBy(words: readonly string[]): Promise<string> {
  const description = words.join(' ') === '-' ? await readText(process.stdin) : words.join(' ');
  if (description.length > DESCRIPTION_MAX) throw tooLong();
  if (description.trim() !== '') return description;
  throw new AnimusError('invalid_params', 'The work has no text. Nothing was submitted.', 'Say what is to be done.');
}

/** All of a stream's text. Throws AnimusError `invalid_params` as soon as it is too long: it may have no end. */
export async function readText(stream: AsyncIterable<Buffer | string>): Promise<string> {
  const decoder = new TextDecoder();
  let text = '';
  for await (const chunk of stream) {
    text += typeof chunk === 'string' ? chunk : decoder.decode(chunk, { stream: true });
    if (text.length > DESCRIPTION_MAX) throw tooLong();
  }
  return text + decoder.decode();
}

function tooLong(): AnimusError {
  return new AnimusError(
    'invalid_params',
    `The text is longer than ${DESCRIPTION_MAX.toLocaleString('en')} characters. Nothing was submitted.`,
    'Put it into a file of the workspace, and say in the text where it is.',
  );
}

/** Of merged work the item that is really worked on. */
export function canonicalId(result: Result<'work/submit'>): string {
  return result.kind === 'merged' ? result.canonical_id : result.id;
}

function submission(session: CliSession, options: SubmitOptions, description: string): Params<'work/submit'> {
  return {
    id: uuidv7(),
    faculty: options.faculty,
    description,
    params: options.params ?? {},
    model: session.config.model,
    priority: options.priority,
    dedup: options.dedupKey ? { key: options.dedupKey } : options.dedup ? 'structural' : null,
    delay_ms: Math.round((options.delay ?? 0) * 1000),
    max_attempts: options.maxAttempts ?? null,
    budget: askedBudget(options),
    allow_unknown_faculty: options.allowUnknown ?? false,
    source: 'cli',
  };
}

function askedBudget({ maxTurns, maxTokens, maxCost, maxDuration }: SubmitOptions): Params<'work/submit'>['budget'] {
  const budget = {
    ...(maxTurns === undefined ? {} : { max_turns: maxTurns }),
    ...(maxTokens === undefined ? {} : { max_tokens: maxTokens }),
    ...(maxCost === undefined ? {} : { max_cost_usd: maxCost }),
    ...(maxDuration === undefined ? {} : { max_duration_seconds: maxDuration }),
  };
  return Object.keys(budget).length === 0 ? null : budget;
}

function showSubmitted({ terminal, json }: CliSession, result: Result<'work/submit'>): void {
  if (json) terminal.out(JSON.stringify(result));
  else if (result.kind === 'queued') terminal.out(`queued ${result.id}\n  animus work wait ${result.id.slice(-8)}`);
  else
    terminal.out(
      `merged ${result.id} into ${result.canonical_id}\n  animus work wait ${result.canonical_id.slice(-8)}`,
    );
}

export type ListOptions = { state?: WorkState[]; faculty?: string; parent?: string; limit: number };

export async function workList(session: CliSession, options: ListOptions): Promise<number> {
  const { terminal, json } = session;
  const filter = {
    limit: options.limit,
    ...(options.state ? { states: options.state } : {}),
    ...(options.faculty ? { faculty: options.faculty } : {}),
    ...(options.parent ? { parent: checkedId(options.parent) } : {}),
  };
  const { items } = await withHost(session, (client) => client.request('work/list', filter));
  if (json) terminal.out(JSON.stringify({ items }));
  else if (items.length === 0) terminal.out('No work here. Submit some: animus work submit "…"');
  else terminal.out(table([['ID', 'STATE', 'FACULTY', 'AGE', 'WORK'], ...items.map(workRow)], terminal.width));
  return EXIT.done;
}

export async function workShow(session: CliSession, _options: object, id: string): Promise<number> {
  const { terminal, json } = session;
  const asked = { id: checkedId(id) };
  const shown = await withHost(session, (client) => client.request('work/show', asked));
  if (json) {
    terminal.out(JSON.stringify(shown));
    return EXIT.done;
  }
  const { item, merged_id, events } = shown;
  if (merged_id) terminal.note(`${merged_id} was merged into this one.`);
  terminal.out(`${terminal.paint('bold', item.id)}  ${plain(item.faculty)}  ${showState(terminal, item)}`);
  terminal.out(`  ${plain(item.description).replaceAll('\n', '\n  ')}`);
  for (const event of events)
    terminal.out(`  ${event.created_at.slice(11, 19)}  ${event.to_state}: ${plain(event.reason)}`);
  terminal.out(showOutcome(terminal, shown));
  return EXIT.done;
}

export async function workWait(session: CliSession, options: { timeout?: number }, id: string): Promise<number> {
  const asked = { id: checkedId(id) };
  const { item } = await withHost(session, (client) => client.request('work/show', asked));
  return waitAndShow(session, item.id, options.timeout);
}

async function waitAndShow(session: CliSession, id: string, timeoutSeconds?: number): Promise<number> {
  const watcher = session.json ? {} : progressWatcher(session);
  const timeout = timeoutSeconds === undefined ? undefined : timeoutSeconds * 1000;
  const end = await followWork(session, id, watcher, timeout);
  if (session.json) session.terminal.out(JSON.stringify({ ended: end.kind === 'ended', ...end.shown }));
  else session.terminal.out(shownEnd(session.terminal, end));
  return exitOf(end);
}

/** With what is asked below it. */
function shownEnd(terminal: CliSession['terminal'], end: FollowEnd): string {
  const outcome = showOutcome(terminal, end.shown);
  const question = end.kind === 'waits' ? end.asking?.question : undefined;
  return question ? `${outcome}\n${showQuestion(terminal, question)}` : outcome;
}

export function exitOf({ kind, shown: { item } }: FollowEnd): number {
  if (kind === 'waits') return EXIT.waitsForPerson;
  if (kind === 'timed_out') return EXIT.unreachable;
  return item.state === 'completed' && item.outcome?.success === true ? EXIT.done : EXIT.workFailed;
}

/** Ledger entries as they come, and a remark for each state and each host that ended. */
export function progressWatcher({ terminal }: CliSession): Watcher {
  return {
    onEntry: (entry) => terminal.note(showEntry(terminal, entry)),
    onState: ({ item, foci }) => {
      const phase = item.state === 'running' ? ` · ${foci.at(-1)?.phase ?? ''}` : '';
      if (!TERMINAL_STATES.includes(item.state)) terminal.note(terminal.paint('dim', `-- ${item.state}${phase}`));
    },
    onHostLost: () => terminal.note('-- the host ended; starting it again, the work goes on'),
  };
}

/** Throws AnimusError `malformed_id` before anything is asked. */
export function checkedId(id: string): string {
  if (idText.safeParse(id).success) return id;
  throw new AnimusError(
    'malformed_id',
    `"${id}" is no id of a work item.`,
    'Give all of it, or its first or last 6 or more hex digits, as animus work list shows them.',
  );
}
