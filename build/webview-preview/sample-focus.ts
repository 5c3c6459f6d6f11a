/** A made-up focus for looking at its editor: a few turns told in full, and as many more as wanted. */
import type {
  ContextBlockView,
  ContextCutView,
  EntryType,
  FocusView,
  HookRunView,
  LedgerEntryView,
  MessageView,
  ToolCallView,
} from '../../src/protocol/focus.ts';
import type { JsonValue } from '../../src/protocol/json.ts';
import type { WorkView } from '../../src/protocol/work.ts';
import { SAMPLE_NOW, sampleId, sampleWork } from './sample-ledger.ts';

export const SAMPLE_FOCUS_ID = sampleId(2, 2);

export type SampleFocus = {
  item: WorkView;
  focus: FocusView;
  messages: MessageView[];
  tool_calls: ToolCallView[];
  hook_runs: HookRunView[];
  blocks: ContextBlockView[];
  cuts: ContextCutView[];
  entries: LedgerEntryView[];
};

type Call = {
  name: string;
  input: JsonValue;
  result: string;
  ms: number;
  effect?: string;
  isError?: boolean;
  state?: string;
};
type Told = { text: string; thinks: number; calls: Call[]; tokens: number; waits?: number };

const append = (entry_type: EntryType, content: string): Call => {
  return {
    name: 'ledger_append',
    input: { entry_type, content },
    result: `recorded as ${entry_type}`,
    ms: 2,
    effect: 'write',
  };
};
const read = (path: string): Call => {
  const text = Array.from({ length: 94 }, (_, line) => `${line + 1}  export const line${line + 1} = ${line};`).join(
    '\n',
  );
  return { name: 'read_file', input: { path, limit: 200 }, result: text, ms: 3, effect: 'read' };
};
const run = (command: string, ms: number, result: string, isError = false): Call => {
  return { name: 'run_command', input: { command, timeout: 120 }, result, ms, effect: 'exclusive', isError };
};

const TOLD: Told[] = [
  {
    text: 'I will read the failing test and the module that it covers.',
    thinks: 6800,
    tokens: 5200,
    calls: [
      append('plan', 'Prove that the zone is the cause, then test with a fixed clock'),
      read('test/date.test.ts'),
      read('src/date.ts'),
    ],
  },
  {
    text: 'Running the test as it stands, to see it fail.',
    thinks: 5100,
    tokens: 9600,
    calls: [run('npx mocha test/date.test.ts', 6500, '12 passing (41ms)')],
  },
  {
    text: 'It passes here. Trying 50 runs in each of three zones.',
    thinks: 9500,
    tokens: 14_100,
    waits: 240_000,
    calls: [
      run(
        'npm run test:zones -- UTC Europe/Berlin Pacific/Auckland',
        14_200,
        'UTC: 50 passed\nEurope/Berlin: 47 passed, 3 failed\nPacific/Auckland: 50 failed',
        true,
      ),
    ],
  },
  {
    text: 'Only Auckland fails, and it fails **every time**:\n\n| zone | failed |\n|---|---|\n| `UTC` | 0 of 50 |\n| `Pacific/Auckland` | 50 of 50 |',
    thinks: 6600,
    tokens: 17_900,
    calls: [
      append('finding', 'startOfMonth() uses local time, the test reads UTC'),
      append('finding', '50 of 50 runs fail with TZ=Pacific/Auckland'),
    ],
  },
  {
    text: 'The cause is proven; closing this step.',
    thinks: 4400,
    tokens: 20_400,
    calls: [append('step', 'Found the cause: startOfMonth mixes local time and UTC')],
  },
  {
    text: 'Now a test with a fixed clock.',
    thinks: 8200,
    tokens: 7100,
    calls: [
      append('decision', 'Pin the clock with the fake timers that are already in devDependencies'),
      {
        name: 'edit_file',
        input: {
          path: 'test/date.test.ts',
          old_text: 'it("is first", () => {\n  check(Date.now());\n});',
          new_text: 'for (const zone of ZONES) {\n  it(title(zone), () => {\n    check(FIXED);\n  });\n}',
        },
        result: 'Edited test/date.test.ts: 1 replacement.',
        ms: 900,
        effect: 'write',
      },
    ],
  },
  {
    text: 'It fails on the old code in three zones, as it should.',
    thinks: 4200,
    tokens: 9800,
    calls: [
      run('npx mocha test/date.test.ts', 6300, '9 passing\n3 failing\n\n  1) is first in Pacific/Auckland', true),
      append('step', 'Test written for three zones and nine dates; fails on the old code'),
    ],
  },
  {
    text: '',
    thinks: 8400,
    tokens: 6300,
    calls: [
      {
        name: 'search_text',
        input: { pattern: 'startOfMonth\\(', glob: 'src/**/*.ts' },
        result: Array.from({ length: 41 }, (_, at) => `src/report-${at}.ts:${at * 3 + 2}: startOfMonth(now)`).join(
          '\n',
        ),
        ms: 320,
        effect: 'read',
      },
      read('src/report.ts'),
    ],
  },
  {
    text: 'Applying the fix to `src/date.ts:18`.',
    thinks: 8600,
    tokens: 12_600,
    calls: [
      append('finding', '41 call sites of startOfMonth; 2 rely on local time'),
      {
        name: 'edit_file',
        input: { path: 'src/date.ts', old_text: 'a', new_text: 'b' },
        result: 'src/date.ts has changed since it was read. Read it again, then edit.',
        ms: 400,
        effect: 'write',
        isError: true,
      },
    ],
  },
  {
    text: 'The edit was refused: `src/date.ts` has changed since I read it. I read it again, apply the same change with `Date.UTC`, and look at what comes of it.',
    thinks: 16_000,
    tokens: 15_300,
    calls: [
      read('src/date.ts'),
      append('error', 'edit_file src/date.ts refused: changed since read'),
      {
        name: 'edit_file',
        input: {
          path: 'src/date.ts',
          old_text: 'return new Date(d.getFullYear(), d.getMonth(), 1).getTime();',
          new_text: 'return Date.UTC(d.getUTCFullYear(), d.getUTCMonth(), 1);',
        },
        result: 'Edited src/date.ts: 2 replacements.',
        ms: 900,
        effect: 'write',
      },
    ],
  },
];

const START = SAMPLE_NOW - 382_000;

type Wanted = { turns: number; isRunning: boolean; lastCallRuns?: boolean };

export function sampleFocus({ turns, isRunning, lastCallRuns = isRunning }: Wanted): SampleFocus {
  const item = sampleWork(1, {
    description: 'Fix the flaky date test',
    state: isRunning ? 'running' : 'completed',
    attempts: 2,
  });
  const sample: SampleFocus = {
    item,
    focus: emptyFocus(item.id),
    messages: [],
    tool_calls: [],
    hook_runs: [],
    blocks: [],
    cuts: [],
    entries: [],
  };
  let clock = START + 900;
  let block = 0;
  addMessage(sample, {
    turn: 0,
    block,
    role: 'user',
    kind: 'task',
    clock,
    blocks: [{ type: 'text', text: '# Task\n\nFix the flaky date test. It fails about once a day on CI.' }],
  });
  for (let turn = 1; turn <= turns; turn += 1) {
    const told = TOLD[(turn - 1) % TOLD.length];
    if (!told) continue;
    clock += told.thinks;
    const blocks = told.text === '' ? [] : [{ type: 'text', text: told.text }];
    const usage = {
      input: told.tokens,
      cacheRead: Math.round(told.tokens * 0.84),
      cacheWrite: 0,
      output: told.text.length + 120,
      reasoning: 0,
    };
    // The sample's own price; which one is no matter here.
    const cost = told.tokens * 2e-6 + usage.output * 1e-5;
    addMessage(sample, { turn, block, role: 'assistant', kind: 'assistant', clock, blocks, usage, cost });
    sample.focus.cost_usd = (sample.focus.cost_usd ?? 0) + cost;
    const isLast = lastCallRuns && turn === turns;
    // The host was down between the answer and the call.
    if (turn <= TOLD.length) clock += told.waits ?? 0;
    for (const [position, call] of told.calls.entries()) {
      const ends = !isLast || position < told.calls.length - 1;
      addCall(sample, { call, turn, position, clock, ends });
      clock += call.ms + 40;
    }
    if (!isLast) addMessage(sample, { turn, block, role: 'user', kind: 'tool_results', clock, blocks: [] });
    if (told.calls.some(({ input }) => (input as { entry_type?: string }).entry_type === 'step')) block += 1;
  }
  finish(sample, { turns, isRunning, clock });
  return sample;
}

function emptyFocus(workItemId: string): FocusView {
  const id = SAMPLE_FOCUS_ID;
  return {
    id,
    short_id: id.replaceAll('-', '').slice(-8),
    work_item_id: workItemId,
    attempt: 2,
    faculty: 'coder',
    phase: 'engage',
    status: 'running',
    model: 'anthropic/claude-sonnet-5-5',
    scripted: false,
    estimated: false,
    iterations: 0,
    input_tokens: 268_000,
    output_tokens: 6200,
    cost_usd: 0,
    limits: { max_turns: 50, context_tokens: 200_000, cost_usd: null },
    error: null,
    started_at: new Date(START).toISOString(),
    ended_at: null,
    pruned_at: null,
  };
}

function finish({ focus, item }: SampleFocus, end: { turns: number; isRunning: boolean; clock: number }): void {
  focus.iterations = end.turns;
  if (end.turns > 50) focus.limits.max_turns = 500;
  if (end.isRunning) return;
  const resolved = new Date(end.clock + 400).toISOString();
  Object.assign(focus, { status: 'completed', phase: 'consolidate', ended_at: resolved });
  item.resolved_at = resolved;
  item.outcome = {
    success: true,
    summary:
      'The test failed wherever local time is ahead of UTC. `startOfMonth` now works in UTC alone (`src/date.ts:18`), and the test runs in **three zones** with a fixed clock.',
    data: { files: ['src/date.ts', 'test/date.test.ts'], zones: 3 },
    duration_ms: end.clock - START,
  };
}

type Message = Pick<MessageView, 'turn' | 'block' | 'role' | 'kind'> & {
  clock: number;
  blocks: JsonValue[];
  usage?: JsonValue;
  cost?: number;
};

function addMessage({ messages }: SampleFocus, { clock, blocks, usage, cost, ...rest }: Message): void {
  const content = { blocks, ...(usage === undefined ? {} : { usage }) };
  const created_at = new Date(clock).toISOString();
  messages.push({ n: messages.length + 1, ...rest, content, cost_usd: cost ?? null, created_at });
}

type Made = { call: Call; turn: number; position: number; clock: number; ends: boolean };

function addCall({ tool_calls, entries, item, focus }: SampleFocus, { call, turn, position, clock, ends }: Made): void {
  const { name, input, result, ms, effect = 'read', isError = false } = call;
  const started_at = new Date(clock).toISOString();
  const id = sampleId(6, turn * 16 + position);
  const end = { state: isError ? 'error' : 'done', result: { content: result, is_error: isError }, duration_ms: ms };
  const open = { state: 'started', result: null, duration_ms: null };
  tool_calls.push({ id, turn, position, name, effect, input, started_at, ...(ends ? end : open) });
  if (name !== 'ledger_append' || !ends) return;
  const { entry_type, content } = input as { entry_type: EntryType; content: string };
  entries.push({
    id: sampleId(7, turn * 16 + position),
    work_item_id: item.id,
    focus_id: focus.id,
    faculty: 'coder',
    seq: entries.length + 4,
    entry_type,
    content,
    data: {},
    created_at: started_at,
  });
}

/** The same, with every closed block out of the model's sight. */
export function folded(sample: SampleFocus): SampleFocus {
  const open = sample.messages.at(-1)?.block ?? 0;
  const blocks = Array.from({ length: open }, (_, block): ContextBlockView => {
    const own = sample.messages.filter((message) => message.block === block && message.kind !== 'task');
    const steps = sample.entries.filter(({ entry_type }) => entry_type === 'step');
    return {
      block,
      first_message: own[0]?.n ?? 0,
      last_message: own.at(-1)?.n ?? 0,
      stub: `[completed step ${steps[block]?.seq}: ${steps[block]?.content}]`,
      tokens: 14_200,
      folds: true,
      steps: steps[block] ? [steps[block].seq] : [],
    };
  });
  return { ...sample, blocks };
}
