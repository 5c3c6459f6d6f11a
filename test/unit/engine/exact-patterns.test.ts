/** The pattern that a person is offered for more than one call: about all names of this very subject, and no other. */
import assert from 'node:assert/strict';
import { mkdirSync, symlinkSync } from 'node:fs';
import path from 'node:path';
import type { ToolSubject } from '../../../src/host/engine/engage/tool.ts';
import { exactPattern } from '../../../src/host/engine/permissions/exact-pattern.ts';
import { matchesPattern, type Subject } from '../../../src/host/engine/permissions/pattern.ts';
import { facultyRules, personRule, ruledTool, ruleOn } from '../../../src/host/engine/permissions/rules.ts';
import { resolveSubject } from '../../../src/host/engine/permissions/subject.ts';
import { writeFile } from '../../../src/host/engine/tools/write-file.ts';
import { makeWorkspace, removeWorkspaces, type Workspace } from '../tools/workspace.ts';

const command = (text: string): ToolSubject => ({ kind: 'command', text });
const file = (text: string): ToolSubject => ({ kind: 'path', text });
const address = (text: string): ToolSubject => ({ kind: 'url', text });

describe('the pattern for one call', () => {
  let workspace: Workspace;

  beforeEach(() => {
    workspace = makeWorkspace({ 'AGENTS.md': 'x', 'packages/core/a.ts': 'x', '.vscode/settings.json': '{}' });
    workspace.write(path.join(workspace.outside, 'o.txt'), 'x');
  });
  after(removeWorkspaces);

  const link = (target: string, name: string) => {
    mkdirSync(path.dirname(path.join(workspace.root, name)), { recursive: true });
    symlinkSync(target, path.join(workspace.root, name));
  };
  const resolved = (subject: ToolSubject) => resolveSubject(subject, workspace.root);

  function textOf(tool: string, subject: Subject | null, reach: 'all' | 'any' = 'all'): string {
    const exact = exactPattern(tool, subject, reach);
    assert.ok(exact.kind === 'pattern', JSON.stringify(exact));
    assert.ok(matchesPattern(exact.pattern, tool, subject, reach), exact.pattern.text);
    assert.ok(!matchesPattern(exact.pattern, 'other_tool', subject, reach), exact.pattern.text);
    return exact.pattern.text;
  }

  async function covers(text: string, subject: ToolSubject): Promise<boolean> {
    const [rule] = personRule({ decision: 'allow', pattern: text });
    assert.ok(rule);
    return matchesPattern(rule.pattern, 'write_file', await resolved(subject), 'all');
  }

  it('is about its very subject', async () => {
    for (const subject of [
      command('ls *.{a,b} [x] \\ "q"'),
      file('src/a*b[1].ts'),
      file('src/{a,b},c.ts'),
      file('README.md'),
      file('.'),
      file('/etc/x'),
      address('https://a.b/c'),
      address('HTTPS://A.b.:8443/c*d?e=[1]&f=(g)#h'),
      address("https://a.b/\u00fc {x}?q='\\{y}|^"),
      address('http://[2001:db8::1]:81/%7ex'),
    ]) {
      textOf('any_tool', await resolved(subject));
    }
    const readme = textOf('write_file', await resolved(file('README.md')));
    assert.ok(!(await covers(readme, file('docs/README.md'))));
    assert.equal(textOf('ask_anything', null), 'ask_anything');
  });

  it('of a path that goes through a link names where it leads as well, and nothing else', async () => {
    link('AGENTS.md', 'CLAUDE.md');
    link('../../packages/core', 'node_modules/@acme/core');
    link('..', 'packages/top');
    const claude = textOf('write_file', await resolved(file('CLAUDE.md')));
    assert.equal(claude, 'write_file(/{CLAUDE.md,AGENTS.md})');
    const core = textOf('write_file', await resolved(file('node_modules/@acme/core/a.ts')));
    assert.equal(core, 'write_file(/{node_modules/@acme/core/a.ts,packages/core/a.ts})');
    assert.ok(!(await covers(core, file('node_modules/@acme/core/b.ts'))));
    assert.equal(textOf('list_files', await resolved(file('packages/top'))), 'list_files(/{packages/top,})');
    // A link that leads elsewhere than the pattern says.
    workspace.write('other/a.ts', 'x');
    link('../other', 'packages/other');
    assert.ok(!(await covers('write_file(/{packages/other/a.ts,packages/core/a.ts})', file('packages/other/a.ts'))));
  });

  it('writes out every sign that means something in a pattern', async () => {
    for (const [at, name] of ['a,b', 'a{b,c}d', '{', '}', 'a}', ',', 'a\\', '\\,', '*', '[x]', 'a)(b', ' '].entries()) {
      workspace.write(`real/${name}`, 'x');
      link(path.join('..', 'real', name), `link/${at}${name}`);
      const linked = file(`link/${at}${name}`);
      const text = textOf('write_file', await resolved(linked));
      assert.ok(await covers(text, linked), text);
      assert.ok(await covers(text, file(`real/${name}`)), text);
      for (const other of ['b', 'acd', 'x', 'real', 'real/a', 'real/x', 'real/y', 'link/0a', 'c}']) {
        assert.ok(!(await covers(text, file(other))), `${text} of ${other}`);
      }
    }
  });

  it('is none where no pattern can be about all names, and says why; a refusal needs one name alone', async () => {
    link('../outside', 'out');
    const mixed = await resolved(file('out/o.txt'));
    const refused = exactPattern('read_file', mixed, 'all');
    assert.match(refused.kind === 'invalid' ? refused.reason : '', /leads out of the workspace.*both of its names/);
    assert.equal(textOf('read_file', mixed, 'any'), 'read_file(/out/o.txt)');
    symlinkSync('o.txt', path.join(workspace.outside, 'p.txt'));
    const both = textOf('read_file', await resolved(file('../outside/p.txt')));
    assert.match(both, /^read_file\(\/\/\{.*\/outside\/p\.txt,.*\/outside\/o\.txt\}\)$/);
    for (const [subject, why] of [
      [command('x'.repeat(3000)), /too long/],
      [address('no address'), /cannot be written/],
    ] as const) {
      const exact = exactPattern('web', await resolved(subject), 'all');
      assert.match(exact.kind === 'invalid' ? exact.reason : exact.pattern.text, why);
    }
  });

  it('[S5] opens what it names of guarded places, also through a link, and no pattern opens more than it names', async () => {
    link('AGENTS.md', 'CLAUDE.md');
    link('.vscode', 'config');
    const write = ruledTool(writeFile);
    const faculty = facultyRules({ allow: ['write_file'], ask: [], deny: [] }, 'faculty');
    const verdict = async (name: string, pattern: string) => {
      const rules = [...faculty, ...personRule({ decision: 'allow', pattern })];
      return ruleOn(rules, write, await resolved(file(name))).verdict;
    };
    for (const name of ['CLAUDE.md', 'AGENTS.md', 'config/settings.json', '.vscode/settings.json']) {
      assert.equal(await verdict(name, 'write_file(**)'), 'ask', name);
      assert.equal(await verdict(name, textOf('write_file', await resolved(file(name)))), 'allow', name);
    }
    const both = 'write_file({src/**,.vscode/a.json})';
    assert.equal(await verdict('.vscode/a.json', both), 'allow');
    assert.equal(await verdict('src/.vscode/tasks.json', both), 'ask');
  });
});
