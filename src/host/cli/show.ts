/** How work items, ledger entries and outcomes look in a terminal. */
import type { FocusView, LedgerEntryView } from '../../protocol/focus.ts';
import type { WorkView } from '../../protocol/work.ts';
import type { Shown } from './follow.ts';
import { budgetLine } from './show-budget.ts';
import { showQuestion } from './show-question.ts';
import { hang, plain, plainLine, type Terminal } from './terminal.ts';

type Style = Parameters<Terminal['paint']>[0];

const ENTRY_STYLES: Record<LedgerEntryView['entry_type'], Style> = {
  plan: 'blue',
  finding: 'yellow',
  decision: 'magenta',
  step: 'green',
  error: 'red',
  note: 'dim',
};

const STATE_STYLES: Record<WorkView['state'], Style> = {
  queued: 'dim',
  running: 'blue',
  waiting: 'yellow',
  completed: 'green',
  dead: 'red',
  cancelled: 'dim',
  merged: 'magenta',
};

export const SCRIPT_NOTICE = 'A script, not a model, gives these answers.';

const TYPE_WIDTH = 'decision'.length;

/** `12:04:31  [3] finding   the text`, further lines indented. */
export function showEntry(terminal: Terminal, entry: LedgerEntryView): string {
  const time = entry.created_at.slice(11, 19);
  const number = `[${entry.seq}]`.padStart(4);
  const lead = `${terminal.paint('dim', time)} ${number} ${terminal.paint(ENTRY_STYLES[entry.entry_type], entry.entry_type.padEnd(TYPE_WIDTH))}  `;
  return lead + hang(entry.content, time.length + number.length + TYPE_WIDTH + 4, terminal.width);
}

export function showState(terminal: Terminal, item: WorkView): string {
  const state = terminal.paint(STATE_STYLES[item.state], item.state);
  return item.reason ? `${state} (${plain(item.reason)})` : state;
}

/** The row of a list: id, state, faculty, age, text. */
export function workRow(item: WorkView): string[] {
  const state = item.reason ? `${item.state}: ${item.reason}` : item.state;
  return [item.short_id, plainLine(state, 100), item.faculty, age(item.created_at), plainLine(item.description, 200)];
}

export function showOutcome(terminal: Terminal, shown: Shown): string {
  const { item, foci } = shown;
  const { outcome } = item;
  const lines = [`${terminal.paint('bold', 'Outcome')}  ${showState(terminal, item)}`];
  if (outcome) {
    const word = outcome.success ? terminal.paint('green', 'success') : terminal.paint('red', 'failure');
    lines[0] = `${terminal.paint('bold', 'Outcome')}  ${word}, ${item.state} in ${seconds(outcome.duration_ms)}`;
    lines.push(`  ${hang(outcome.summary, 2, terminal.width)}`);
    if (outcome.error) lines.push(indent(plain(`${outcome.error.kind}: ${outcome.error.message}`)));
    if (outcome.data !== undefined) lines.push(indent(plain(JSON.stringify(outcome.data, null, 2))));
  }
  if (item.question) lines.push(indent(showQuestion(terminal, item.question)));
  else if (item.wait) lines.push(`  ${hang(item.wait.next, 2, terminal.width)}`);
  const last = foci.at(-1);
  if (last && last.iterations > 0) lines.push(indent(terminal.paint('dim', focusFacts(last))));
  const used = shown.budget ? budgetLine(shown.budget) : '';
  if (used !== '') lines.push(indent(terminal.paint('dim', used)));
  const pruned = foci.findLast(({ pruned_at }) => pruned_at !== null);
  if (pruned) lines.push(indent(terminal.paint('dim', prunedNotice(pruned))));
  if (foci.some(({ scripted }) => scripted)) lines.push(indent(terminal.paint('yellow', SCRIPT_NOTICE)));
  return lines.join('\n');
}

/** What retention removed, and what is still there. */
function prunedNotice({ attempt, pruned_at }: FocusView): string {
  return `The conversation of attempt ${attempt} was removed on ${pruned_at?.slice(0, 10)}; ledger, outcome and costs stay.`;
}

function focusFacts(focus: FocusView): string {
  // Of a script nobody takes the figures for a bill.
  const about = focus.estimated && !focus.scripted ? 'about ' : '';
  const dollars = focus.cost_usd === null ? 'cost unknown' : `${about}$${focus.cost_usd.toFixed(4)}`;
  const cost = focus.scripted ? 'no cost' : dollars;
  const tokens = `${about}${focus.input_tokens} tokens in, ${about}${focus.output_tokens} out`;
  return `${plain(focus.model ?? 'no model yet')} · ${focus.iterations} turns · ${tokens} · ${cost} · attempt ${focus.attempt}`;
}

const indent = (text: string) => text.replace(/^/gm, '  ');

function seconds(ms: number): string {
  return ms < 10_000 ? `${(ms / 1000).toFixed(1)} s` : `${Math.round(ms / 1000)} s`;
}

function age(iso: string): string {
  const s = Math.max(0, Math.round((Date.now() - Date.parse(iso)) / 1000));
  if (s < 60) return `${s}s`;
  if (s < 3600) return `${Math.floor(s / 60)}m`;
  return s < 86_400 ? `${Math.floor(s / 3600)}h` : `${Math.floor(s / 86_400)}d`;
}
