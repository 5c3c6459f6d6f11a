import assert from 'node:assert/strict';
import { changedFiles } from '../../../src/host/api/changed-files.ts';

describe('what differs between two contents of a folder', () => {
  const file = (name: string, text: string | Buffer, isExecutable = false) => {
    return { name, bytes: Buffer.from(text), isExecutable };
  };

  it('is what came, went and changed, with the lines, and nothing of what is the same', async () => {
    const before = [file('a.sh', 'one\ntwo\n'), file('gone.sh', 'x\n'), file('same.sh', 'same\n')];
    const now = [file('a.sh', 'one\n2\n'), file('same.sh', 'same\n'), file('sub/new.sh', 'new\ner')];
    const changes = await changedFiles(before, now);
    assert.deepEqual(
      changes.map(({ file, kind }) => [file, kind]),
      [
        ['a.sh', 'changed'],
        ['gone.sh', 'removed'],
        ['sub/new.sh', 'added'],
      ],
    );
    const [changed, removed, added] = changes.map(({ diff }) => diff);
    assert.match(changed ?? '', / one\n-two\n\+2\n/);
    assert.deepEqual([removed, added], ['-x\n', '+new\n+er']);
  });

  it('names the files alone where nothing was accepted before', async () => {
    assert.deepEqual(await changedFiles(undefined, [file('a.sh', 'x\n')]), [{ file: 'a.sh', kind: 'added', diff: '' }]);
    assert.deepEqual(await changedFiles([], []), []);
  });

  it('tells that a file can be run now, or cannot any more', async () => {
    const [plain, program] = [file('a.sh', 'x\n'), file('a.sh', 'x\n', true)];
    assert.equal((await changedFiles([plain], [program]))[0]?.diff, '[now a program]\n');
    assert.equal((await changedFiles([program], [plain]))[0]?.diff, '[no program any more]\n');
  });

  it('compares no more than a person reads, and says so', async () => {
    const binary = await changedFiles([file('a', Buffer.from([0, 1]))], [file('a', 'text')]);
    assert.match(binary[0]?.diff ?? '', /^\[not a text/);
    const long = 'x\n'.repeat(150_000);
    assert.match((await changedFiles([file('a', '')], [file('a', long)]))[0]?.diff ?? '', /^\[not a text, or too long/);

    const many = (line: string) => {
      const text = `${line}\n`.repeat(4000);
      return Array.from({ length: 40 }, (_, at) => file(`f${at}`, text));
    };
    const changes = await changedFiles(many('before'.repeat(4)), many('afterwards'.repeat(3)));
    assert.equal(changes.length, 40);
    assert.ok(changes.some(({ diff }) => diff === '[everything changed: 4000 lines became 4000]\n'));
    assert.ok(changes.some(({ diff }) => diff === '[too much to be compared]\n'));
    const all = changes.reduce((sum, { diff }) => sum + diff.length, 0);
    assert.ok(all < 2 * 1024 * 1024, `${all} characters`);
  });
});
