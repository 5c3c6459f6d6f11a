/** What becomes a hook, what does not, and what a person has to accept first. */
import assert from 'node:assert/strict';
import {
  chmodSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  realpathSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { readFolderContent } from '../../../src/host/engine/acceptance/folder-content.ts';
import type { HookEvent } from '../../../src/host/engine/engage/hooks.ts';
import { readFrontmatter } from '../../../src/host/engine/frontmatter/frontmatter.ts';
import { readAnswer } from '../../../src/host/engine/hooks/answer.ts';
import { grantTrust } from '../../../src/host/store/trust/trust.ts';
import { engineDatabase, OPENING_LIMIT_MS } from '../../support/engine-database.ts';
import { type Bench, openBench } from '../../support/engine-focus.ts';
import { askedAbout, hooksIn, NO_DATABASE, writeHook } from '../../support/engine-hooks.ts';

const never = new AbortController().signal;
const read = (text: string) => readFrontmatter(Buffer.from(text));
const answerTo = (event: HookEvent, output: string) => readAnswer({ event, id: 'q-1' }, output);

describe('frontmatter', () => {
  it('is YAML between two fences, then the body', () => {
    assert.deepEqual(read('---\na: 1\nb:\n  - x\n---\n\n# Body\n---\nmore\n'), {
      kind: 'read',
      data: { a: 1, b: ['x'] },
      body: '# Body\n---\nmore',
    });
    assert.deepEqual(read('\uFEFF---\r\na: 1\r\n---\r\nBody'), { kind: 'read', data: { a: 1 }, body: 'Body' });
    assert.deepEqual(read('---\n---'), { kind: 'read', data: {}, body: '' });
  });

  it('[S9] never runs JavaScript, by whatever name it is asked for', () => {
    const planted = globalThis as { planted?: boolean };
    for (const language of ['js', 'javascript', ' js', 'coffee', 'json', 'toml', 'yaml']) {
      const found = read(`---${language}\n(globalThis.planted = true, {name: "x"})\n---\n`);
      assert.equal(found.kind, 'unreadable', language);
    }
    assert.equal(planted.planted, undefined);
  });

  it('gives a broken file as broken every time, not as empty the second time', () => {
    const broken = '---\nname: [unclosed\n---\nBody';
    for (let time = 0; time < 3; time += 1) assert.equal(read(broken).kind, 'unreadable');
  });

  it('[S9] refuses what is not fenced, too large, no text, or hides a fence', () => {
    for (const text of [
      '',
      'a: 1',
      '---\na: 1\n',
      '---\na: 1\n----\nBody',
      '--- \na: |\n---x\n---\n',
      `---\na: 1\n---\n${'x'.repeat(300_000)}`,
    ]) {
      assert.equal(read(text).kind, 'unreadable', text.slice(0, 30));
    }
    assert.equal(readFrontmatter(Buffer.from([0x2d, 0x2d, 0x2d, 0x0a, 0xff, 0xfe])).kind, 'unreadable');
  });
});

describe('what a hook answers', () => {
  it('allows by saying nothing, blocks with a reason, modifies by a patch, also under allow', () => {
    assert.deepEqual(answerTo('BeforeToolCall', ' \n'), { kind: 'answer', answer: { kind: 'allow' } });
    const block = answerTo('BeforeLLMCall', '{"action":"block","reason":"late"}');
    assert.deepEqual(block, { kind: 'answer', answer: { kind: 'block', reason: 'late' } });
    for (const action of ['allow', 'modify']) {
      const said = answerTo('BeforeLLMCall', JSON.stringify({ action, patch: { system_prompt: 'Be brief.' } }));
      assert.deepEqual(said, { kind: 'answer', answer: { kind: 'modify', patch: { system: 'Be brief.' } } });
    }
    const messages = ['a', { content: 'b' }, { role: 'user', content: [{ type: 'text', text: 'c' }] }];
    const added = answerTo('BeforeLLMCall', JSON.stringify({ action: 'modify', patch: { messages } }));
    assert.deepEqual(added, { kind: 'answer', answer: { kind: 'modify', patch: { messages: ['a', 'b', 'c'] } } });
  });

  it('may name its question, and is garbage where it names another', () => {
    const naming = (id: unknown) => answerTo('BeforeToolCall', JSON.stringify({ id, action: 'allow' }));
    assert.deepEqual(naming('q-1'), { kind: 'answer', answer: { kind: 'allow' } });
    assert.deepEqual(naming('q-0'), { kind: 'garbage', reason: 'the id of another question' });
    assert.equal(naming(1).kind, 'garbage');
  });

  it('[F21] is garbage where a patch is of another event, of another type, or unknown', () => {
    const patches: [HookEvent, unknown][] = [
      ['BeforeToolCall', { system: 'x' }],
      ['BeforeToolCall', { tool_input: 'x' }],
      ['BeforeToolCall', {}],
      ['BeforeLLMCall', { temperature: 9 }],
      ['BeforeLLMCall', { model: 'no-provider' }],
      ['BeforeLLMCall', { messages: [{ role: 'assistant', content: 'x' }] }],
      ['AfterToolCall', { is_error: 'yes' }],
      ['AfterToolCall', { content: 'x'.repeat(1_000_001) }],
    ];
    for (const [event, patch] of patches) {
      const said = answerTo(event, JSON.stringify({ action: 'modify', patch }));
      assert.equal(said.kind, 'garbage', JSON.stringify(patch).slice(0, 60));
    }
    for (const text of [
      '[]',
      'null',
      '{"action":"perhaps"}',
      '{"action":"modify"}',
      '{"action":"allow"} {}',
      '{"a":1}',
    ]) {
      assert.equal(answerTo('BeforeToolCall', text).kind, 'garbage', text);
    }
    assert.equal(answerTo('AfterToolCall', '{"action":"block"}').kind, 'garbage');
  });
});

describe('hooks in their folders', function () {
  this.timeout(OPENING_LIMIT_MS);
  let home = '';
  let bench: Bench;

  before(engineDatabase);
  beforeEach(async () => {
    home = realpathSync(mkdtempSync(path.join(tmpdir(), 'animus-hooks-')));
    bench = await openBench();
  });
  afterEach(() => rmSync(home, { recursive: true, force: true }));

  const personal = () => path.join(home, 'hooks');
  const say = (answer: object) => `printf '%s' '${JSON.stringify(answer)}'`;

  it('[hook-1] are found, ordered by priority, then by name, and asked in that order', async () => {
    writeHook(personal(), 'b-late', { command: 'true', priority: 200 });
    writeHook(personal(), 'c-first', { command: 'true', priority: -1 });
    writeHook(personal(), 'a-late', { command: 'true', priority: 200 });
    writeHook(personal(), 'off', { command: 'exit 1', enabled: false });
    const { hooks, catalogue } = hooksIn(home);
    const { hooks: found, problems } = await catalogue.current(NO_DATABASE);
    assert.deepEqual(
      found.map(({ name }) => name),
      ['c-first', 'off', 'a-late', 'b-late'],
    );
    assert.deepEqual([problems, found[0]?.documentation], [[], 'What it is for.']);
    const verdict = await hooks.beforeTool(askedAbout('act'), never);
    assert.deepEqual(verdict.kind === 'pass' && verdict.runs.map(({ hook }) => hook), ['c-first', 'a-late', 'b-late']);
  });

  it('[hook-6] each sees what the one before left, on every event, and a block ends the row', async () => {
    const events = ['BeforeToolCall', 'AfterToolCall', 'BeforeLLMCall'];
    const chain = (name: string, mark: string) => {
      const script = `const asked = JSON.parse(require('fs').readFileSync(0, 'utf8'));
const patch = asked.event === 'BeforeToolCall' ? { tool_input: { text: asked.tool_input.text + '${mark}' } }
  : asked.event === 'AfterToolCall' ? { content: asked.result.content + '${mark}', is_error: true }
  : { system: asked.system + '${mark}', messages: ['${mark} of ' + asked.messages.length], tools_removed: [asked.tools[0].name] };
process.stdout.write(JSON.stringify({ action: 'modify', patch }));`;
      const folder = writeHook(personal(), name, { command: `"${process.execPath}" patch.cjs`, events });
      writeFileSync(path.join(folder, 'patch.cjs'), script);
    };
    chain('a', '1');
    chain('b', '2');
    const { hooks } = hooksIn(home);
    const asked = askedAbout('act', { text: 'x' });
    const verdict = await hooks.beforeTool(asked, never);
    assert.deepEqual(verdict.kind === 'pass' && verdict.input, { text: 'x12' });
    const after = await hooks.afterTool({ ...asked, result: { content: 'raw', isError: false }, durationMs: 5 }, never);
    assert.deepEqual(after.result, { content: 'raw12', isError: true });
    const tools = ['look', 'act'].map((name) => ({ name, description: '', inputSchema: {} }));
    const request = { model: 'm', system: [{ type: 'text' as const, text: 'S' }], messages: [], tools, maxTokens: 10 };
    const model = {
      turn: 1,
      model: 'written/m',
      request,
      purpose: 'answer' as const,
      messageRoom: 1000,
      isUsable: () => true,
    };
    assert.deepEqual(
      (await hooks.beforeModel(model, never)).map(({ patch }) => patch),
      [
        { system: 'S1', messages: ['1 of 0'], tools_removed: ['look'] },
        { system: 'S12', messages: ['2 of 1'], tools_removed: ['act'] },
      ],
    );
    writeHook(personal(), 'aa', { command: say({ action: 'block', reason: 'enough' }), events });
    const blocked = await hooksIn(home).hooks.beforeModel(model, never);
    assert.deepEqual(
      blocked.map(({ hook, outcome, reason }) => [hook, outcome, reason]),
      [
        ['a', 'modified', null],
        ['aa', 'blocked', 'Blocked by the hook aa: enough'],
      ],
    );
  });

  it('are told what a model call is for, and say it of their decision', async () => {
    const script = `
      const { purpose } = JSON.parse(require('node:fs').readFileSync(0, 'utf8'));
      console.log(JSON.stringify({ action: 'block', reason: purpose }));`;
    const folder = writeHook(personal(), 'a', { command: 'node say.cjs', events: ['BeforeLLMCall'] });
    writeFileSync(path.join(folder, 'say.cjs'), script);
    const { hooks } = hooksIn(home);
    const request = { model: 'm', system: [], messages: [], tools: [], maxTokens: 10 };
    for (const purpose of ['answer', 'summary'] as const) {
      const asked = { turn: 1, model: 'a/b', request, purpose, messageRoom: 1000, isUsable: () => true };
      const [run] = await hooks.beforeModel(asked, never);
      assert.deepEqual(
        [run?.reason, run?.purpose],
        [`Blocked by the hook a: ${purpose}`, purpose === 'summary' ? 'summary' : undefined],
      );
    }
  });

  it('[F21] messages that are over what a turn has room for are a failure, and those of the hooks before count', async () => {
    const adding = (characters: number) => say({ action: 'modify', patch: { messages: ['x'.repeat(characters)] } });
    const request = { model: 'm', system: [], messages: [], tools: [], maxTokens: 10 };
    const ask = (messageRoom: number) => {
      const asked = { turn: 1, model: 'a/b', request, purpose: 'answer' as const, messageRoom, isUsable: () => true };
      return hooksIn(home).hooks.beforeModel(asked, never);
    };
    writeHook(personal(), 'a', { command: adding(60), events: ['BeforeLLMCall'] });
    writeHook(personal(), 'b', { command: adding(50), events: ['BeforeLLMCall'] });
    assert.deepEqual(
      (await ask(110)).map(({ outcome }) => outcome),
      ['modified', 'modified'],
    );
    const [, over] = await ask(100);
    assert.equal(over?.outcome, 'blocked');
    assert.match(over?.reason ?? '', /its messages hold 50 characters, and 40 are left for hooks in this turn/);
    writeHook(personal(), 'b', { command: adding(50), events: ['BeforeLLMCall'], on_error: 'allow' });
    assert.deepEqual(
      (await ask(100)).map(({ outcome, patch }) => [outcome, patch === null]),
      [
        ['modified', false],
        ['marked', true],
      ],
    );
    const long = '{ action: "modify", patch: { messages: ["x".repeat(16_001)] } }';
    const command = `node -e 'console.log(JSON.stringify(${long}))'`;
    writeHook(personal(), 'a', { command, events: ['BeforeLLMCall'] });
    const [longer] = await ask(1_000_000);
    assert.match(longer?.reason ?? '', /expected string to have <=16000 characters/);
  });

  it('[F21] a patch that does not fit its tool, or a model that cannot be used, is a failure and blocks', async () => {
    writeHook(personal(), 'a', { command: say({ action: 'modify', patch: { tool_input: { text: 7 } } }) });
    const { hooks } = hooksIn(home);
    const verdict = await hooks.beforeTool(askedAbout('act', {}, { complaint: () => 'text is no text' }), never);
    assert.equal(
      verdict.kind === 'block' && verdict.reason,
      'Blocked by the hook a: its patch does not fit: text is no text',
    );
    writeHook(personal(), 'm', {
      command: say({ action: 'modify', patch: { model: 'no/such' } }),
      events: ['BeforeLLMCall'],
    });
    const request = { model: 'm', system: [], messages: [], tools: [], maxTokens: 10 };
    const [run] = await hooksIn(home).hooks.beforeModel(
      { turn: 1, model: 'a/b', request, purpose: 'answer', messageRoom: 1000, isUsable: () => false },
      never,
    );
    assert.deepEqual([run?.outcome, run?.patch], ['blocked', null]);
  });

  it('an input that is too large is an error and blocks: a guard that sees less than all is none', async () => {
    writeHook(personal(), 'a', { command: 'true' });
    const { hooks } = hooksIn(home);
    const verdict = await hooks.beforeTool(askedAbout('act', { text: 'x'.repeat(33 * 1024 * 1024) }), never);
    assert.match(verdict.kind === 'block' ? verdict.reason : '', /its input of \d+ bytes is larger than it may be/);
  });

  it('a file that gives no hook is a problem that names itself, and lets no model be called', async () => {
    const broken: [name: string, text: string, expected: RegExp][] = [
      ['no-fence', 'name: x', /does not begin with a line ---/],
      ['unknown-event', '---\nname: unknown-event\ndescription: x\nevents: [OnMoon]\ncommand: x\n---\n', /events/],
      [
        'unknown-key',
        '---\nname: unknown-key\ndescription: x\nevents: [AfterTurn]\ncommand: x\nsudo: 1\n---\n',
        /sudo/,
      ],
      [
        'other-name',
        '---\nname: another\ndescription: x\nevents: [AfterTurn]\ncommand: x\n---\n',
        /its name is another/,
      ],
    ];
    for (const [name, text] of broken) {
      mkdirSync(path.join(personal(), name), { recursive: true });
      writeFileSync(path.join(personal(), name, 'HOOK.md'), text);
    }
    mkdirSync(path.join(personal(), 'empty'));
    const { hooks, catalogue } = hooksIn(home);
    const { problems } = await catalogue.current(NO_DATABASE);
    assert.deepEqual(
      problems.map(({ name }) => name).toSorted(),
      [...broken.map(([name]) => name), 'empty'].toSorted(),
    );
    for (const [name, , expected] of broken)
      assert.match(problems.find((one) => one.name === name)?.message ?? '', expected);
    assert.equal(await hooks.matches('BeforeLLMCall', 'a/b'), true);
    const request = { model: 'm', system: [], messages: [], tools: [], maxTokens: 10 };
    const runs = await hooks.beforeModel(
      { turn: 1, model: 'a/b', request, purpose: 'answer', messageRoom: 1000, isUsable: () => true },
      never,
    );
    assert.ok(runs.length === 5 && runs.every(({ outcome }) => outcome === 'blocked'));
  });

  describe('of a workspace', () => {
    let workspace = '';
    const own = () => path.join(workspace, '.animus/hooks');
    const open = () => hooksIn(home, { db: bench.db, place: bench.place, workspace });
    const note = 'echo ran >> "$HOME/ran"';
    const ran = () =>
      existsSync(path.join(home, 'ran')) ? readFileSync(path.join(home, 'ran'), 'utf8').length / 4 : 0;

    beforeEach(() => {
      workspace = path.join(home, 'workspace');
      mkdirSync(workspace);
    });

    /** Writes a hook whose script notes that it ran, for `ask` to run. */
    function writeOwn(script = ''): string {
      const folder = writeHook(own(), 'guard', { command: `HOME='${home}' sh ./check.sh` });
      writeFileSync(path.join(folder, 'check.sh'), `${note}\n${script}`);
      return folder;
    }

    async function ask() {
      const { hooks } = open();
      return (await hooks.beforeTool(askedAbout('act'), never)).kind;
    }

    async function standing() {
      const { workspace: found } = await open().catalogue.current(bench.db);
      return found[0];
    }

    async function accept() {
      const hash = (await standing())?.hash ?? '';
      return open().catalogue.accept(bench.db, { name: 'guard', hash, by: 'cli' });
    }

    it('[S7] run only in a trusted folder, and only once a person accepted them', async () => {
      writeOwn();
      assert.deepEqual([await ask(), (await standing())?.state], ['none', 'untrusted']);
      await grantTrust(bench.db, bench.place, workspace, 'cli');
      assert.deepEqual([await ask(), (await standing())?.state, ran()], ['none', 'new', 0]);
      assert.equal(await accept(), true);
      assert.deepEqual([await ask(), (await standing())?.state, ran()], ['pass', 'accepted', 1]);
    });

    it('[S8] one that changes anywhere in its folder asks again, and what was accepted runs meanwhile', async () => {
      await grantTrust(bench.db, bench.place, workspace, 'cli');
      const folder = writeOwn();
      await accept();
      writeFileSync(path.join(folder, 'check.sh'), `echo evil > '${home}/evil'\n`);
      assert.deepEqual([await ask(), (await standing())?.state, ran()], ['pass', 'changed', 1]);
      assert.ok(!existsSync(path.join(home, 'evil')));
      await accept();
      assert.deepEqual([await ask(), existsSync(path.join(home, 'evil'))], ['pass', true]);
      chmodSync(path.join(folder, 'check.sh'), 0o755);
      assert.equal((await standing())?.state, 'changed');
      rmSync(folder, { recursive: true });
      assert.equal(await ask(), 'none');
    });

    it('[S8] is accepted as it was shown, or not at all', async () => {
      await grantTrust(bench.db, bench.place, workspace, 'cli');
      const folder = writeOwn();
      const hash = (await standing())?.hash ?? '';
      writeFileSync(path.join(folder, 'more.txt'), 'x');
      assert.equal(await open().catalogue.accept(bench.db, { name: 'guard', hash, by: 'cli' }), false);
      assert.equal((await standing())?.state, 'new');
    });

    it('[S8] a copy that was changed does not run, and lets no model and no tool be called', async () => {
      await grantTrust(bench.db, bench.place, workspace, 'cli');
      writeOwn();
      await accept();
      const { catalogue } = open();
      const [hook] = (await catalogue.current(bench.db)).hooks;
      assert.ok(hook);
      assert.ok(hook.folder.startsWith(path.join(home, 'accepted')));
      writeFileSync(path.join(hook.folder, 'check.sh'), 'exit 0');
      assert.equal(await ask(), 'block');
      assert.match((await open().catalogue.current(bench.db)).problems[0]?.message ?? '', /is gone, or is another one/);
    });

    it('what is not plain files cannot be accepted', async () => {
      const folder = writeOwn();
      symlinkSync('/etc/passwd', path.join(folder, 'link'));
      assert.deepEqual(readFolderContent(folder), {
        kind: 'unacceptable',
        reason: 'link is neither a file nor a folder',
      });
      await grantTrust(bench.db, bench.place, workspace, 'cli');
      assert.deepEqual([(await standing())?.hash, await accept()], [null, false]);
    });
  });
});
