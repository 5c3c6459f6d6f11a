/** write_file and edit_file: what they write, what they leave alone, and what they say about it. */
import assert from 'node:assert/strict';
import {
  chmodSync,
  existsSync,
  readdirSync,
  readFileSync,
  statSync,
  symlinkSync,
  unlinkSync,
  writeFileSync,
} from 'node:fs';
import path from 'node:path';
import { editFile } from '../../../src/host/engine/tools/edit-file.ts';
import { readFile } from '../../../src/host/engine/tools/read-file.ts';
import { writeFile } from '../../../src/host/engine/tools/write-file.ts';
import { runLoop } from '../../support/engine-loop.ts';
import { MemoryJournal } from '../../support/engine-memory-journal.ts';
import { writtenModel } from '../../support/engine-model.ts';
import { makeWorkspace, removeWorkspaces, type Workspace } from './workspace.ts';

const read = (workspace: Workspace, file: string) => readFileSync(path.join(workspace.root, file), 'utf8');

after(removeWorkspaces);

describe('write_file', () => {
  it('makes a new file and the folders above it', async () => {
    const workspace = makeWorkspace();
    const result = await workspace.call(writeFile, { path: 'a/b/c.txt', content: 'one\ntwo\n' });
    assert.deepEqual([result.isError, result.content], [false, 'Created a/b/c.txt (+2 \u22120).']);
    assert.equal(read(workspace, 'a/b/c.txt'), 'one\ntwo\n');
    assert.deepEqual(readdirSync(path.join(workspace.root, 'a/b')), ['c.txt'], 'no temporary file is left');
  });

  it('replaces a file that was read, keeping its permissions', async () => {
    const workspace = makeWorkspace({ 'run.sh': 'old\n' });
    chmodSync(path.join(workspace.root, 'run.sh'), 0o751);
    await workspace.call(readFile, { path: 'run.sh' });
    const result = await workspace.call(writeFile, { path: 'run.sh', content: 'new\nlines\n' });
    assert.equal(result.content, 'Changed run.sh (+2 \u22121).');
    assert.equal(statSync(path.join(workspace.root, 'run.sh')).mode & 0o777, 0o751);
  });

  it('leaves a file alone that was not read', async () => {
    const workspace = makeWorkspace({ 'a.txt': 'precious\n' });
    const result = await workspace.call(writeFile, { path: 'a.txt', content: 'new' });
    assert.ok(result.isError);
    assert.match(result.content, /you have not read it\. Read it first/);
    assert.equal(read(workspace, 'a.txt'), 'precious\n');
  });

  it('leaves a file alone that somebody else changed, shows the difference, and then knows it', async () => {
    const workspace = makeWorkspace({ 'a.txt': 'one\ntwo\nthree\n' });
    await workspace.call(readFile, { path: 'a.txt' });
    workspace.write('a.txt', 'one\n2\nthree\n');
    const refused = await workspace.call(writeFile, { path: 'a.txt', content: 'mine\n' });
    assert.ok(refused.isError);
    assert.match(refused.content, /changed since you last read it/);
    assert.match(refused.content, /-two\n\+2\n/);
    assert.equal(read(workspace, 'a.txt'), 'one\n2\nthree\n');
    assert.equal((await workspace.call(writeFile, { path: 'a.txt', content: 'mine\n' })).isError, false);
    assert.equal(read(workspace, 'a.txt'), 'mine\n');
  });

  it('asks for another look where too much changed to be shown', async () => {
    const workspace = makeWorkspace({ 'a.txt': 'x\n'.repeat(3000) });
    await workspace.call(readFile, { path: 'a.txt' });
    workspace.write('a.txt', 'y\n'.repeat(3000));
    for (const _ of [1, 2]) {
      const refused = await workspace.call(writeFile, { path: 'a.txt', content: 'mine' });
      assert.match(refused.content, /Read it again before you change it/);
    }
    assert.equal(read(workspace, 'a.txt'), 'y\n'.repeat(3000));
  });

  it('says once that a file is gone before it makes it anew', async () => {
    const workspace = makeWorkspace({ 'a.txt': 'one\n' });
    await workspace.call(writeFile, { path: 'b.txt', content: 'two\n' });
    const { rmSync } = await import('node:fs');
    rmSync(path.join(workspace.root, 'b.txt'));
    const told = await workspace.call(writeFile, { path: 'b.txt', content: 'again\n' });
    assert.match(told.content, /is gone since you read it/);
    assert.equal((await workspace.call(writeFile, { path: 'b.txt', content: 'again\n' })).isError, false);
    assert.equal(read(workspace, 'b.txt'), 'again\n');
  });

  it('leaves a file alone that a person has open and not saved, also where that came after the plan', async () => {
    const workspace = makeWorkspace({ 'a.txt': 'on disk\n' });
    await workspace.call(readFile, { path: 'a.txt' });
    const unsaved = new Set<string>();
    const context = { ...workspace.context(), isUnsaved: (file: string) => unsaved.has(file) };
    const input = { path: 'a.txt', content: 'mine\n' };
    assert.ok(writeFile.kind === 'world' && writeFile.plan);
    const planned = await writeFile.plan(input, context);
    assert.ok(planned.kind === 'plan');
    unsaved.add(path.join(workspace.root, 'a.txt'));
    for (const result of [
      await writeFile.run(input, context, planned.plan),
      await writeFile.plan(input, context).then((again) => (again.kind === 'refused' ? again.result : undefined)),
    ]) {
      assert.ok(result?.isError);
      assert.match(result.content, /a\.txt: a person has it open with changes that are not saved.*Nothing was written/);
    }
    assert.equal(read(workspace, 'a.txt'), 'on disk\n');
    unsaved.clear();
    assert.equal((await writeFile.run(input, context, planned.plan)).isError, false);
    assert.equal(read(workspace, 'a.txt'), 'mine\n');
  });

  it('keeps line ends and the byte order mark', async () => {
    const workspace = makeWorkspace({ 'dos.txt': '\ufeffone\r\ntwo\r\n' });
    await workspace.call(readFile, { path: 'dos.txt' });
    await workspace.call(writeFile, { path: 'dos.txt', content: 'one\nthree\n' });
    assert.equal(read(workspace, 'dos.txt'), '\ufeffone\r\nthree\r\n');
  });

  it('refuses what is no text, a folder, a device, and the marker of a secret', async () => {
    const workspace = makeWorkspace({ 'a.bin': new Uint8Array([0, 1, 2]), 'latin.txt': new Uint8Array([0xe9, 0x0a]) });
    const said = async (file: string, content = 'x') =>
      (await workspace.call(writeFile, { path: file, content })).content;
    assert.match(await said('a.bin'), /no UTF-8 text/);
    assert.match(await said('latin.txt'), /no UTF-8 text/);
    assert.match(await said('.'), /the workspace folder itself/);
    assert.match(await said('nul'), /device/);
    assert.match(await said('key.txt', 'KEY=[redacted:environment]'), /a secret was redacted/);
    assert.equal(existsSync(path.join(workspace.root, 'key.txt')), false);
  });

  it('[S15] writes no marker into a line that does not hold it, whatever else in the file does', async () => {
    const noted = '# shown as [redacted:KEY] in logs\n';
    const secret = `${noted}KEY=sk-very-secret-12345678\nOLD=1\n`;
    const refused = [
      `${noted}KEY=[redacted:KEY]\nNEW=1\n`,
      'KEY=[redacted:KEY]\nOLD=1\n',
      'API_KEY=[redacted:KEY]\nOLD=1\n',
      `${noted}KEY=[redacted:environment]\nOLD=1\n`,
      `${noted}${noted}OLD=1\n`,
      noted.replace('\n', '; KEY=[redacted:KEY]\n'),
    ];
    for (const content of refused) {
      const workspace = makeWorkspace({ 'a.env': secret });
      await workspace.call(readFile, { path: 'a.env' });
      const result = await workspace.call(writeFile, { path: 'a.env', content });
      assert.ok(result.isError, content);
      assert.match(result.content, /in line [12] the marker \[redacted:\w+\] would be written in its place/);
      assert.equal(read(workspace, 'a.env'), secret);
    }
  });

  it('keeps the lines of a file that hold a marker of their own, wherever they go', async () => {
    const noted = '# shown as [redacted:KEY] in logs\n';
    const workspace = makeWorkspace({ 'a.env': `${noted}KEY=sk-very-secret-12345678\nOLD=1\n` });
    await workspace.call(readFile, { path: 'a.env' });
    const edit = { path: 'a.env', old_string: 'OLD=1', new_string: 'NEW=1' };
    assert.equal((await workspace.call(editFile, edit)).isError, false);
    assert.equal(read(workspace, 'a.env'), `${noted}KEY=sk-very-secret-12345678\nNEW=1\n`);
    const blind = { path: 'a.env', old_string: 'NEW=1', new_string: 'OTHER=[redacted:KEY]' };
    assert.equal((await workspace.call(editFile, blind)).isError, true);
    for (const content of [`NEW=2\n${noted}`, 'NEW=3\n']) {
      assert.equal((await workspace.call(writeFile, { path: 'a.env', content })).isError, false);
      assert.equal(read(workspace, 'a.env'), content);
    }
  });

  it('writes where a plan said, or not at all', async () => {
    const workspace = makeWorkspace();
    const context = workspace.context();
    assert.ok(writeFile.kind === 'world');
    const planned = await writeFile.plan?.({ path: 'a.txt', content: 'mine\n' }, context);
    assert.ok(planned?.kind === 'plan');
    workspace.write('a.txt', 'theirs\n');
    const result = await writeFile.run({ path: 'a.txt', content: 'mine\n' }, context, planned.plan);
    assert.ok(result.isError);
    assert.equal(read(workspace, 'a.txt'), 'theirs\n');
  });

  it('[S10] writes where its plan said, though the path leads elsewhere by then', async () => {
    const workspace = makeWorkspace({ 'a/x': '', 'b/x': '' });
    symlinkSync('a', path.join(workspace.root, 'link'));
    const [input, context] = [{ path: 'link/new.txt', content: 'new' }, workspace.context()];
    assert.ok(writeFile.kind === 'world');
    const planned = await writeFile.plan?.(input, context);
    assert.ok(planned?.kind === 'plan');
    assert.equal(planned.plan.path, 'a/new.txt');
    unlinkSync(path.join(workspace.root, 'link'));
    symlinkSync('b', path.join(workspace.root, 'link'));
    const { isError, content } = await writeFile.run(input, context, planned.plan);
    assert.deepEqual(
      [isError, content],
      [true, 'link/new.txt leads elsewhere since a moment ago. Nothing was written.'],
    );
    assert.deepEqual(
      ['a', 'b'].flatMap((folder) => readdirSync(path.join(workspace.root, folder))),
      ['x', 'x'],
    );
  });

  it('finds out what became of a write that was cut off', async () => {
    const workspace = makeWorkspace();
    const context = workspace.context();
    assert.ok(writeFile.kind === 'world');
    const planned = await writeFile.plan?.({ path: 'a.txt', content: 'mine\n' }, context);
    assert.ok(planned?.kind === 'plan');
    const { settle: find } = writeFile;
    const settle = async () => (await find?.(planned.plan, context))?.kind;
    assert.equal(await settle(), 'run', 'nothing was written');
    await writeFile.run({ path: 'a.txt', content: 'mine\n' }, context, planned.plan);
    assert.equal(await settle(), 'done', 'it was written');
    writeFileSync(path.join(workspace.root, 'a.txt'), 'theirs\n');
    assert.equal(await settle(), 'unsure', 'somebody else wrote');
  });

  it('[S10] does not leave the workspace', async () => {
    const workspace = makeWorkspace({ 'inside.txt': 'inside\n' });
    writeFileSync(path.join(workspace.outside, 'target.txt'), 'outside\n');
    symlinkSync(workspace.outside, path.join(workspace.root, 'link'));
    symlinkSync(path.join(workspace.outside, 'target.txt'), path.join(workspace.root, 'file-link'));
    symlinkSync(path.join(workspace.outside, 'new.txt'), path.join(workspace.root, 'dangling'));
    const paths = [
      '../outside/x',
      path.join(workspace.outside, 'x'),
      'link/x',
      'link/target.txt',
      'file-link',
      'dangling',
    ];
    for (const given of paths) {
      const result = await workspace.call(writeFile, { path: given, content: 'x' });
      assert.ok(result.isError, given);
    }
    assert.deepEqual(readdirSync(workspace.outside), ['target.txt']);
    assert.equal(readFileSync(path.join(workspace.outside, 'target.txt'), 'utf8'), 'outside\n');
  });
});

describe('edit_file', () => {
  const text = 'const a = 1;\nconst b = 1;\n';

  async function edited(file: string, input: object) {
    const workspace = makeWorkspace({ 'a.ts': file });
    await workspace.call(readFile, { path: 'a.ts' });
    const result = await workspace.call(editFile, { path: 'a.ts', ...input });
    return { ...result, file: read(workspace, 'a.ts') };
  }

  it('replaces the one place', async () => {
    const result = await edited(text, { old_string: 'a = 1', new_string: 'a = $& 2' });
    assert.deepEqual([result.file, result.content], ['const a = $& 2;\nconst b = 1;\n', 'Changed a.ts (+1 \u22121).']);
  });

  it('wants to know which of several, or all', async () => {
    const unsure = await edited(text, { old_string: ' = 1', new_string: ' = 2' });
    assert.match(unsure.content, /2 times in a\.ts \(lines 1, 2\)/);
    assert.equal(unsure.file, text);
    const all = await edited(text, { old_string: ' = 1', new_string: ' = 2', replace_all: true });
    assert.equal(all.file, 'const a = 2;\nconst b = 2;\n');
  });

  it('says where what it looks for differs in white space only, and where it is nowhere', async () => {
    const close = await edited(text, { old_string: 'const  b = 1;', new_string: 'x' });
    assert.match(close.content, /line 2 differs from it only in white space/);
    const nowhere = await edited(text, { old_string: 'const c', new_string: 'x' });
    assert.match(nowhere.content, /is not in a\.ts\. Read the lines around it again/);
    const among = await edited('one\n\n\ntwo\n  three four\n', { old_string: 'three\n\tfour', new_string: 'x' });
    assert.match(among.content, /line 5 differs from it only in white space/);
    const same = await edited(text, { old_string: 'a', new_string: 'a' });
    assert.match(same.content, /are the same/);
  });

  it('says that it is nowhere also where file and piece repeat themselves a million times', async () => {
    const many = 'a'.repeat(3_000_000);
    const piece = 'a'.repeat(100_000);
    for (const old of [`${piece}b${piece.slice(1)}`, `${'a '.repeat(90_000)}b`]) {
      const result = await edited(old.includes(' ') ? 'a '.repeat(1_500_000) : many, {
        old_string: old,
        new_string: 'x',
      });
      assert.match(result.content, /is not in a\.ts\. Read the lines around it again/);
    }
  });

  it('leaves a file alone that would have over 4 MiB, and finds that out before it makes the text', async () => {
    const before = 'e'.repeat(20_000);
    for (const [length, fresh] of [
      [20_000, 'x'.repeat(200_000)],
      // In letters it would fit, and in bytes it does not.
      [1000, '\u20ac'.repeat(1500)],
    ] as const) {
      const input = { old_string: 'e', new_string: fresh, replace_all: true };
      const result = await edited(before.slice(0, length), input);
      assert.deepEqual([result.isError, result.file], [true, before.slice(0, length)]);
      assert.match(result.content, /a\.ts would have over 4 MiB, the most that is written\. Nothing was written\./);
    }
    const doubled = { old_string: '\n', new_string: '\n'.repeat(200_000), replace_all: true };
    assert.equal((await edited('\r\n'.repeat(10), doubled)).file, '\r\n'.repeat(2_000_000));
    assert.equal((await edited('\r\n'.repeat(11), doubled)).isError, true, 'its line ends count twice');
  });

  it('that would make more text than any machine holds costs its call, and the work goes on', async () => {
    const workspace = makeWorkspace({ 'a.ts': 'e'.repeat(1_000_000) });
    await workspace.call(readFile, { path: 'a.ts' });
    const { signal: _signal, ...context } = workspace.context();
    const input = { path: 'a.ts', old_string: 'e', new_string: 'x'.repeat(200_000), replace_all: true };
    const client = writtenModel([{ calls: [{ name: 'edit_file', input }] }, { text: 'Done.' }]);
    const journal = new MemoryJournal();
    const result = await runLoop({ client, journal, tools: [editFile], context });
    assert.deepEqual(result, { kind: 'end_turn', text: 'Done.' });
    assert.match(journal.calls[0]?.result?.content ?? '', /would have over 4 MiB/);
    assert.equal(read(workspace, 'a.ts').length, 1_000_000);
  });

  it('finds LF text in a file whose lines end with CR LF, and keeps those', async () => {
    const result = await edited('one\r\ntwo\r\n', { old_string: 'one\ntwo', new_string: '1\n2\n3' });
    assert.equal(result.file, '1\r\n2\r\n3\r\n');
  });

  it('keeps mixed line ends as they are', async () => {
    const result = await edited('one\r\ntwo\nthree\n', { old_string: 'three', new_string: '3' });
    assert.equal(result.file, 'one\r\ntwo\n3\n');
  });

  it('edits what was read and edited before, and nothing unread', async () => {
    const workspace = makeWorkspace({ 'a.ts': text });
    const unread = await workspace.call(editFile, { path: 'a.ts', old_string: 'a', new_string: 'x' });
    assert.match(unread.content, /you have not read it/);
    await workspace.call(readFile, { path: 'a.ts' });
    for (const [old, fresh] of [
      ['a = 1', 'a = 2'],
      ['a = 2', 'a = 3'],
    ] as const) {
      assert.equal(
        (await workspace.call(editFile, { path: 'a.ts', old_string: old, new_string: fresh })).isError,
        false,
      );
    }
    assert.equal(read(workspace, 'a.ts'), 'const a = 3;\nconst b = 1;\n');
    const none = await workspace.call(editFile, { path: 'none.ts', old_string: 'a', new_string: 'x' });
    assert.match(none.content, /write_file makes one/);
  });
});

describe('two foci that change one file at once', () => {
  const OLD = 'one\ntwo\nthree\n';

  async function twoFoci(files: Record<string, string>) {
    const first = makeWorkspace(files);
    const foci = [first, first.anotherFocus()] as const;
    for (const focus of foci) for (const file of Object.keys(files)) await focus.call(readFile, { path: file });
    return foci;
  }

  it('[S10] never lose an edit: one is made, the other is told what changed, and can be made then', async () => {
    for (let round = 0; round < 20; round += 1) {
      const foci = await twoFoci({ 'a.txt': OLD });
      const edits = [
        { path: 'a.txt', old_string: 'one', new_string: 'ONE' },
        { path: 'a.txt', old_string: 'three', new_string: 'THREE' },
      ] as const;
      const results = await Promise.all([foci[0].call(editFile, edits[0]), foci[1].call(editFile, edits[1])]);
      const at = results.findIndex(({ isError }) => isError);
      const [loser, edit, told] = [foci[at], edits[at], results[at]];
      assert.ok(loser && edit && told && results.some(({ isError }) => !isError), 'one of the two was made');
      assert.match(told.content, /changed since you last read it.*Nothing was written.*This is what changed/s);
      assert.match(told.content, at === 0 ? /-three\n\+THREE\n/ : /-one\n\+ONE\n/);
      assert.equal((await loser.call(editFile, edit)).isError, false);
      assert.equal(read(loser, 'a.txt'), 'ONE\ntwo\nTHREE\n');
    }
  });

  it('make it once where neither was there before', async () => {
    const foci = await twoFoci({});
    const results = await Promise.all([
      foci[0].call(writeFile, { path: 'sub/a.txt', content: 'first\n' }),
      foci[1].call(writeFile, { path: 'sub/a.txt', content: 'second\n' }),
    ]);
    const at = results.findIndex(({ isError }) => isError);
    assert.deepEqual(results.filter(({ isError }) => isError).length, 1);
    assert.match(results[at]?.content ?? '', /is there already, and you have not read it/);
    assert.equal(read(foci[0], 'sub/a.txt'), at === 0 ? 'second\n' : 'first\n');
  });

  it('lose none where one of them comes to it through a link', async () => {
    const foci = await twoFoci({ 'sub/a.txt': OLD });
    symlinkSync('sub', path.join(foci[0].root, 'link'));
    const results = await Promise.all([
      foci[0].call(editFile, { path: 'sub/a.txt', old_string: 'one', new_string: 'ONE' }),
      foci[1].call(editFile, { path: 'link/a.txt', old_string: 'three', new_string: 'THREE' }),
    ]);
    assert.equal(results.filter(({ isError }) => isError).length, 1);
    const file = read(foci[0], 'sub/a.txt');
    assert.ok(file === OLD.replace('one', 'ONE') || file === OLD.replace('three', 'THREE'), file);
  });
});
