import assert from 'node:assert/strict';
import { symlinkSync, truncateSync } from 'node:fs';
import path from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { excerpt } from '../../../src/host/engine/tools/search-files.ts';
import { createSearchText, searchText } from '../../../src/host/engine/tools/search-text.ts';
import { makeWorkspace, removeWorkspaces, type Workspace } from './workspace.ts';

async function search(workspace: Workspace, pattern: string, input: Record<string, unknown> = {}): Promise<string> {
  const result = await workspace.call(searchText, { pattern, ...input });
  return result.isError ? `error: ${result.content}` : result.content;
}

describe('search_text', () => {
  after(removeWorkspaces);

  it('finds lines, in the order of list_files', async () => {
    const workspace = makeWorkspace({
      'b.ts': 'const one = 1;\r\n\r\n  const two = 2;\r\n',
      'a/x.ts': 'let CONST;\nconst last',
      'a.ts': 'nothing',
      'dist/c.ts': 'const ignored',
      '.gitignore': 'dist\n',
    });
    const found = ['a/x.ts:2: const last', 'b.ts:1: const one = 1;', 'b.ts:3: const two = 2;'];
    assert.equal(await search(workspace, String.raw`\bconst\b`), found.join('\n'));
    assert.equal(await search(workspace, '^const .*;$'), 'b.ts:1: const one = 1;');
    assert.equal(
      await search(workspace, 'CONST', { ignore_case: true, path: 'a' }),
      'a/x.ts:1: let CONST;\na/x.ts:2: const last',
    );
    assert.equal(await search(workspace, 'const', { glob: 'b.*' }), found.slice(1).join('\n'));
    assert.equal(await search(workspace, 'const', { path: 'b.ts' }), found.slice(1).join('\n'));
    assert.equal(await search(workspace, 'absent'), '[no line matches]');
  });

  it('reads characters, not halves of them', async () => {
    const workspace = makeWorkspace({ 'ünï.txt': 'a😀b\nπ' });
    assert.equal(await search(workspace, '^a.b$'), 'ünï.txt:1: a😀b');
    assert.equal(await search(workspace, String.raw`\p{Script=Greek}`), 'ünï.txt:2: π');
  });

  it('trims long lines around the match', async () => {
    const workspace = makeWorkspace({ 'a.js': `${'x'.repeat(5000)}needle${'y'.repeat(5000)}` });
    assert.equal(await search(workspace, 'needle'), `a.js:1: …${'x'.repeat(100)}needle${'y'.repeat(194)}…`);
    assert.equal(excerpt('a'.repeat(400), 0), `${'a'.repeat(300)}…`);
    assert.equal(excerpt('a'.repeat(400), 399), `…${'a'.repeat(300)}`);
    assert.ok(excerpt(`a${'😀'.repeat(400)}`, 300).isWellFormed());
  });

  it('stops at max_results and says so', async () => {
    const workspace = makeWorkspace({ 'a.txt': 'x\n'.repeat(150), 'b.txt': 'x\n' });
    const lines = (await search(workspace, 'x')).split('\n');
    assert.deepEqual([lines.length, lines.at(-1)], [101, '[there are more matches: narrow pattern, path or glob]']);
    const exact = await search(workspace, 'x', { path: 'a.txt', max_results: 150 });
    assert.equal(exact.split('\n').length, 150);
  });

  it('skips binary and large files, and counts them', async () => {
    const workspace = makeWorkspace({ 'a.bin': Buffer.from('needle\0'), 'b.txt': 'needle', 'c.txt': 'needle' });
    truncateSync(path.join(workspace.root, 'c.txt'), 8 * 1024 * 1024 + 1);
    assert.equal(await search(workspace, 'needle'), 'b.txt:1: needle\n[skipped files: 1 binary, 1 over 8 MiB]');
  });

  it('[S10] reads nothing through links', async () => {
    const workspace = makeWorkspace({ 'a.txt': 'needle', '../outside/secret': 'needle' });
    symlinkSync('a.txt', path.join(workspace.root, 'link'));
    symlinkSync('../outside', path.join(workspace.root, 'out'));
    assert.equal(await search(workspace, 'needle'), 'a.txt:1: needle');
    assert.match(await search(workspace, 'needle', { path: 'out' }), /^error: .*symbolic link/);
    assert.match(await search(workspace, 'needle', { path: '../outside' }), /^error: .*outside the workspace/);
    assert.match(await search(workspace, 'needle', { path: 'absent' }), /^error: .*no such file/);
  });

  it('quotes the reason for which a pattern is none', async () => {
    const workspace = makeWorkspace();
    assert.match(await search(workspace, '(a'), /^error: The pattern cannot be used: .*Unterminated group/);
    assert.match(await search(workspace, String.raw`\-`), /^error: The pattern cannot be used: .*Invalid escape/);
    assert.match(await search(workspace, 'a', { glob: '{a,b}'.repeat(9) }), /^error: The glob cannot be used/);
  });

  it('[F19] a catastrophic pattern is ended at the time-out while the host goes on', async () => {
    const workspace = makeWorkspace({ 'a.txt': `${'a'.repeat(5000)}b` });
    let ticks = 0;
    const timer = setInterval(() => {
      ticks += 1;
    }, 5);
    const result = await workspace.call(createSearchText(600), { pattern: '(a+)+$' });
    clearInterval(timer);
    assert.ok(result.isError);
    assert.match(result.content, /ran over its time.*nested repetitions/);
    assert.ok(ticks >= 10, `${ticks} ticks of a timer in 600 ms`);
  });

  it('[F19] a catastrophic pattern is ended when the call is cancelled', async () => {
    const workspace = makeWorkspace({ 'a.txt': `${'a'.repeat(5000)}b` });
    const stop = new AbortController();
    const running = workspace.call(searchText, { pattern: '(a+)+$' }, stop.signal);
    await delay(200);
    stop.abort();
    assert.deepEqual(await running, { content: 'search_text was cancelled.', isError: true });
    const before = await workspace.call(searchText, { pattern: 'a' }, AbortSignal.abort());
    assert.equal(before.content, 'search_text was cancelled.');
  });
});
