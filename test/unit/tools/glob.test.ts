import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import path from 'node:path';
import fc from 'fast-check';
import { isIgnored, parseIgnoreRules } from '../../../src/host/engine/tools/gitignore.ts';
import { compileGlob, compilePath } from '../../../src/host/engine/tools/glob.ts';
import { makeWorkspace, removeWorkspaces } from './workspace.ts';

function matches(glob: string, file: string): boolean {
  const compiled = compileGlob(glob);
  assert.equal(compiled.kind, 'glob');
  return compiled.kind === 'glob' && compiled.matches(file.split('/'));
}

describe('globs', () => {
  it('match as people expect', () => {
    const expected: [string, string[], string[]][] = [
      ['**/*', ['a', 'a/b', '.x/.y'], []],
      ['*.ts', ['a.ts', 'src/deep/a.ts', '.ts'], ['a.tsx', 'a.ts/b']],
      ['/*.ts', ['a.ts'], ['src/a.ts']],
      ['./src/*', ['src/a'], ['src/a/b', 'x/src/a']],
      ['src/**', ['src/a', 'src/a/b'], ['src', 'x/src/a']],
      ['src/**/*.ts', ['src/a.ts', 'src/a/b/c.ts'], ['a.ts']],
      ['**/test/**', ['test/a', 'a/test/b/c'], ['test', 'a/test']],
      ['a?c', ['abc', 'a😀c'], ['ac', 'abbc']],
      ['[a-c]x', ['ax', 'cx'], ['dx', '-x']],
      ['[!a-c]x', ['dx'], ['ax', 'x']],
      ['[]]x', [']x'], ['x']],
      ['[a', ['[a'], ['a']],
      ['*.{ts,tsx}', ['a.ts', 'b/a.tsx'], ['a.js']],
      ['{src,test/{unit,e2e}}/*.ts', ['src/a.ts', 'test/e2e/a.ts'], ['test/a.ts']],
      ['a{b}c', ['a{b}c'], ['abc']],
      ['a{b,c', ['a{b,c'], []],
      ['\\*', ['*'], ['a']],
      ['\\{a,b\\}', ['{a,b}'], ['a', 'b']],
    ];
    for (const [glob, yes, no] of expected) {
      for (const file of yes) assert.ok(matches(glob, file), `${glob} should match ${file}`);
      for (const file of no) assert.ok(!matches(glob, file), `${glob} should not match ${file}`);
    }
  });

  it('agree with the runtime’s own matcher', () => {
    const part = fc.stringMatching(/^[abc*?]{1,5}$/).map((text) => text.replaceAll(/\*+/g, '*'));
    const glob = fc.array(fc.oneof(part, fc.constant('**')), { minLength: 1, maxLength: 4 });
    const file = fc.array(fc.stringMatching(/^[abc]{1,4}$/), { minLength: 1, maxLength: 4 });
    fc.assert(
      fc.property(glob, file, (parts, names) => {
        // A closing `**` alone differs: here it stands for what is inside a folder.
        fc.pre(parts.at(-1) !== '**');
        const expected = path.posix.matchesGlob(names.join('/'), parts.join('/'));
        assert.equal(compilePath(parts.join('/'))(names), expected, `${parts.join('/')} on ${names.join('/')}`);
      }),
      { numRuns: 3000 },
    );
  });

  it('[F19] a hostile pattern ends', () => {
    const name = 'a'.repeat(255);
    assert.equal(matches(`${'*a'.repeat(120)}*b`, name), false);
    assert.equal(matches(`${'**/a*/'.repeat(60)}b`, Array(200).fill(name).join('/')), false);
    assert.equal(matches('{'.repeat(1000), name), false);
  });

  it('refuse too many alternatives', () => {
    assert.equal(compileGlob('{a,b}'.repeat(20)).kind, 'invalid');
  });
});

describe('.gitignore rules', () => {
  after(removeWorkspaces);

  const rules = [
    ...['# a comment', '*.log', '!keep.log', '/top.txt', 'build/', 'docs/*.tmp', '**/cache', 'deep/**/x.txt', 'all/**'],
    ...[
      '\\#sharp',
      '\\!bang',
      'space\\ ',
      'trailing   ',
      'a[0-9].txt',
      'b[!0-9].txt',
      '!important/',
      'q?.txt',
      '',
      '  ',
    ],
    ...['x*y*z', 'esc\\*aped', 'only/dir/', 'both'],
  ];
  const files = [
    ...[
      'a.log',
      'keep.log',
      'sub/keep.log',
      'sub/b.log',
      'top.txt',
      'sub/top.txt',
      'build/x',
      'sub/build/x',
      'x/build',
    ],
    ...[
      'docs/a.tmp',
      'docs/sub/a.tmp',
      'cache/a',
      'p/cache/b',
      'deep/x.txt',
      'deep/a/b/x.txt',
      'all/a/b',
      '#sharp',
      '!bang',
    ],
    ...[
      'space ',
      'trailing',
      'a1.txt',
      'ab.txt',
      'b1.txt',
      'bb.txt',
      'important/keep.log',
      'qq.txt',
      'xyz',
      'x1y2z',
      'xz',
    ],
    ...[
      'esc*aped',
      'escXaped',
      'only/dir/f',
      'sub/only/dir/f',
      'both',
      'sub/both/f',
      'nested/one.txt',
      'nested/two.txt',
    ],
    ...['nested/deep/one.txt', 'nested/a.log', 'nested/.hidden', 'ünï.txt', 'nested/ünï.txt'],
  ];
  const nested = ['one.txt', '!a.log', '/deep', '*ï.txt'];

  it('decide as git does', () => {
    const contents = Object.fromEntries(files.map((file) => [file, '']));
    const ignoreFiles = { '.gitignore': rules.join('\r\n'), 'nested/.gitignore': `${nested.join('\n')}\n` };
    const { root } = makeWorkspace({ ...contents, ...ignoreFiles });
    execFileSync('git', ['init', '--quiet', root]);
    const git = ['-C', root, '-c', 'core.quotePath=false', '-c', 'core.excludesFile=', 'ls-files', '-z', '--others'];
    const listed = execFileSync('git', [...git, '--exclude-standard'], { encoding: 'utf8' });
    const expected = listed.split('\0').filter((file) => file !== '' && !file.endsWith('.gitignore'));
    assert.ok(expected.length > 10 && expected.length < files.length - 10, `${expected.length}`);
    assert.deepEqual(files.filter((file) => !ignored(file)).sort(), expected.sort());
  });

  const stack = [
    { depth: 0, rules: parseIgnoreRules(`\ufeff${rules.join('\r\n')}`) },
    { depth: 1, rules: parseIgnoreRules(nested.join('\n')) },
  ];

  /** Asks for each folder on the way first, as a walk does. */
  function ignored(file: string): boolean {
    const segments = file.split('/');
    const held = segments[0] === 'nested' ? stack : stack.slice(0, 1);
    return segments.some((_, at) => {
      const reached = segments.slice(0, at + 1);
      return isIgnored(at === 0 ? stack.slice(0, 1) : held, reached, reached.length < segments.length);
    });
  }
});
