import assert from 'node:assert/strict';
import { HOSTILE_TEXTS } from '../../../build/webview-preview/hostile-texts.ts';
import { smallLedger } from '../../../build/webview-preview/sample-ledger.ts';
import { excerptOf } from '../../../src/webview/ledger/excerpt.ts';
import { authorOf, filesOf, otherData } from '../../../src/webview/ledger/references.ts';
import { labelOf, writerOf } from '../../../src/webview/ledger/wording.ts';

const shown = (content: string, words: string[] = []) =>
  excerptOf(content, words)
    .map(({ text, isMatch }) => (isMatch ? `[${text}]` : text))
    .join('');

describe('the line of an entry', () => {
  it('is the first paragraph without the marks of markdown', () => {
    assert.equal(shown('## Head\n- `a` is **bold**\n\nmore'), 'Head a is bold');
  });

  it('marks every match, in any case', () => {
    assert.equal(shown('Timeout after timeout', ['timeout']), '[Timeout] after [timeout]');
    assert.equal(shown('a.b and axb', ['a.b']), '[a.b] and axb');
  });

  it('begins near a match that would be out of sight', () => {
    assert.match(
      shown('The proxy in front of the registry does not answer: connect timeout', ['timeout']),
      /^… .{0,20}\[timeout\]$/,
    );
    assert.match(shown(`first paragraph\n\n${'word '.repeat(100)}needle`, ['needle']), /^… .{0,20}\[needle\]$/);
  });

  it('is the beginning where the match is of another form', () => {
    assert.equal(shown('It timed out', ['timeouts']), 'It timed out');
  });

  it('[S12] writes out what is hidden, and is never long', () => {
    for (const text of HOSTILE_TEXTS) {
      const line = shown(text);
      assert.ok(line.length < 500 && !/[\p{Cc}\p{Bidi_Control}]/u.test(line), JSON.stringify(line));
    }
  });
});

describe('what an entry refers to', () => {
  it('is read from data that a model made', () => {
    const files = ['src/a.ts:3', { path: 'b.ts', line: 7 }, { path: 'c.ts', line: -1 }, 5, null, '', 'not a file'];
    assert.deepEqual(
      filesOf({ files }).map(({ label, target }) => [label, target?.kind ?? null]),
      [
        ['src/a.ts:3', 'file'],
        ['b.ts:7', 'file'],
        ['c.ts', 'file'],
        ['not a file', null],
      ],
    );
    assert.deepEqual(filesOf({ files: 'src/a.ts' }), []);
    assert.equal(filesOf({ files: Array.from({ length: 1000 }, () => 'a.ts') }).length, 50);
  });

  it('and the rest of the data is kept apart', () => {
    assert.deepEqual(otherData({ files: [], author: 'x', turn: 3 }), { turn: 3 });
    assert.equal(otherData({ files: [] }), null);
    assert.equal(authorOf({ author: ' ' }), null);
  });

  it('says who wrote it', () => {
    const { entries } = smallLedger();
    const [first, note] = [entries[0], entries[8]];
    assert.ok(first && note);
    assert.match(writerOf(first), /^coder #[0-9a-f]{4}$/);
    assert.equal(writerOf(note), 'Dana (you)');
    assert.match(labelOf(note), /^note 9, Dana \(you\), .*: Please no new dependency/);
  });
});
