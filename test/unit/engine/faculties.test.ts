import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { FacultyCatalogue } from '../../../src/host/engine/faculties/catalogue.ts';
import { loadFaculty } from '../../../src/host/engine/faculties/load.ts';

const BUNDLED = path.resolve(import.meta.dirname, '../../../faculties');

describe('faculties', () => {
  let root: string;
  let now = 0;

  beforeEach(() => {
    root = mkdtempSync(path.join(tmpdir(), 'animus-faculties-'));
    now = 0;
  });
  afterEach(() => rmSync(root, { recursive: true, force: true }));

  function write(file: string, text: string): string {
    const absolute = path.join(root, file);
    mkdirSync(path.dirname(absolute), { recursive: true });
    writeFileSync(absolute, text);
    return absolute;
  }

  const faculty = (name: string, more = '') => `[faculty]\nname = "${name}"\ndescription = "About ${name}."\n${more}`;

  const catalogue = () =>
    new FacultyCatalogue(
      {
        bundled: path.join(root, 'bundled'),
        personal: path.join(root, 'personal'),
        workspace: path.join(root, 'workspace'),
        accepted: path.join(root, 'accepted'),
      },
      () => now,
    );

  function problemOf(text: string): string {
    const loaded = loadFaculty(write('x.toml', text), 'personal');
    assert.ok('message' in loaded, 'it was taken');
    assert.ok(loaded.next !== '');
    return loaded.message.replaceAll(path.join(root, 'x.toml'), 'x.toml');
  }

  it('that ship are sound, and a default is among them', () => {
    const none = path.join(root, 'none');
    const { faculties, problems } = new FacultyCatalogue({
      bundled: BUNDLED,
      personal: none,
      workspace: none,
      accepted: none,
    }).list();
    assert.deepEqual(problems, []);
    assert.deepEqual(
      faculties.map(({ name }) => name),
      ['coder', 'general', 'researcher', 'reviewer'],
    );
    for (const { prompt, origin } of faculties) assert.ok(prompt.length > 200 && origin === 'bundled');
  });

  it('have defaults for what their file does not say', () => {
    const file = write('x.toml', faculty('plain'));
    assert.deepEqual(loadFaculty(file, 'personal'), {
      name: 'plain',
      description: 'About plain.',
      accepts: [],
      max_concurrent: null,
      max_attempts: 3,
      dedup: false,
      permissions: { allow: [], ask: [], deny: [] },
      mcp: { servers: {} },
      orient: { command: null, timeout: 60 },
      engage: {
        mode: 'builtin',
        command: null,
        idle_timeout: 1800,
        model: null,
        fallback_models: [],
        thinking: null,
        system_prompt: null,
        system_prompt_file: null,
        tools: ['*'],
        max_turns: 50,
        max_tokens: 8192,
        parallel_tool_execution: true,
        max_parallel_tools: 8,
        temperature: null,
        context_tokens: null,
        truncate_closed_blocks: true,
        fold_min_tokens: 2000,
        ledger_nudge_interval: 5,
        compact_threshold: 0.7,
        compact_keep_recent: 10,
      },
      budget: { max_tokens: null, max_cost_usd: null, max_duration: null },
      awareness: {
        enabled: true,
        lookback_hours: 24,
        max_running: 10,
        max_recent_completed: 20,
        max_recent_findings: 20,
        include_child_work: false,
        max_tokens: 1500,
        remarks: true,
      },
      consolidate: { command: null, verify: null, timeout: 60 },
      recover: { command: null, timeout: 60, backoff: 2 },
      origin: 'personal',
      file,
      prompt: '',
    });
  });

  it('say how many attempts there are at most in one of two places, and not in both', () => {
    const attemptsOf = (keys: string) => {
      const loaded = loadFaculty(write('x.toml', faculty('x', keys)), 'personal');
      return 'prompt' in loaded ? loaded.max_attempts : loaded.message;
    };
    assert.equal(attemptsOf('[faculty.recover]\nmax_attempts = 5'), 5);
    assert.equal(attemptsOf('max_attempts = 7\n[faculty.recover]\nbackoff = 1'), 7);
    assert.match(
      String(attemptsOf('max_attempts = 7\n[faculty.recover]\nmax_attempts = 5')),
      /x\.toml:6: faculty\.recover\.max_attempts: give it here or as max_attempts of \[faculty\], not both/,
    );
  });

  it('have a command for a loop of their own, and no other, where they say so', () => {
    const modeOf = (keys: string) => {
      const loaded = loadFaculty(write('x.toml', faculty('x', `[faculty.engage]\n${keys}`)), 'personal');
      return 'prompt' in loaded ? loaded.engage.mode : loaded.message;
    };
    assert.equal(modeOf('max_turns = 3'), 'builtin');
    assert.equal(modeOf('mode = "external"\ncommand = "node loop.mjs"'), 'external');
    assert.match(modeOf('mode = "external"'), /x\.toml:5: faculty\.engage\.mode: .* give both, or neither/);
    assert.match(modeOf('command = "node loop.mjs"'), /x\.toml:5: faculty\.engage\.command: .* give both, or neither/);
  });

  it('say file, line and key of what is wrong', () => {
    for (const [text, expected] of [
      [faculty('x', 'max_attempts = 0'), /^x\.toml:4: faculty\.max_attempts: Too small/],
      [
        faculty('x', '[faculty.engage]\nmax_turns = "many"'),
        /^x\.toml:5: faculty\.engage\.max_turns: .*expected number/,
      ],
      [faculty('x', 'engage = { max_turns = 1.5 }'), /^x\.toml:4: faculty\.engage\.max_turns: .*expected int/],
      [faculty('Bad Name'), /^x\.toml:2: faculty\.name: expected lower-case letters/],
      [faculty('x', 'accepts = ["ok", "NO"]'), /^x\.toml:4: faculty\.accepts\.1: expected lower-case/],
      [faculty('x', 'engage.tools = ["rm -rf"]'), /^x\.toml:4: faculty\.engage\.tools\.0: expected a tool name/],
      ['[faculty]\nname = "x"\n', /^x\.toml:1: faculty\.description: /],
      ['# nothing\n', /^x\.toml: faculty: /],
    ] as const) {
      assert.match(problemOf(text), expected);
    }
  });

  it('refuse values of awareness that are out of bounds, and take those at them', () => {
    for (const [key, least, most, beyond] of [
      ['lookback_hours', 0.01, 8760, [0, 8761]],
      ['max_running', 0, 100, [-1, 101]],
      ['max_recent_completed', 0, 100, [-1, 101]],
      ['max_recent_findings', 0, 100, [-1, 101]],
      ['max_tokens', 100, 20_000, [99, 20_001]],
    ] as const) {
      const text = (value: number) => faculty('x', `awareness.${key} = ${value}`);
      for (const value of [least, most]) assert.ok('prompt' in loadFaculty(write('x.toml', text(value)), 'personal'));
      for (const value of beyond) assert.match(problemOf(text(value)), new RegExp(`faculty\\.awareness\\.${key}: `));
    }
  });

  it('refuse keys that nobody reads, each by its line', () => {
    assert.match(problemOf(faculty('x', 'max_atempts = 3')), /^x\.toml:4: faculty\.max_atempts: there is no such key/);
    assert.match(problemOf(faculty('x', '[faculty.engag]\nmax_turns = 3')), /^x\.toml:4: faculty\.engag: /);
    assert.match(problemOf(faculty('x', '[faculty.engage]\nmode = "external"')), /^x\.toml:5: faculty\.engage\.mode: /);
    assert.match(problemOf(`${faculty('x')}\n[other]\na = 1`), /^x\.toml:5: other: /);
    const two = problemOf(faculty('x', 'first = 1\nsecond = 2')).split('\n');
    assert.equal(two.length, 2);
    assert.match(two[1] ?? '', /^x\.toml:5: faculty\.second: /);
  });

  it('find the line also below a prompt that looks like TOML', () => {
    const prompt = 'system_prompt = """\n[1] first\nmax_tokens = 7\n[faculty.recover]\n"""';
    const text = faculty('x', `[faculty.engage]\n${prompt}\nmax_tokens = 0`);
    assert.match(problemOf(text), /^x\.toml:10: faculty\.engage\.max_tokens: /);
  });

  it('say where a file is no TOML', () => {
    assert.match(problemOf('[faculty]\nname = "x\n'), /^x\.toml:2:\d+: not TOML: /);
    assert.match(problemOf('[faculty\n'), /^x\.toml:1:\d+: not TOML: /);
    assert.match(problemOf('\u0000'), /^x\.toml:1:\d+: not TOML: /);
  });

  it('are refused when they are huge, or are no file', () => {
    assert.match(problemOf(`# ${'x'.repeat(300_000)}`), /larger than 256 KiB/);
    mkdirSync(path.join(root, 'folder.toml'));
    const loaded = loadFaculty(path.join(root, 'folder.toml'), 'personal');
    assert.ok('message' in loaded && /folder\.toml: /.test(loaded.message));
  });

  it('take their prompt from the file beside them, or from their own text, and not from both', () => {
    write('prompts/long.md', '\nLook twice.\n\n');
    const fromFile = loadFaculty(
      write('a.toml', faculty('a', '[faculty.engage]\nsystem_prompt_file = "prompts/long.md"')),
      'personal',
    );
    assert.ok('prompt' in fromFile);
    assert.equal(fromFile.prompt, 'Look twice.');
    const both = faculty('x', '[faculty.engage]\nsystem_prompt_file = "prompts/long.md"\nsystem_prompt = "x"');
    assert.match(problemOf(both), /give system_prompt or system_prompt_file, not both/);
    const absent = faculty('x', '[faculty.engage]\nsystem_prompt_file = "absent.md"');
    assert.match(problemOf(absent), /ENOENT.*absent\.md/);
  });

  it('are found by name and by alias, a name before an alias', () => {
    write('bundled/one.toml', faculty('one', 'accepts = ["uno", "two"]'));
    write('bundled/two.toml', faculty('two'));
    const faculties = catalogue();
    const nameOf = (wanted: string) => {
      const found = faculties.find(wanted);
      return found.kind === 'found' ? found.faculty.name : found;
    };
    assert.equal(nameOf('uno'), 'one');
    assert.equal(nameOf('two'), 'two');
    assert.deepEqual(nameOf('three'), { kind: 'unknown' });
  });

  it('of the user win over bundled ones', () => {
    write('bundled/general.toml', faculty('general', 'max_attempts = 3'));
    write('personal/mine.toml', faculty('general', 'max_attempts = 7'));
    const { faculties, problems } = catalogue().list();
    assert.deepEqual(
      faculties.map(({ name, max_attempts, origin }) => [name, max_attempts, origin]),
      [['general', 7, 'personal']],
    );
    assert.deepEqual(problems, []);
  });

  it('that are broken hide no others, and are told from unknown ones', () => {
    write('bundled/good.toml', faculty('good'));
    write('personal/broken.toml', 'not toml');
    const faculties = catalogue();
    assert.deepEqual(
      faculties.list().faculties.map(({ name }) => name),
      ['good'],
    );
    const found = faculties.find('broken');
    assert.ok(found.kind === 'broken' && found.problem.file.endsWith('broken.toml'));
  });

  it('are read again when a file, or the prompt beside it, changes, comes or goes', () => {
    const faculties = catalogue();
    const list = () => {
      now += 1000;
      return faculties.list().faculties.map(({ name, max_attempts, prompt }) => [name, max_attempts, prompt]);
    };
    assert.deepEqual(list(), []);
    write('personal/p.md', 'one');
    const keys = (attempts: number) => `max_attempts = ${attempts}\n[faculty.engage]\nsystem_prompt_file = "p.md"`;
    const file = write('personal/a.toml', faculty('a', keys(2)));
    assert.deepEqual(list(), [['a', 2, 'one']]);
    write('personal/a.toml', faculty('a', keys(33)));
    assert.deepEqual(list(), [['a', 33, 'one']]);
    write('personal/p.md', 'another');
    assert.deepEqual(list(), [['a', 33, 'another']]);
    rmSync(file);
    assert.deepEqual(list(), []);
  });

  it('are looked at once for a burst of questions, and at once when a person asks', () => {
    const faculties = catalogue();
    faculties.list();
    write('personal/a.toml', faculty('a'));
    now += 100;
    assert.equal(faculties.list().faculties.length, 0);
    faculties.refresh();
    assert.equal(faculties.list().faculties.length, 1);
    write('personal/b.toml', faculty('b'));
    now += 1000;
    assert.equal(faculties.list().faculties.length, 2);
  });
});
