import assert from 'node:assert/strict';
import { contextSettings } from '../../../src/host/engine/focus/context-settings.ts';
import { cutText } from '../../../src/host/engine/focus/ledger-in-brief.ts';
import { readConfig } from '../../../src/host/engine/focus/pinned-config.ts';
import type { LedgerEntry } from '../../../src/host/store/ledger/ledger.ts';
import { CONTEXT_SETTINGS } from '../../support/engine-context.ts';
import { facultyOf } from '../../support/engine-focus.ts';

function entry(seq: number, entryType: LedgerEntry['entryType'], content: string): LedgerEntry {
  const rest = { id: `${seq}`, workItemId: 'w', focusId: 'f', faculty: 'general', data: {}, createdAt: new Date(0) };
  return { ...rest, seq, entryType, content };
}

describe('the ledger that stands for what was cut', () => {
  it('[eng-20] keeps within its budget: the plan that counts, then the newest entries, in their order', () => {
    const entries = [
      entry(1, 'plan', 'An old plan.'),
      entry(2, 'plan', 'The plan.'),
      ...Array.from({ length: 100 }, (_, at) => entry(at + 3, 'finding', `${at} `.padEnd(1000, '.'))),
    ];
    const text = cutText(entries, { ...CONTEXT_SETTINGS, windowTokens: 10_000 }, '');
    assert.ok(text.length < 5000, `${text.length} characters`);
    assert.match(text, /PLAN\n\[2\] The plan\.\n\nFINDINGS\n\[100\] 97 \.+\n\[101\] 98 \.+\n\[102\] 99 \.+\n/);
    assert.match(text, /\(98 entries are not shown here; ledger_read has them\.\)/);
    assert.doesNotMatch(text, /An old plan/);
  });

  it('says that nothing was recorded, and gives a summary its place', () => {
    const text = cutText([], CONTEXT_SETTINGS, 'It rained.');
    assert.match(text, /Nothing was recorded\.\n\nA summary of what was said and done:\n\nIt rained\.\n\n\[end/);
  });
});

describe('how a context is bounded', () => {
  it('is by what the faculty says, else by what is known of the model, else by a careful guess', () => {
    const plain = facultyOf().engage;
    assert.equal(contextSettings('anthropic/claude-haiku-4-5', plain).windowTokens, 200_000);
    assert.equal(contextSettings('local/some-model', plain).windowTokens, 100_000);
    const own = facultyOf({ engage: { context_tokens: 8000, compact_keep_recent: 3, fold_min_tokens: 0 } }).engage;
    const settings = contextSettings('anthropic/claude-haiku-4-5', own);
    assert.deepEqual([settings.windowTokens, settings.compactKeepRecent, settings.foldMinTokens], [8000, 3, 0]);
  });

  it('is given to a focus that an earlier version began', () => {
    const before = { model: 'a/b', system: [], tools: [], maxTurns: 1, maxTokens: 1, temperature: null };
    assert.deepEqual(readConfig(before).context, CONTEXT_SETTINGS);
  });
});
