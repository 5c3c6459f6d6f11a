/** Made-up work and entries for looking at the Ledger view: a small piece of work in detail, and a great deal of it. */
import type { EntryType, LedgerEntryView } from '../../src/protocol/focus.ts';
import type { WorkView } from '../../src/protocol/work.ts';

export type SampleLedger = { entries: LedgerEntryView[]; items: WorkView[] };

/** A fixed day, so that pictures can be compared. */
export const SAMPLE_NOW = Date.parse('2026-11-23T12:17:05.000Z');

const iso = (ms: number) => new Date(ms).toISOString();
const at = (clock: string) => iso(Date.parse(`2026-11-23T${clock}.000Z`));

export function sampleId(kind: number, number: number): string {
  const mixed = (Math.imul(number + 1, 2_654_435_761) >>> 0).toString(16).padStart(8, '0');
  return `0193${kind}a00-${number.toString(16).padStart(4, '0').slice(-4)}-7000-8000-${number.toString(16).padStart(4, '0').slice(-4)}${mixed}`;
}

export function sampleWork(number: number, changes: Partial<WorkView>): WorkView {
  const id = sampleId(1, number);
  return {
    id,
    short_id: id.replaceAll('-', '').slice(-8),
    faculty: 'coder',
    description: 'Work',
    params: {},
    model: null,
    priority: 0,
    state: 'completed',
    reason: null,
    wait: null,
    paused: false,
    moved_from: null,
    merged_into: null,
    retry_of: null,
    follow_up_of: null,
    parent_id: null,
    attempts: 1,
    max_attempts: 3,
    cost_usd: 0.06,
    scripted: false,
    estimated: false,
    outcome: null,
    event_seq: 4,
    available_at: at('12:00:00'),
    created_at: at('12:00:00'),
    updated_at: at('12:16:00'),
    resolved_at: null,
    ...changes,
  };
}

type Line = [clock: string, type: EntryType, content: string, files?: string[]];

const FIRST_FOCUS: Line[] = [
  ['11:58:02', 'plan', 'Read the failing test, run it in several zones, find out what it depends on'],
  ['11:59:30', 'finding', 'test/date.test.ts fails on one machine of four'],
  ['12:00:41', 'error', 'The provider is overloaded: 529 on five attempts in a row'],
];

const SECOND_FOCUS: Line[] = [
  ['12:02:25', 'plan', 'Continue from focus 1: prove that the zone is the cause, test with a fixed clock'],
  ['12:14:10', 'finding', '`startOfMonth()` uses local time, the test reads UTC', ['src/date.ts:18']],
  [
    '12:14:11',
    'finding',
    '50 of 50 runs fail with `TZ=Pacific/Auckland`, 3 of 50 with `Europe/Berlin`, 0 of 50 with `UTC`. The failure depends on the zone alone, not on timing or order.',
    ['test/date.test.ts:41', 'src/date.ts:18'],
  ],
  ['12:14:15', 'step', 'Found the cause: startOfMonth mixes local time and UTC (`src/date.ts:18`)'],
  [
    '12:14:24',
    'decision',
    'Pin the clock with the fake timers that are already in devDependencies; a tolerance would hide the offset.\n\nA tolerance of a day in the assertion would pass too, but it would hide an offset of hours, which is the fault we look for. See [the issue](https://example.com/issues/41).',
    ['package.json:38', 'test/date.test.ts:41', 'src/date.ts:18'],
  ],
  ['12:14:46', 'note', 'Please no new dependency, and keep the public signature of startOfMonth.'],
  [
    '12:14:55',
    'step',
    'Test written for three zones and nine dates; fails on the old code (3 failing)',
    ['test/date.test.ts:41', 'test/zones.ts:3'],
  ],
  [
    '12:15:23',
    'finding',
    '41 call sites of startOfMonth; 2 rely on local time: src/report.ts:66 and src/cli.ts:120',
    ['src/report.ts:66', 'src/cli.ts:120', 'src/date.ts:18'],
  ],
  [
    '12:15:36',
    'decision',
    'Use Date.UTC and keep the signature; callers pass epoch milliseconds already',
    ['src/date.ts:18'],
  ],
  [
    '12:15:54',
    'error',
    'edit_file src/date.ts refused: the file has changed since it was read; read again and applied in turn 13',
    ['src/date.ts'],
  ],
];

export function smallLedger(): SampleLedger {
  const item = sampleWork(1, {
    description: 'Fix the flaky date test\n\nIt fails about once a day on CI.',
    state: 'running',
    attempts: 2,
    updated_at: at('12:16:30'),
  });
  const lines = [...FIRST_FOCUS, ...SECOND_FOCUS];
  const entries = lines.map(([clock, entry_type, content, files], index): LedgerEntryView => {
    const isPerson = entry_type === 'note';
    return {
      id: sampleId(3, index),
      work_item_id: item.id,
      focus_id: isPerson ? null : sampleId(2, index < FIRST_FOCUS.length ? 1 : 2),
      faculty: 'coder',
      seq: index + 1,
      entry_type,
      content,
      data: { ...(files ? { files } : {}), ...(isPerson ? { author: 'Dana (you)' } : {}) },
      created_at: at(clock),
    };
  });
  return { entries, items: [item] };
}

const SUBJECTS = [
  'Nightly link check',
  'Upgrade to TypeScript 6',
  'Why is the queue slow after a restart?',
  'Write the release notes',
];
const FACULTIES = ['general', 'coder', 'researcher'];
const TEXTS: Record<EntryType, string[]> = {
  plan: ['Check every page of the handbook, then the ones that it links to'],
  finding: [
    'The claim query reads 41 rows for each that it takes',
    '`src/host/queue.ts:88` sorts before it filters',
    'Seven of 1,204 links answer with 404',
  ],
  decision: ['Keep the index and drop the sort, since the order is not asked for'],
  step: ['All pages fetched and their links listed', 'The slow statement is found and explained'],
  error: [
    'npm run links: timeout after 600s',
    'The proxy does not answer: connect timeout',
    'mocha timeout of 2000ms in store.test.ts “takes over”',
  ],
  note: ['The cache was cold'],
};
const ORDER: EntryType[] = [
  'plan',
  'finding',
  'finding',
  'error',
  'decision',
  'finding',
  'step',
  'finding',
  'finding',
  'note',
  'error',
  'step',
];

/** So many entries of many items, over weeks, to the sample's present. */
export function largeLedger(count: number): SampleLedger {
  const perItem = 120;
  const items: WorkView[] = [];
  const entries: LedgerEntryView[] = [];
  for (let index = 0; index < count; index += 1) {
    const number = Math.floor(index / perItem);
    const seq = (index % perItem) + 1;
    const created = iso(SAMPLE_NOW - (count - index) * 41_000);
    const faculty = FACULTIES[number % FACULTIES.length] ?? 'general';
    if (seq === 1) {
      const subject = SUBJECTS[number % SUBJECTS.length];
      items.push(
        sampleWork(1000 + number, {
          description: `${subject} (${number + 1})`,
          faculty,
          created_at: created,
          updated_at: created,
        }),
      );
    }
    const entry_type = ORDER[index % ORDER.length] ?? 'note';
    const texts = TEXTS[entry_type];
    entries.push({
      id: sampleId(4, index),
      work_item_id: sampleId(1, 1000 + number),
      focus_id: sampleId(5, number * 2 + (seq > 90 ? 1 : 0)),
      faculty,
      seq,
      entry_type,
      content: `${texts[index % texts.length]} (${index + 1})`,
      data: index % 3 === 0 ? { files: ['src/host/queue.ts:88'] } : {},
      created_at: created,
    });
  }
  const last = items.at(-1);
  if (last) last.state = 'running';
  return { entries, items };
}
