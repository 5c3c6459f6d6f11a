import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, realpathSync, rmSync, symlinkSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import type { Tool, ToolSubject } from '../../../src/host/engine/engage/tool.ts';
import { matchesText } from '../../../src/host/engine/permissions/match-text.ts';
import { matchesPattern, parsePattern } from '../../../src/host/engine/permissions/pattern.ts';
import { questionHash } from '../../../src/host/engine/permissions/question.ts';
import { type Rule, ruledTool, ruleOn, type Verdict } from '../../../src/host/engine/permissions/rules.ts';
import { resolveSubject } from '../../../src/host/engine/permissions/subject.ts';
import { createWebFetch } from '../../../src/host/engine/tools/web-fetch.ts';
import { storeTool, waitingTool, worldTool } from '../../support/engine-loop.ts';

function pattern(text: string) {
  const parsed = parsePattern(text);
  assert.ok(parsed.kind === 'pattern', text);
  return parsed.pattern;
}

const command = (text: string): ToolSubject => ({ kind: 'command', text });
const file = (text: string): ToolSubject => ({ kind: 'path', text });
const address = (text: string): ToolSubject => ({ kind: 'url', text });

describe('permission patterns', () => {
  let workspace = '';

  before(() => {
    workspace = realpathSync(mkdtempSync(path.join(tmpdir(), 'animus-permissions-')));
    mkdirSync(path.join(workspace, 'src'));
    mkdirSync(path.join(workspace, 'secret'));
    symlinkSync(path.join(workspace, 'secret'), path.join(workspace, 'src/link'));
    symlinkSync(tmpdir(), path.join(workspace, 'src/out'));
  });
  after(() => rmSync(workspace, { recursive: true, force: true }));

  async function about(text: string, tool: string, subject: ToolSubject | undefined, reach: 'all' | 'any' = 'all') {
    return matchesPattern(pattern(text), tool, await resolveSubject(subject, workspace), reach);
  }

  async function ruling(tool: Tool, subject: ToolSubject | undefined, ...lines: [Verdict, string, Rule['from']?][]) {
    const rules = lines.map(([verdict, text, from = 'faculty']): Rule => ({ verdict, pattern: pattern(text), from }));
    return ruleOn(rules, ruledTool(tool), await resolveSubject(subject, workspace)).verdict;
  }

  it('are a tool, or a tool with an argument', () => {
    for (const text of [
      'write_file',
      'mcp__git__*',
      '*',
      'run_command(git status)',
      'write_file(src/**)',
      'x(a(b)c)',
    ]) {
      assert.equal(parsePattern(text).kind, 'pattern', text);
    }
    for (const text of ['', 'write file', 'write_file(', 'write_file()', '(x)', 'a)b(', `x(${'a'.repeat(2000)})`]) {
      assert.equal(parsePattern(text).kind, 'invalid', text);
    }
  });

  it('for addresses have no sign in the place of a host that could never be one', () => {
    for (const text of ['web_fetch(example.com?x=*)', 'web_*(https://example.com#x)', '*(https://u@example.com/)']) {
      const parsed = parsePattern(text);
      assert.match(parsed.kind === 'invalid' ? parsed.reason : text, /: no host has a [?#@] in it: /);
    }
    for (const text of [
      'web_fetch(example.com/?x=*@#)',
      'write_file(src/a?.ts)',
      'run_command(mail a@b.c?)',
      'x(a#b)',
    ]) {
      assert.equal(parsePattern(text).kind, 'pattern', text);
    }
  });

  it('take any text for a star, in a time that hostile ones cannot stretch', () => {
    assert.ok(matchesText('git diff *', 'git diff HEAD~1') && matchesText('git diff *', 'git diff'));
    assert.ok(!matchesText('git diff *', 'git difftool') && !matchesText('git', 'git status'));
    assert.ok(matchesText('a\\*b', 'a*b') && !matchesText('a\\*b', 'axb'));
    assert.ok(matchesText('**', '') && matchesText('a?c', 'abc') && !matchesText('a?c', 'ac'));
    assert.ok(!matchesText(`${'*a'.repeat(500)}b`, 'a'.repeat(20_000)));
  });

  it('allow a command only as a whole: nothing is chained, redirected or put into it', async () => {
    const allowed = 'run_command(git *)';
    assert.ok(await about(allowed, 'run_command', command('git log --oneline')));
    const smuggled = [
      'git log; rm -rf x',
      'git log && rm x',
      'git log | sh',
      'git log > x',
      'git log $(rm x)',
      'git log `rm x`',
    ];
    for (const text of [...smuggled, 'git log\nrm x', 'git log & rm x', 'rm x; git log']) {
      assert.ok(!(await about(allowed, 'run_command', command(text))), text);
    }
    assert.ok(await about('run_command(make && make test)', 'run_command', command('make && make test')));
  });

  it('find what is refused or asked about in every part of a command', async () => {
    for (const text of [
      'rm -rf x',
      'ls; rm -rf x',
      'ls && A=1 sudo rm -rf x',
      'ls | xargs; rm  -rf   x',
      'echo $(rm -rf x)',
    ]) {
      assert.ok(await about('run_command(rm *)', 'run_command', command(text), 'any'), text);
    }
    assert.ok(!(await about('run_command(rm *)', 'run_command', command('git rm-notes'), 'any')));
  });

  it('follow paths to where they lead: allowed under all names, refused under any', async () => {
    assert.ok(await about('write_file(src/**)', 'write_file', file('src/a.ts')));
    assert.ok(await about('write_file(src/**)', 'write_file', file('./src/../src/new/b.ts')));
    assert.ok(await about('write_file(*.md)', 'write_file', file('docs/deep/x.md')));
    assert.ok(!(await about('write_file(src/**)', 'write_file', file('src/link/key'))));
    assert.ok(await about('write_file(secret/**)', 'write_file', file('src/link/key'), 'any'));
    assert.ok(!(await about('write_file(**)', 'write_file', file('src/out/x'))));
    assert.ok(!(await about('write_file(**)', 'write_file', file('../x'))));
    assert.ok(await about('write_file(//etc/**)', 'write_file', file('/etc/motd')));
    assert.ok(!(await about('write_file(/etc/**)', 'write_file', file('/etc/motd'))));
  });

  it('of all that lies in a folder refuse the folder too, and allow no more than they say', async () => {
    const covers = async (text: string, name: string) => [
      await about(`list_files(${text})`, 'list_files', file(name)),
      await about(`list_files(${text})`, 'list_files', file(name), 'any'),
    ];
    const table: [pattern: string, path: string, refuses: boolean][] = [
      ['secret/**', 'secret', true],
      ['secret/**', './src/../secret/', true],
      ['secret/**', 'src/link', true],
      ['/secret/**/**', 'secret', true],
      ['{src,secret}/**', 'secret', true],
      ['**/secret/**', 'src/secret', true],
      ['**', '.', true],
      ['secret/**', '.', false],
      ['secret/**', 'src/secret', false],
      ['secret/**', 'secrets', false],
      ['secret/*', 'secret', false],
      ['secret/**/x', 'secret', false],
    ];
    for (const [text, name, refuses] of table) {
      assert.deepEqual(await covers(text, name), [false, refuses], `${text} of ${name}`);
    }
    assert.ok(await about('list_files(//etc/**)', 'list_files', file('/etc'), 'any'));
  });

  it('name addresses by host, or whole', async () => {
    assert.ok(await about('web_fetch(*.example.com)', 'web_fetch', address('https://docs.example.com/a?b')));
    assert.ok(!(await about('web_fetch(example.com)', 'web_fetch', address('https://example.com.evil.net/'))));
    assert.ok(!(await about('web_fetch(example.com)', 'web_fetch', address('https://example.com@evil.net/'))));
    assert.ok(await about('web_fetch(https://example.com/*)', 'web_fetch', address('https://example.com/x')));
    assert.ok(!(await about('web_fetch(*)', 'web_fetch', address('no address'))));
  });

  it('compare an address part by part, so that no part passes for another', async () => {
    const table: [pattern: string, address: string, allows: boolean, refuses?: boolean][] = [
      ['example.com', 'http://example.com/', true],
      ['Example.COM', 'https://EXAMPLE.com./x', true],
      ['example.com', 'https://example.com:8443/', false, true],
      ['example.com', 'http://example.com:22/', false, true],
      ['docs.corp:8443', 'https://docs.corp:8443/x', true],
      ['docs.corp:8443', 'https://docs.corp/x', false],
      ['docs.corp:443', 'https://docs.corp/x', true],
      ['docs.corp:*', 'http://docs.corp:9/x', true],
      ['*.example.com', 'https://example.com/', false],
      ['*.example.com', 'https://evil.net/.example.com', false],
      ['b\u00fccher.example', 'https://b\u00fccher.example/', true],
      ['\\[2001:db8::1\\]', 'http://[2001:DB8:0::1]/', true],
      ['https://example.com', 'https://example.com/any?thing', true],
      ['https://example.com', 'http://example.com/', false],
      ['https://example.com', 'https://example.com:8443/', false, true],
      ['https://example.com:8443', 'https://example.com:8443/', true],
      ['*://example.com/docs/*', 'http://example.com/docs/a/b', true],
      ['https://*.example.com/*', 'https://evil.net/?.example.com/', false],
      ['https://*.example.com/*', 'https://evil.net/x.example.com/', false],
      ['https://*.example.com/*', 'https://evil.net#.example.com/', false],
      ['https://*example.com/*', 'https://a.example.com/x', true],
      ['https://example.com/docs/*', 'https://example.com/docs/../secret', false],
      ['https://example.com/docs/*', 'https://example.com/docs/%2e%2e/secret', false],
      ['https://example.com/secret', 'https://example.com/%73ecret#x', true],
      ['https://example.com/%7euser/*', 'https://example.com/~user/x', true],
      ['https://example.com/a%2fb', 'https://example.com/a/b', false],
      ['https://example.com/get?id=1', 'https://example.com/getXid=1', false],
      ['https://example.com/get?id=*', 'https://example.com/get?id=1', true],
      ['https://example.com/get\\?id=1', 'https://example.com/get?id=1', true],
      ['https://example.com/\u00fc', 'https://example.com/\u00fc', true],
      ['https://example.com/\u00fc', 'https://example.com/%c3%bc', true],
      ['https://example.com/%C3%BC', 'https://example.com/\u00fc', true],
      ['example.com/a b/*', 'https://example.com/a%20b/c', true],
      ['example.com/{a}|^`<\u{1f600}', 'https://example.com/{a}|^`<\u{1f600}', true],
      ["example.com/?q='a'{b}", "https://example.com/?q='a'{b}", true],
      ['https://example.com/a#b', 'https://example.com/a', true],
      ['https://example.com/*', 'https://user@evil.net/example.com/', false],
    ];
    for (const [text, asked, allows, refuses = allows] of table) {
      const found = await Promise.all(
        (['all', 'any'] as const).map((reach) => about(`web_fetch(${text})`, 'web_fetch', address(asked), reach)),
      );
      assert.deepEqual(found, [allows, refuses], `${text} of ${asked}`);
    }
  });

  it('allow what only reads and our own rows, and ask about the rest', async () => {
    const effects = ['read', 'write', 'exclusive'] as const;
    const [read, write, exclusive] = effects.map((effect) => worldTool({ name: effect, effect }));
    assert.ok(read && write && exclusive);
    const waits = waitingTool('wait', () => ({ kind: 'ready' }));
    const verdicts = await Promise.all(
      [read, storeTool('keep'), waits, write, exclusive].map((tool) => ruling(tool, undefined)),
    );
    assert.deepEqual(verdicts, ['allow', 'allow', 'allow', 'ask', 'ask']);
    assert.equal(await ruling({ ...read, permission: 'ask' }, undefined), 'ask');
    assert.equal(await ruling({ ...write, permission: 'allow' }, undefined), 'allow');
  });

  it('ask about the web although it reads, unless a rule names the host', async () => {
    const web = createWebFetch({ reach: { allowPrivate: ['localhost'] }, userAgent: 'Animus/test' });
    const docs = address('https://docs.example.com/guide');
    assert.deepEqual([web.kind === 'world' && web.effect, await ruling(web, docs)], ['read', 'ask']);
    // What a person made reachable is not allowed by that.
    assert.equal(await ruling(web, address('http://localhost/')), 'ask');
    assert.equal(await ruling(web, docs, ['allow', 'web_fetch(*.example.com)']), 'allow');
    assert.equal(await ruling(web, docs, ['allow', 'web_fetch(example.com)']), 'ask');
    assert.equal(await ruling(web, docs, ['allow', 'web_fetch'], ['deny', 'web_fetch(docs.example.com)']), 'deny');
  });

  it('the most specific one counts; of equals a refusal, then what a person said, then a question', async () => {
    const run = worldTool({ name: 'run_command', effect: 'exclusive' });
    const status = command('git status');
    assert.equal(await ruling(run, status, ['deny', 'run_command'], ['allow', 'run_command(git *)']), 'allow');
    assert.equal(await ruling(run, status, ['allow', 'run_command'], ['deny', 'run_command(git *)']), 'deny');
    assert.equal(await ruling(run, status, ['allow', 'run_command(git s*)'], ['deny', 'run_command(git *)']), 'allow');
    assert.equal(await ruling(run, status, ['allow', '*'], ['ask', 'run_*']), 'ask');
    assert.equal(await ruling(run, status, ['ask', 'run_command'], ['allow', 'run_command', 'person']), 'allow');
    assert.equal(await ruling(run, status, ['deny', 'run_command'], ['allow', 'run_command', 'person']), 'deny');
    assert.equal(await ruling(run, status, ['allow', 'run_command'], ['deny', 'run_command', 'person']), 'deny');
    assert.equal(await ruling(run, status, ['allow', 'run_command'], ['ask', 'run_command']), 'ask');
  });

  it('in braces a path says no more than the longest that stands there, and a command all that it is', async () => {
    const write = worldTool({ name: 'write_file', effect: 'write' });
    const folders: [Verdict, string] = ['allow', 'write_file({source,tests,documents}/**)'];
    assert.equal(await ruling(write, file('source/key/a'), folders, ['deny', 'write_file(source/key/**)']), 'deny');
    const linked: [Verdict, string, Rule['from']] = ['allow', 'write_file(/{src/link/a,secret/a})', 'person'];
    assert.equal(await ruling(write, file('src/link/a'), ['ask', 'write_file(src/link/*)'], linked), 'allow');
    assert.equal(await ruling(write, file('src/link/a'), linked, ['deny', 'write_file(/src/link/a)']), 'deny');
    const run = worldTool({ name: 'run_command', effect: 'exclusive' });
    const removal: [Verdict, string] = ['deny', 'run_command(rm {aaa,b})'];
    assert.equal(await ruling(run, command('rm {aaa,b}'), removal, ['allow', 'run_command(rm {aaa*)']), 'deny');
  });

  it('a faculty that came with the workspace allows nothing that a person refused, however specific it is', async () => {
    const run = worldTool({ name: 'run_command', effect: 'exclusive' });
    const push = command('git push origin main');
    const refused: [Verdict, string, Rule['from']] = ['deny', 'run_command(git push *)', 'person'];
    const specific = 'run_command(git push origin main)';
    assert.equal(await ruling(run, push, refused, ['allow', specific, 'faculty']), 'allow');
    assert.equal(await ruling(run, push, refused, ['allow', specific, 'workspace']), 'deny');
    assert.equal(await ruling(run, push, ['allow', specific, 'workspace']), 'allow');
    assert.equal(await ruling(run, command('git status'), refused, ['allow', 'run_command', 'workspace']), 'allow');
    assert.equal(
      await ruling(run, push, ['allow', 'run_command', 'person'], ['deny', specific, 'workspace']),
      'deny',
      'what it refuses holds',
    );
  });

  it('outside of the workspace all is refused, reading too, unless a path there is named', async () => {
    const read = worldTool({ name: 'read_file' });
    assert.equal(await ruling(read, file('/etc/passwd')), 'deny');
    assert.equal(await ruling(read, file('src/out/x'), ['allow', 'read_file'], ['allow', 'read_file(**)']), 'deny');
    assert.equal(await ruling(read, file('/etc/motd'), ['allow', 'read_file(//etc/*)']), 'allow');
    assert.equal(await ruling(read, file('src/a'), ['deny', 'read_file(//etc/*)']), 'allow');
  });

  it('[S5] folders that make others run something ask, whatever else is allowed, also where they are not there yet', async () => {
    const write = worldTool({ name: 'write_file', effect: 'write' });
    const all: [Verdict, string][] = [
      ['allow', 'write_file'],
      ['allow', 'write_file(**)'],
    ];
    for (const name of [
      ...['.git/hooks/pre-commit', '.vscode/tasks.json', 'sub/.GIT/config'],
      ...['.animus/hooks/x/HOOK.md', '.animus/faculties/coder.toml', '.animus/faculties/bin/verify.sh'],
    ]) {
      assert.equal(await ruling(write, file(name), ...all), 'ask', name);
    }
    assert.equal(await ruling(write, file('.vscode/a.json'), ...all, ['allow', 'write_file(.vscode/*.json)']), 'allow');
    assert.equal(await ruling(write, file('src/a.ts'), ...all), 'allow');
    assert.equal(await ruling(worldTool({ name: 'read_file' }), file('.git/config')), 'allow');
  });

  it('hashes arguments by what they say, not by the order of their keys', () => {
    assert.equal(
      questionHash('t', { a: 1, b: { c: [1, 2], d: null } }),
      questionHash('t', { b: { d: null, c: [1, 2] }, a: 1 }),
    );
    assert.notEqual(questionHash('t', { a: [1, 2] }), questionHash('t', { a: [2, 1] }));
    assert.notEqual(questionHash('t', { a: 1 }), questionHash('u', { a: 1 }));
  });

  it('hashes where a path leads with the arguments, and nothing more of what else a call may be about', async () => {
    const input = { path: 'src/link/key' };
    const subject = await resolveSubject(file('src/link/key'), workspace);
    const plain = await resolveSubject(file('src/new/key'), workspace);
    const hashes = [questionHash('t', input), questionHash('t', input, subject), questionHash('t', input, plain)];
    assert.equal(new Set(hashes).size, 3);
    assert.equal(questionHash('t', input, subject), questionHash('t', input, structuredClone(subject)));
    assert.equal(questionHash('t', input, command('ls') as never), questionHash('t', input));
  });
});
