import assert from 'node:assert/strict';
import { fileInCode, fileReference, linkTarget } from '../../../src/webview/shared/links.ts';

const file = (path: string, line: number | null = null) => ({ kind: 'file', path, line });

describe('links', () => {
  it('[S12] lead to the web or to a file, and nowhere else', () => {
    assert.deepEqual(linkTarget('https://example.com/a'), { kind: 'link', href: 'https://example.com/a' });
    assert.deepEqual(linkTarget('src/a.ts#L12'), file('src/a.ts', 12));
    assert.deepEqual(linkTarget('./docs/read%20me.md'), null);
    for (const href of [
      'javascript:alert(1)',
      'JAVASCRIPT:alert(1)',
      'command:workbench.action.quit',
      'vscode://x.y/z',
      'data:text/html,x',
      'file:///etc/passwd',
      'blob:https://example.com/x',
      '//example.com/x',
      '\\\\server\\share\\a.ts',
      'https://',
      `https://example.com/${'a'.repeat(3000)}`,
      'mailto:a@example.com',
    ]) {
      assert.equal(linkTarget(href), null, href);
    }
  });

  it('name files with their lines', () => {
    assert.deepEqual(fileReference('src/date.ts:18:7'), file('src/date.ts', 18));
    assert.deepEqual(fileReference('package.json'), file('package.json'));
    assert.deepEqual(fileReference('C:\\work\\a.ts:3'), file('C:\\work\\a.ts', 3));
    assert.equal(fileReference('two words.ts'), null);
    assert.equal(fileReference(`${'a/'.repeat(2000)}b.ts`), null);
  });

  it('in code need a folder or a line, since members look like files', () => {
    assert.deepEqual(fileInCode('src/a.ts'), file('src/a.ts'));
    assert.deepEqual(fileInCode('a.ts:3'), file('a.ts', 3));
    for (const code of ['console.log', 'Date.UTC', 'a.b', 'npm run x', 'https://example.com/a.ts']) {
      assert.equal(fileInCode(code), null, code);
    }
  });

  it('are recognised in time that grows with the text', () => {
    for (const text of ['a.'.repeat(500), `${'../'.repeat(300)}x`, 'a'.repeat(1000)]) fileReference(text);
    assert.equal(fileReference('-'.repeat(1000)), null);
  });
});
