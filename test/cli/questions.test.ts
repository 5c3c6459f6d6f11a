/** Work that asks people, from the terminal: a budget that is used up, an agent's question, and who may not answer. */
import assert from 'node:assert/strict';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { CliSandbox } from '../support/cli-sandbox.ts';

const note = (text: string) => ({
  tool_calls: [{ name: 'ledger_append', input: { entry_type: 'note', content: text } }],
});

/** Four turns, of which three note something. */
const diligent = {
  name: 'diligent',
  turns: [
    { when: { turn: 1 }, ...note('one') },
    { when: { turn: 2 }, ...note('two') },
    { when: { turn: 3 }, ...note('three') },
    { when: { turn: 4 }, text: 'All noted.' },
  ],
};

const curious = {
  name: 'curious',
  turns: [
    {
      when: { turn: 1 },
      tool_calls: [{ name: 'ask_user', input: { question: 'Which river?', choices: ['Elbe', 'Oder'] } }],
    },
    { when: { turn: 2 }, capture: { said: { pattern: '^A person answered:\\n(.*)$' } }, text: 'It is the {{said}}.' },
  ],
};

type Item = { id: string; state: string; outcome: { summary: string; error?: { kind: string } } | null };
type Asked = { questions: { id: string; short_id: string; kind: string; text: string; choices: string[] }[] };

describe('questions at the terminal', () => {
  let sandbox: CliSandbox;
  beforeEach(() => {
    sandbox = new CliSandbox();
  });
  afterEach(() => sandbox.remove());

  const submit = (script: object, ...more: string[]) =>
    sandbox.animus(['work', 'submit', '--trust', '--wait', ...more, 'Note it.'], {
      env: { ANIMUS_MODEL: sandbox.script(script) },
    });
  const asked = async () => (await sandbox.json<Asked>(['questions'])).questions;

  it('[eng-6] a run that comes upon max_turns is answered, and goes on to its end', async () => {
    const { code, stdout } = await submit(diligent, '--max-turns', '2');
    assert.equal(code, 4);
    assert.match(stdout, /A budget is reached \([0-9a-f]{8}\):\n +The limit of 2 turns is reached\. Shall it go on\?/);
    assert.match(
      stdout,
      / 1 {2}Raise the limit to 4 turns and go on\n +2 {2}Stop here\n +animus answer [0-9a-f]{8} --choice N/,
    );
    const [question] = await asked();
    assert.ok(question);
    const { stdout: listed } = await sandbox.animus(['questions']);
    assert.ok(listed.includes(`animus answer ${question.short_id}`));

    // What is asked outlives the host that asked.
    await sandbox.killHost();
    const wrong = await sandbox.animus(['answer', question.short_id, 'one', 'or', 'two']);
    assert.deepEqual([wrong.code, /"one or two" is no limit above 2 turns/.test(wrong.stderr)], [2, true]);
    const answered = await sandbox.animus(['answer', question.short_id, '--choice', '1']);
    assert.equal(answered.code, 0, answered.stderr);
    assert.match(answered.stdout, /^answered [0-9a-f]{8}: Raise the limit to 4 turns and go on\n {2}animus work wait /);
    const id = answered.stdout.trim().split(' ').at(-1) ?? '';
    const waited = await sandbox.json<{ item: Item; budget: { max_turns: number; spent_tokens: number } }>([
      'work',
      'wait',
      id,
    ]);
    assert.deepEqual([waited.code, waited.item.outcome?.summary], [0, 'All noted.']);
    assert.equal(waited.budget.max_turns, 4);
    assert.ok(waited.budget.spent_tokens > 0);
    assert.equal((await sandbox.animus(['answer', question.short_id, '--choice', '1'])).code, 0);
    assert.equal((await sandbox.animus(['answer', question.short_id, '--choice', '2'])).code, 2);
  }).timeout(90_000);

  it('asks what an agent asks, and takes an answer in words without an id where it is the only question', async () => {
    const { code, stdout } = await submit(curious);
    assert.equal(code, 4);
    assert.match(stdout, /The agent asks \([0-9a-f]{8}\):\n +Which river\?\n +1 {2}Elbe\n +2 {2}Oder/);
    assert.match((await sandbox.animus(['answer'])).stdout, /Which river\?/);
    assert.match((await sandbox.animus(['answer', '--choice', '3'])).stderr, /There is no such choice/);
    const { question } = await sandbox.json<{ question: { answer: string; work_item_id: string } }>([
      'answer',
      '--choice',
      '2',
    ]);
    assert.equal(question.answer, 'Oder');
    const waited = await sandbox.json<{ item: Item }>(['work', 'wait', question.work_item_id]);
    assert.equal(waited.item.outcome?.summary, 'It is the Oder.');
    assert.equal((await sandbox.animus(['questions'])).stdout, 'Nothing waits for an answer.\n');
    assert.match((await sandbox.animus(['answer', '--choice', '1'])).stderr, /Nothing waits for an answer/);
  }).timeout(90_000);

  it('ends as budget, and asks nobody, on a host without people', async () => {
    sandbox.env.ANIMUS_HEADLESS = '1';
    const { code, stdout } = await submit(diligent, '--max-turns', '2');
    assert.deepEqual([code, /budget: The limit of 2 turns is reached\./.test(stdout)], [1, true]);
    assert.deepEqual(await asked(), []);
  }).timeout(60_000);

  it('shows the question of a child where its parent can do nothing but wait', async () => {
    const { code, stdout } = await submit({
      name: 'a family',
      turns: [
        {
          when: { turn: 1, last_contains: 'ask for it' },
          tool_calls: [{ name: 'ask_user', input: { question: 'How many?' } }],
        },
        {
          when: { turn: 1 },
          tool_calls: [{ name: 'spawn_child_work', input: { faculty: 'general', description: 'ask for it' } }],
        },
        {
          when: { turn: 2 },
          capture: { id: { pattern: '^spawned (\\S+)$' } },
          tool_calls: [{ name: 'await_child_work', input: { ids: ['{{id}}'] } }],
        },
      ],
    });
    assert.equal(code, 4);
    assert.match(stdout, /waits for children[\s\S]*The agent asks \([0-9a-f]{8}\):\n +How many\?/);
  }).timeout(60_000);

  it("[S20] is refused to an agent's command", async () => {
    const said = path.join(sandbox.workspace, 'said.txt');
    await submit(curious);
    const [question] = await asked();
    mkdirSync(path.join(sandbox.home, 'faculties'), { recursive: true });
    const command = `${process.execPath} ${path.resolve('dist/animus.mjs')} --workspace ${sandbox.workspace} answer ${question?.short_id} Elbe > ${said} 2>&1; echo "code $?" >> ${said}`;
    writeFileSync(
      path.join(sandbox.home, 'faculties', 'sly.toml'),
      `[faculty]\nname = "sly"\ndescription = "x"\n[faculty.orient]\ncommand = '''HOME=${sandbox.home} ANIMUS_HOME=${sandbox.home} ${command}'''\n`,
    );
    await submit(diligent, '--faculty', 'sly');
    assert.match(readFileSync(said, 'utf8'), /may not answer a question\. Nothing was changed\.[\s\S]*code 5\n$/);
    assert.equal((await asked()).length, 1);
  }).timeout(60_000);

  it('[S18] says what is wrong with an answer', async () => {
    await submit(curious);
    for (const [args, expected] of [
      [['answer', 'xyz', 'Elbe'], /"xyz" is no id/],
      [['answer', 'deadbeef', 'Elbe'], /No question here, and no work that asks one, has the id deadbeef/],
      [['answer', 'deadbeef'], /The answer has no text/],
      [['answer', 'deadbeef', 'Elbe', '--choice', '1'], /Both a choice and a text/],
      [['work', 'submit', '--max-cost', 'much', 'x'], /expected an amount in dollars/],
      [['work', 'submit', '--max-tokens', '0', 'x'], /budget/],
    ] as const) {
      const { code, stderr } = await sandbox.animus([...args]);
      assert.deepEqual([code, expected.test(stderr)], [2, true], `${args.join(' ')}: ${stderr}`);
    }
    assert.equal((await asked()).length, 1);
  }).timeout(60_000);
});
