import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import path from 'node:path';
import {
  formatCost,
  formatCount,
  formatDay,
  formatDuration,
  formatElapsed,
  formatTime,
  formatTokens,
  plural,
} from '../../../src/webview/shared/duration.ts';
import { GLYPHS } from '../../../src/webview/shared/icon-names.ts';

describe('formats', () => {
  it('of spans', () => {
    const spans: [ms: number, shown: string][] = [
      [0, '0ms'],
      [-5, '0ms'],
      [3, '3ms'],
      [900, '0.9s'],
      [13_400, '13.4s'],
      [59_949, '59.9s'],
      [59_960, '1m 00s'],
      [82_000, '1m 22s'],
      [668_000, '11m 08s'],
      [7_500_000, '2h 05m'],
    ];
    for (const [ms, shown] of spans) assert.equal(formatDuration(ms), shown);
    assert.equal(formatElapsed(48_900), '48s');
    assert.equal(formatElapsed(61_000), '1m 01s');
  });

  it('of numbers', () => {
    assert.deepEqual([0, 999, 1000, 26_840, 99_949, 99_960, 312_408, 1_240_000].map(formatTokens), [
      '0',
      '999',
      '1.0k',
      '26.8k',
      '99.9k',
      '100k',
      '312k',
      '1.2M',
    ]);
    assert.deepEqual([0, 0.0021, 0.38, 12].map(formatCost), ['$0', '$0.0021', '$0.38', '$12.00']);
    assert.deepEqual([7, 1234, 312_408, 1_000_000].map(formatCount), ['7', '1,234', '312,408', '1,000,000']);
    assert.equal(plural(1, 'entry', 'entries'), '1 entry');
    assert.equal(plural(1200, 'entry', 'entries'), '1,200 entries');
  });

  it('of times, as the clock on the wall has them', () => {
    const local = new Date(2026, 10, 23, 4, 5, 6);
    assert.equal(formatTime(local.toISOString()), '04:05:06');
    assert.equal(formatTime('not a time'), '--:--:--');
    const now = new Date(2026, 10, 23, 12, 0);
    assert.equal(formatDay(local.toISOString(), now), 'today');
    assert.equal(formatDay(new Date(2026, 10, 22, 23, 59).toISOString(), now), 'yesterday');
    assert.equal(formatDay(new Date(2026, 10, 9, 8).toISOString(), now), 'Mon 9 Nov');
    assert.equal(formatDay(new Date(2025, 11, 31, 8).toISOString(), now), 'Wed 31 Dec 2025');
  });
});

describe('icons', () => {
  it('are where the font has them', () => {
    const sheet = path.join(import.meta.dirname, '../../../node_modules/@vscode/codicons/dist/codicon.css');
    const css = readFileSync(sheet, 'utf8');
    for (const [name, glyph] of Object.entries(GLYPHS)) {
      const code = glyph.charCodeAt(0).toString(16);
      assert.ok(css.includes(`.codicon-${name}:before { content: "\\${code}" }`), name);
    }
  });
});
