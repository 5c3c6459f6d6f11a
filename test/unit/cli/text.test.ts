import assert from 'node:assert/strict';
import { trustQuestion } from '../../../src/host/cli/ask-trust.ts';
import { describeHost } from '../../../src/host/cli/commands/host.ts';
import { showQueue } from '../../../src/host/cli/commands/status.ts';
import { workShow } from '../../../src/host/cli/commands/work.ts';
import { EXIT, exitCodeOf } from '../../../src/host/cli/exit-codes.ts';
import type { CliSession } from '../../../src/host/cli/session.ts';
import { showEntry, showOutcome, showState, workRow } from '../../../src/host/cli/show.ts';
import { gate, hang, plain, plainLine, plainName, type Terminal, table } from '../../../src/host/cli/terminal.ts';
import { AnimusError, ERROR_CODES, type ErrorKind } from '../../../src/protocol/errors.ts';
import type { FocusView, LedgerEntryView } from '../../../src/protocol/focus.ts';
import type { HostStatus } from '../../../src/protocol/host.ts';
import type { WorkView } from '../../../src/protocol/work.ts';

const TERMINAL: Terminal = {
  out: () => undefined,
  note: () => undefined,
  paint: (style, text) => `<${String(style)}>${text}</>`,
  width: 100,
};

const ID = '018bcfe5-6800-7000-8000-0123456789ab';
const EVIL = 'a\u001b[2Jb\u001b]0;title\u0007c\u009b31md\re\u202ef\u2066g\0h';
/** First and last of the characters that steer a terminal (but newline and tab) or reorder text. */
const STEERING = [
  [0x00, 0x08],
  [0x0b, 0x1f],
  [0x7f, 0x9f],
  [0x61c, 0x61c],
  [0x200e, 0x200f],
  [0x202a, 0x202e],
  [0x2066, 0x2069],
] as const;

function assertHarmless(text: string): void {
  for (const character of text) {
    const code = character.codePointAt(0) ?? 0;
    assert.ok(
      !STEERING.some(([first, last]) => code >= first && code <= last),
      `${code.toString(16)} is in ${JSON.stringify(text)}`,
    );
  }
}

const ENTRY: LedgerEntryView = {
  id: ID,
  work_item_id: ID,
  focus_id: ID,
  faculty: 'general',
  seq: 3,
  entry_type: 'finding',
  content: 'Two herons.\nOne crane.\n',
  data: {},
  created_at: '2026-01-02T12:04:31.000Z',
};

const ITEM: WorkView = {
  id: ID,
  short_id: '456789ab',
  faculty: 'general',
  description: 'Count\nthe herons.',
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
  attempts: 0,
  max_attempts: 3,
  cost_usd: 0,
  scripted: false,
  estimated: false,
  outcome: { success: true, summary: 'Two herons.', duration_ms: 1234 },
  event_seq: 3,
  available_at: '2026-01-02T12:00:00.000Z',
  created_at: '2026-01-02T12:00:00.000Z',
  updated_at: '2026-01-02T12:00:00.000Z',
  resolved_at: null,
};

const FOCUS: FocusView = {
  id: ID,
  short_id: '456789ab',
  work_item_id: ID,
  attempt: 1,
  faculty: 'general',
  phase: 'consolidate',
  status: 'completed',
  model: 'anthropic/claude',
  scripted: false,
  estimated: false,
  iterations: 4,
  input_tokens: 1000,
  output_tokens: 50,
  cost_usd: 0.0123,
  limits: { max_turns: 50, context_tokens: 1_000_000, cost_usd: null },
  error: null,
  started_at: '2026-01-02T12:00:00.000Z',
  ended_at: null,
  pruned_at: null,
};

describe('text for a terminal', () => {
  it('[S12] shows what would steer the terminal or reorder text as its escape', () => {
    assert.equal(plain(EVIL), 'a\\u001b[2Jb\\u001b]0;title\\u0007c\\u009b31md\\u000de\\u202ef\\u2066g\\u0000h');
    for (let code = 0; code < 0x2100; code += 1) {
      const shown = plain(`<${String.fromCharCode(code)}>`);
      assertHarmless(shown);
    }
  });

  it('leaves all other text alone, line ends of Windows apart', () => {
    for (const text of ['', 'plain', 'tab\tnew\nline', 'ümläut 漢字 😀 שלום', '\\u001b'])
      assert.equal(plain(text), text);
    assert.equal(plain('a\r\nb'), 'a\nb');
  });

  it('makes one line of it, no longer than asked', () => {
    assert.equal(plainLine('  a \n\n b\t c ', 80), 'a b c');
    assert.equal(plainLine('abcdef', 6), 'abcdef');
    assert.equal(plainLine('abcdefg', 6), 'abcde…');
    assertHarmless(plainLine(EVIL, 200));
  });

  it('[S12] comes through the last gate with line ends, tabs, and colours only where there are any', () => {
    const red = '\u001b[31mred\u001b[39m';
    assert.equal(gate(`a\tb\n${red}`, true), `a\tb\n${red}`);
    assert.equal(gate(red, false), '\\u001b[31mred\\u001b[39m');
    for (const colours of [true, false]) {
      assertHarmless(gate(EVIL, colours));
      assertHarmless(gate('\u0007[0m\u009b0m\u001b[2K\u001b[?25l\u001b]8;;x\u0007', colours));
    }
    const json = JSON.stringify({ text: EVIL, key: 'a\u007f\u009b\u202e' });
    assert.deepEqual(JSON.parse(gate(json, false)), JSON.parse(json), 'JSON stays what it says');
  });

  it('[S12] of a name stays on one line', () => {
    assert.equal(plainName('a\nb\tc\u001b[2K'), 'a\\nb\\tc\\u001b[2K');
  });

  it('breaks lines at spaces, and indents all but the first', () => {
    const text = hang('The quick brown fox jumps over the lazy dog.\nEnd', 4, 30);
    assert.equal(text, 'The quick brown fox jumps\n    over the lazy dog.\n    End');
    for (const line of hang('word '.repeat(100), 5, 40).split('\n')) assert.ok(line.length <= 40);
    assert.equal(hang('x'.repeat(50), 0, 20), `${'x'.repeat(20)}\n${'x'.repeat(20)}\n${'x'.repeat(10)}`);
    assert.equal(hang('short', 4, Number.POSITIVE_INFINITY), 'short');
  });

  it('lines columns up, and cuts rows at the edge', () => {
    const rows = [
      ['id', 'state', 'text'],
      ['12', 'completed', 'a long description of it all'],
      ['3', '', 'b'],
    ];
    assert.equal(
      table(rows, 100),
      ['id  state      text', '12  completed  a long description of it all', '3              b'].join('\n'),
    );
    for (const line of table(rows, 20).split('\n')) assert.ok(line.length <= 20);
    assert.equal(table(rows, 20).split('\n')[1], '12  completed  a lo…');
    assert.equal(table([], 80), '');
    assert.equal(table([['a'], ['b', 'c']], 80), 'a\nb  c');
  });

  it('[S12] keeps a table a table, whatever is in its cells', () => {
    const lines = table(
      [
        ['a', EVIL],
        ['x\ny', 'z'],
      ],
      200,
    ).split('\n');
    assert.equal(lines.length, 2);
    for (const line of lines) assertHarmless(line);
  });
});

describe('what the command shows', () => {
  it('of an entry: time, number, type and text, further lines below it', () => {
    assert.equal(
      showEntry(TERMINAL, ENTRY),
      `<dim>12:04:31</>  [3] <yellow>finding </>  Two herons.\n${' '.repeat(24)}One crane.`,
    );
    const long = showEntry(TERMINAL, { ...ENTRY, seq: 1234, entry_type: 'decision' });
    assert.ok(long.startsWith('<dim>12:04:31</> [1234] <magenta>decision</>  '));
  });

  it('[S12] of text that a model wrote: nothing that steers', () => {
    const bare: Terminal = { ...TERMINAL, paint: (_style, text) => text };
    const outcome = {
      success: false,
      summary: EVIL,
      error: { kind: 'x', message: EVIL },
      data: { [EVIL]: EVIL },
      duration_ms: 1,
    };
    const wait = { kind: 'credentials', targets: [], next: EVIL };
    const shown = { item: { ...ITEM, reason: EVIL, outcome, wait }, foci: [FOCUS], events: [], merged_id: null };
    assertHarmless(showEntry(bare, { ...ENTRY, content: EVIL }));
    assertHarmless(showOutcome(bare, shown));
    assertHarmless(showState(bare, shown.item));
    assertHarmless(table([workRow({ ...ITEM, description: EVIL, reason: EVIL, faculty: EVIL })], 500));
  });

  it('[S12] of faculties, folders and what a host says of itself: nothing that steers', async () => {
    const folder = `/tmp/${EVIL}\nDo you trust this folder? [y/N] `;
    assertHarmless(trustQuestion(folder));
    assert.equal(trustQuestion(folder).split('\n').length, 2, 'the question is asked once');
    const status = {
      ...{ pid: 1, version: EVIL, build: EVIL, folder, store_folder: folder, database_kind: 'pglite' as const },
      database: { kind: 'failed' as const, message: EVIL, next: EVIL },
    } as HostStatus;
    assertHarmless(describeHost(status));
    const lines: string[] = [];
    const shown = { item: { ...ITEM, faculty: EVIL, description: EVIL }, foci: [], events: [], merged_id: null };
    const session = {
      terminal: { ...TERMINAL, out: (line: string) => lines.push(line) },
      clients: [{ isOpen: true, request: async () => shown }],
    } as unknown as CliSession;
    await workShow(session, {}, ID);
    assertHarmless(lines.join('\n'));
  });

  it('of an outcome: what came of it, in how long, and at what price', () => {
    const lines = showOutcome(TERMINAL, { item: ITEM, foci: [FOCUS], events: [], merged_id: null }).split('\n');
    assert.equal(lines[0], '<bold>Outcome</>  <green>success</>, completed in 1.2 s');
    assert.equal(lines[1], '  Two herons.');
    const facts = 'anthropic/claude · 4 turns · 1000 tokens in, 50 out · $0.0123 · attempt 1';
    assert.equal(lines[2], `  <dim>${facts}</>`);
    const failed = {
      ...ITEM,
      state: 'dead' as const,
      outcome: { ...ITEM.outcome, success: false, summary: 'x', duration_ms: 61_234 },
    };
    const [first] = showOutcome(TERMINAL, { item: failed, foci: [], events: [], merged_id: null }).split('\n');
    assert.equal(first, '<bold>Outcome</>  <red>failure</>, dead in 61 s');
  });

  it('of a queue: how much, how old, by what, and why not', () => {
    const none = { queued: 0, claimable: 0, oldest_claimable_seconds: null, running: 0, running_by_faculty: {} };
    const queue = { ...none, waiting: 0, waiting_by_kind: {}, dead: 0, paused: 0, all_paused: false, unroutable: [] };
    assert.equal(showQueue('Work', queue), 'Work: 0 queued, 0 running, 0 waiting, 0 dead');
    const busy = {
      ...{ queued: 3, claimable: 2, oldest_claimable_seconds: 300.2, running: 1, running_by_faculty: { coder: 1 } },
      ...{ waiting: 2, waiting_by_kind: { credentials: 2 }, dead: 4, unroutable: [{ reason: EVIL, count: 1 }] },
      ...{ paused: 5, all_paused: false },
    };
    const [figures, reason] = showQueue('Work', busy).split('\n');
    const expected =
      '3 queued (2 could begin, the oldest for 5 min), 1 running (coder 1), 2 waiting (credentials 2), 5 paused, 4 dead';
    assert.equal(figures, `Work: ${expected}`);
    assert.match(reason ?? '', /^ {2}1 queued: /);
    assertHarmless(reason ?? '');
  });

  it('of an attempt whose conversation is gone: that it is, and what stays', () => {
    const foci = [{ ...FOCUS, pruned_at: '2026-11-24T12:00:00.000Z' }];
    const text = showOutcome(TERMINAL, { item: ITEM, foci, events: [], merged_id: null });
    assert.match(text, /The conversation of attempt 1 was removed on 2026-11-24; ledger, outcome and costs stay\./);
    assert.doesNotMatch(showOutcome(TERMINAL, { item: ITEM, foci: [FOCUS], events: [], merged_id: null }), /removed/);
  });

  it('of a script: that no model gave the answers, and no price', () => {
    const scripted = { ...FOCUS, scripted: true, cost_usd: 0 };
    const text = showOutcome(TERMINAL, { item: ITEM, foci: [scripted], events: [], merged_id: null });
    assert.match(text, /A script, not a model, gives these answers\./);
    assert.match(text, /no cost/);
    const unknown = showOutcome(TERMINAL, {
      item: ITEM,
      foci: [{ ...FOCUS, cost_usd: null }],
      events: [],
      merged_id: null,
    });
    assert.match(unknown, /cost unknown/);
  });

  it('of figures that nobody counted: that they are about right', () => {
    const text = showOutcome(TERMINAL, {
      item: ITEM,
      foci: [{ ...FOCUS, estimated: true }],
      events: [],
      merged_id: null,
    });
    assert.match(text, /about \d+ tokens in, about \d+ out · about \$0\.0123/);
    assert.doesNotMatch(showOutcome(TERMINAL, { item: ITEM, foci: [FOCUS], events: [], merged_id: null }), /about/);
  });

  it('of a list: one row an item', () => {
    const row = workRow({
      ...ITEM,
      state: 'waiting',
      reason: 'waits for credentials',
      created_at: new Date().toISOString(),
    });
    assert.deepEqual(
      [row[0], row[1], row[2], row[4]],
      ['456789ab', 'waiting: waits for credentials', 'general', 'Count the herons.'],
    );
    assert.match(row[3] ?? '', /^\d+s$/);
  });
});

describe('exit codes', () => {
  it('are those that scripts rely on', () => {
    assert.deepEqual(EXIT, {
      done: 0,
      workFailed: 1,
      usage: 2,
      unreachable: 3,
      waitsForPerson: 4,
      refused: 5,
      interrupted: 130,
    });
  });

  it('follow from the error, whichever it is', () => {
    const codeOf = (kind: ErrorKind) => exitCodeOf(new AnimusError(kind, 'x', 'y'));
    for (const kind of ['untrusted_folder', 'not_permitted'] as const) assert.equal(codeOf(kind), EXIT.refused);
    for (const kind of ['not_found', 'bad_config', 'unknown_faculty', 'malformed_id', 'ambiguous_id'] as const) {
      assert.equal(codeOf(kind), EXIT.usage);
    }
    for (const kind of ['host_unreachable', 'store_newer', 'draining', 'network_folder'] as const) {
      assert.equal(codeOf(kind), EXIT.unreachable);
    }
    const usual: number[] = [EXIT.usage, EXIT.unreachable, EXIT.refused];
    for (const kind of Object.keys(ERROR_CODES) as ErrorKind[]) assert.ok(usual.includes(codeOf(kind)), kind);
    for (const other of [new Error('x'), 'x', undefined]) assert.equal(exitCodeOf(other), EXIT.unreachable);
  });
});
