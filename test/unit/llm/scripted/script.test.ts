import assert from 'node:assert/strict';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createScriptLoader, MAX_SCRIPT_BYTES } from '../../../../src/host/llm/scripted/load-script.ts';
import { parseScript } from '../../../../src/host/llm/scripted/script.ts';

describe('scripts', () => {
  it('are read from YAML and from JSON alike', () => {
    const yaml = parseScript('name: a\nturns:\n  - { text: hello, when: { turn: 1 } }\n', 'yaml', 'a.yaml');
    const json = parseScript('{"name":"a","turns":[{"text":"hello","when":{"turn":1}}]}', 'json', 'a.json');
    assert.equal(yaml.kind, 'script');
    assert.deepEqual(yaml, json);
  });

  const mistakes: { name: string; text: string; message: RegExp }[] = [
    { name: 'broken YAML', text: 'name: [', message: /^s\.yaml: not valid YAML: .*/ },
    { name: 'no script at all', text: '', message: /^s\.yaml: the script: .*expected object/ },
    { name: 'no turns', text: 'name: a\nturns: []', message: /^s\.yaml: turns: / },
    { name: 'an unknown member', text: 'name: a\nturns: [{ txt: b }]', message: /^s\.yaml: turns\[0\]: .*"txt"/ },
    {
      name: 'an unknown stop',
      text: 'name: a\nturns: [{ stop: soon }]',
      message: /^s\.yaml: turns\[0\]\.stop: .*expected one of/,
    },
    {
      name: 'a broken pattern',
      text: 'name: a\nturns: [{ capture: { x: { pattern: "(" } } }]',
      message: /turns\[0\]\.capture\.x\.pattern: expected a regular expression/,
    },
    {
      name: 'an empty condition',
      text: 'name: a\nturns: [{ when: {} }]',
      message: /turns\[0\]\.when: expected `turn`/,
    },
    {
      name: 'times without an error',
      text: 'name: a\nturns: [{ times: 2 }]',
      message: /turns\[0\]\.times: expected only beside/,
    },
    { name: 'code', text: 'name: !!js/function "a"\nturns: [{}]', message: /^s\.yaml: not valid YAML: / },
    {
      name: 'a bomb of aliases',
      text: `name: a\nturns: [{}]\nb0: &b0 [x, x, x, x, x, x, x, x, x, x]\n${Array.from({ length: 9 }, (_, at) => `b${at + 1}: &b${at + 1} [${Array(10).fill(`*b${at}`).join(', ')}]`).join('\n')}`,
      message: /^s\.yaml: it has over 100000 values/,
    },
    { name: 'a deep nest', text: '['.repeat(50_000), message: /^s\.yaml: not valid YAML/ },
  ];
  for (const { name, text, message } of mistakes) {
    it(`with ${name} are refused, and the place is named`, () => {
      const read = parseScript(text, 'yaml', 's.yaml');
      assert.equal(read.kind, 'invalid');
      assert.match(read.kind === 'invalid' ? read.message : '', message);
    });
  }
});

describe('the loading of scripts', () => {
  let folder = '';
  before(async () => {
    folder = await mkdtemp(join(tmpdir(), 'scripts-'));
    await writeFile(join(folder, 'greet.yaml'), 'name: greet\nturns: [{ text: hello }]\n');
    await writeFile(join(folder, 'greet.json'), '{"name":"greet","turns":[{"text":"hello"}]}');
    await writeFile(join(folder, 'large.yaml'), ' '.repeat(MAX_SCRIPT_BYTES + 1));
    await writeFile(join(folder, 'notes.txt'), 'name: notes');
  });
  after(() => rm(folder, { recursive: true, force: true }));

  it('finds one that ships by its name, and any by an absolute path', async () => {
    const load = createScriptLoader(folder);
    for (const name of ['greet', join(folder, 'greet.yaml'), join(folder, 'greet.json')]) {
      assert.equal((await load(name)).kind, 'script', name);
    }
  });

  it('refuses everything else, and says why', async () => {
    const load = createScriptLoader(folder);
    const refused: [name: string, message: RegExp][] = [
      ['absent', /There is no script named "absent"/],
      ['../greet', /names no script/],
      ['sub/greet', /names no script/],
      ['sub\\greet', /names no script/],
      ['..', /names no script/],
      ['', /names no script/],
      ['greet\0', /names no script/],
      [join(folder, 'absent.yaml'), /there is no such file/],
      [join(folder, 'notes.txt'), /a \.json or \.yaml file/],
      [join(folder, 'large.yaml'), /larger than 1048576 bytes/],
    ];
    for (const [name, message] of refused) {
      const loaded = await load(name);
      assert.match(loaded.kind === 'failed' ? loaded.message : 'loaded', message);
    }
  });

  it('refuses a folder that is named like a file', async () => {
    const loaded = await createScriptLoader(folder)(`${await mkdtemp(join(folder, 'x-'))}/../x.yaml/`);
    assert.equal(loaded.kind, 'failed');
  });
});
