/** What an agent is shown of its children: bounded, and set apart from what instructs it. */
import type { Tx } from '../../db/types.ts';
import { formatLedger } from '../../store/ledger/formatted-view.ts';
import { type LedgerEntry, readEntries } from '../../store/ledger/ledger.ts';
import type { WorkItem } from '../../store/work/types.ts';

/** Characters of all children's reports together, and the least that one gets. */
const ALL_REPORTS = 100_000;
const LEAST_REPORT = 150;
/** The newest entries that a digest is made of. */
const MOST_ENTRIES = 500;
const TASK_SHOWN = 200;

const OPEN = ['queued', 'running', 'waiting'];

export function hasEnded({ state }: WorkItem): boolean {
  return !OPEN.includes(state);
}

/** States and outcomes, with a digest of the ledger of each child that has ended. */
export async function reportOutcomes(tx: Tx, children: readonly WorkItem[]): Promise<string> {
  return report(children, async (child) => {
    if (!hasEnded(child)) return '';
    const digest = formatLedger(await readEntries(tx, { workItemId: child.id, lastN: MOST_ENTRIES }));
    return digest === '' ? 'Its ledger is empty.' : `Its ledger:\n${digest}`;
  });
}

/** States and outcomes, with the latest entries of each child's ledger. */
export async function reportStates(tx: Tx, children: readonly WorkItem[], lastN: number): Promise<string> {
  return report(children, async ({ id }) => {
    const entries = await readEntries(tx, { workItemId: id, lastN });
    return entries.length === 0 ? 'Its ledger is empty.' : `Latest entries:\n${entries.map(entryLine).join('\n')}`;
  });
}

const entryLine = ({ seq, entryType, content }: LedgerEntry) => `[${seq}] ${entryType}: ${content}`;

async function report(children: readonly WorkItem[], ledgerOf: (child: WorkItem) => Promise<string>): Promise<string> {
  const most = Math.max(LEAST_REPORT, Math.floor(ALL_REPORTS / children.length));
  const reports: string[] = [];
  for (const child of children) {
    const body = [outcomeOf(child), await ledgerOf(child)].filter((part) => part !== '').join('\n');
    reports.push(`== CHILD ${child.id} ==\n${indented(cut(body, most))}\n== END OF CHILD ${child.id} ==`);
  }
  return reports.join('\n\n');
}

function outcomeOf({ faculty, description, state, outcome }: WorkItem): string {
  const verdict = outcome ? `, ${outcome.success ? 'success' : 'failure'}` : '';
  return [
    `${faculty}: ${state}${verdict}`,
    `Task: ${cut(description, TASK_SHOWN)}`,
    outcome ? `Summary: ${outcome.summary}` : '',
    outcome?.error ? `Error: ${outcome.error.kind}: ${outcome.error.message}` : '',
    outcome?.data === undefined ? '' : `Data: ${JSON.stringify(outcome.data)}`,
  ]
    .filter((part) => part !== '')
    .join('\n');
}

/** No line of a child's own begins where ours do, so that none can pass for the end of its report. */
function indented(text: string): string {
  return text
    .split(/\r\n|[\r\n\v\f\u0085\u2028\u2029]/)
    .map((line) => `  ${line}`)
    .join('\n');
}

function cut(text: string, most: number): string {
  return text.length <= most ? text : `${text.slice(0, most)}\n[cut: ${text.length - most} more characters]`;
}
