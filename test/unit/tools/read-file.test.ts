import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { symlinkSync, truncateSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { readFile } from '../../../src/host/engine/tools/read-file.ts';
import { makeWorkspace, removeWorkspaces } from './workspace.ts';

const numbered = (from: number, to: number) => Array.from({ length: to - from + 1 }, (_, at) => `line ${from + at}`);

async function read(content: string | Uint8Array, input: Record<string, unknown> = {}): Promise<string> {
  const result = await makeWorkspace({ 'a.txt': content }).call(readFile, { path: 'a.txt', ...input });
  return result.isError ? `error: ${result.content}` : result.content;
}

describe('read_file', () => {
  after(removeWorkspaces);

  it('gives the lines as they are, with the hash of the file', async () => {
    const content = 'first\n\n\tthird\n';
    const result = await makeWorkspace({ 'src/a.txt': content }).call(readFile, { path: './src/a.txt' });
    const sha256 = createHash('sha256').update(content).digest('hex');
    assert.deepEqual(result, {
      content: 'first\n\n\tthird',
      isError: false,
      data: { path: 'src/a.txt', sha256 },
      files: [{ path: 'src/a.txt', sha256, text: content }],
    });
    assert.equal(await read('no line end'), 'no line end');
  });

  it('gives a range and says where to go on', async () => {
    const file = `${numbered(1, 5310).join('\n')}\n`;
    const head = await read(file);
    assert.equal(head, [...numbered(1, 2000), '[lines 1-2000 of 5,310; go on with offset=2001]'].join('\n'));
    const middle = await read(file, { offset: 2001, limit: 2 });
    assert.equal(middle, 'line 2001\nline 2002\n[lines 2001-2002 of 5,310; go on with offset=2003]');
    assert.equal(await read(file, { offset: 5309 }), 'line 5309\nline 5310\n[lines 5309-5310 of 5,310]');
    assert.match(await read(file, { offset: 5311 }), /^error: a\.txt has 5,310 lines; offset=5311 is past its end/);
  });

  it('finds line ends where chunks meet', async () => {
    const line = 'x'.repeat(1023);
    const file = `${line}\n`.repeat(1000);
    assert.equal(
      await read(file, { offset: 256, limit: 1 }),
      `${line}\n[lines 256-256 of 1,000; go on with offset=257]`,
    );
    assert.equal(await read(file, { offset: 1000 }), `${line}\n[lines 1000-1000 of 1,000]`);
  });

  it('says of an empty file that it is empty', async () => {
    assert.equal(await read(''), '[the file is empty]');
    assert.equal(await read('\n'), '');
  });

  it('takes CR LF as a line end and says so', async () => {
    assert.equal(await read('a\r\nb\r\n'), 'a\nb\n[lines of this file end with CR LF]');
    assert.equal(await read('a\rb\n'), 'a\rb');
  });

  it('drops a byte order mark', async () => {
    assert.equal(await read('\ufeffa\n\ufeffb'), 'a\n\ufeffb');
  });

  it('[S10] refuses binary files with their size', async () => {
    assert.match(await read(Buffer.from([1, 2, 0, 3])), /^error: a\.txt is a binary file, 4 bytes/);
    assert.match(await read(Buffer.from('\ufeffhi', 'utf16le')), /^error: a\.txt is UTF-16 text, 6 bytes/);
  });

  it('replaces NUL characters that come later', async () => {
    const content = await read(`${'x\n'.repeat(8000)}a\0b`, { offset: 8001 });
    assert.equal(content, 'a\ufffdb\n[lines 8001-8001 of 8,001]');
  });

  it('says when bytes are not UTF-8, and not when the text holds the sign of it', async () => {
    const bytes = Buffer.concat([Buffer.from('gr'), Buffer.from([0xfc]), Buffer.from('n\n')]);
    assert.equal(await read(bytes), 'gr\ufffdn\n[some bytes are not UTF-8 and are shown as \ufffd]');
    assert.equal(await read('gr\ufffdn €\n'), 'gr\ufffdn €');
  });

  it('cuts long lines, marked, and no character in two', async () => {
    assert.equal(await read(`${'a'.repeat(2000)}\nb`), `${'a'.repeat(2000)}\nb`);
    assert.equal(await read(`${'a'.repeat(2001)}\nb`), `${'a'.repeat(2000)} [line cut: 2,001 bytes]\nb`);
    const emoji = await read('😀'.repeat(100_000));
    assert.equal(emoji, `${'😀'.repeat(1000)} [line cut: 400,000 bytes]`);
    const shifted = await read(`a${'😀'.repeat(5000)}`);
    assert.equal(shifted, `a${'😀'.repeat(999)}\ufffd [line cut: 20,001 bytes]`);
  });

  it('bounds the whole result', async () => {
    const content = await read(`${'y'.repeat(1999)}\n`.repeat(3000), { limit: 10_000 });
    assert.ok(content.length <= 200_100, `${content.length}`);
    assert.match(content, /\[lines 1-100 of 3,000; go on with offset=101\]$/);
  });

  it('[S10] refuses huge files unless an offset is given', async () => {
    const workspace = makeWorkspace({ 'huge.log': `${'first line\n'.repeat(1000)}` });
    truncateSync(path.join(workspace.root, 'huge.log'), 2 ** 40);
    const whole = await workspace.call(readFile, { path: 'huge.log' });
    assert.ok(whole.isError);
    assert.match(whole.content, /1,048,576 MiB\. Pass offset and limit/);
    const part = await workspace.call(readFile, { path: 'huge.log', offset: 999, limit: 2 });
    assert.equal(part.content, 'first line\nfirst line\n[lines 999-1000; if more follow, go on with offset=1001]');
    assert.equal(part.data, undefined);
  });

  it('[F19] ends when the call is over its time', async () => {
    const workspace = makeWorkspace({ 'huge.log': 'a'.repeat(10_000) });
    truncateSync(path.join(workspace.root, 'huge.log'), 2 ** 42);
    const signal = AbortSignal.timeout(200);
    const result = await workspace.call(readFile, { path: 'huge.log', offset: 5 }, signal);
    assert.deepEqual([result.isError, /over its time/.test(result.content)], [true, true]);
    const cancelled = await workspace.call(readFile, { path: 'huge.log', offset: 5 }, AbortSignal.abort());
    assert.match(cancelled.content, /cancelled/);
  });

  it('[S10] answers bad paths with an error that says what to do', async () => {
    const workspace = makeWorkspace({ 'folder/ünï ✓.txt': 'fine', 'a.txt': '' });
    writeFileSync(path.join(workspace.outside, 'secret'), 'secret');
    symlinkSync('../outside/secret', path.join(workspace.root, 'link'));
    const expected: [string, RegExp][] = [
      ['folder', /folder; list_files/],
      ['absent.txt', /no such file; list_files/],
      ['../outside/secret', /outside the workspace/],
      ['link', /out of the workspace through a symbolic link/],
      ['CON', /device/],
      ['a\0.txt', /NUL/],
      ['a.txt/b', /a part of it is a file/],
    ];
    for (const [given, reason] of expected) {
      const result = await workspace.call(readFile, { path: given });
      assert.ok(result.isError);
      assert.match(result.content, reason);
      assert.ok(!result.content.includes('\0'));
    }
    assert.equal((await workspace.call(readFile, { path: 'folder/ünï ✓.txt' })).content, 'fine');
  });

  it('refuses arguments out of bounds', () => {
    for (const bad of [{}, { path: 'a', offset: 0 }, { path: 'a', limit: 10_001 }, { path: 'a', more: 1 }]) {
      assert.equal(readFile.input.safeParse(bad).success, false);
    }
  });
});
