import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { parseScript } from '../../src/host/llm/scripted/script.ts';
import { CliSandbox, commandLines } from '../support/cli-sandbox.ts';
import { startModelServer } from '../support/model-server.ts';
import { anthropicFormat } from '../support/model-server-anthropic.ts';

const KEY = 'sk-ant-planted-4f9d2c71b8e6a053';
const TOKEN = 'ghp_planted_7c1e5a9b3d2f8046';
/** Keys of providers that are not asked here: they are in the environment all the same. */
const OTHERS = Object.fromEntries(
  ['OPENAI', 'OPENROUTER', 'GROQ', 'DEEPSEEK', 'MISTRAL', 'GEMINI'].map((provider, at) => [
    `${provider}_API_KEY`,
    `sk-planted-${provider.toLowerCase()}-${at}f3a9c27`,
  ]),
);
const SECRETS = [KEY, TOKEN, ...Object.values(OTHERS)];

/** The secrets in every place a model, a file and a person can put them. */
const LEAKY = {
  name: 'leaky',
  pace: { chunk: 7 },
  turns: [
    {
      thinking: `Somebody left ${KEY} here, and ${SECRETS.join(', ')}.`,
      text: `The key is ${KEY}, I read. ${SECRETS.join(' ')}`,
      tool_calls: [
        { name: 'read_file', input: { path: '.env' } },
        { name: 'read_file', input: { path: `${TOKEN}.txt` } },
        { name: 'search_text', input: { pattern: 'planted' } },
        { name: 'ledger_append', input: { entry_type: 'finding', content: `Key ${KEY}`, data: { [TOKEN]: KEY } } },
        { name: KEY, input: { nothing: TOKEN } },
      ],
    },
    {
      tool_calls: [
        { name: 'report_outcome', input: { success: true, summary: `It is ${KEY}.`, data: { key: TOKEN } } },
      ],
    },
    { text: `${KEY} ${TOKEN}` },
  ],
};

describe('a planted secret', () => {
  it('[S15] is in no row, log, argument or error text', async () => {
    const parsed = parseScript(JSON.stringify(LEAKY), 'json', 'leaky');
    assert.equal(parsed.kind, 'script');
    const server = await startModelServer({ formats: [anthropicFormat], script: parsed.script });
    const env = {
      ANTHROPIC_API_KEY: KEY,
      GITHUB_TOKEN: TOKEN,
      ...OTHERS,
      ANIMUS_ANTHROPIC_BASE_URL: server.url,
      LOG_LEVEL: 'debug',
    };
    const sandbox = new CliSandbox(env);
    try {
      const lines = Object.entries({ ANTHROPIC_API_KEY: KEY, GITHUB_TOKEN: TOKEN, ...OTHERS });
      sandbox.write({ '.env': lines.map(([name, value]) => `${name}=${value}\n`).join('') });
      const submitted = await sandbox.json<{ id: string }>(['work', 'submit', '--trust', `use ${KEY} and ${TOKEN}`]);
      const shown = await sandbox.animus(['work', 'wait', submitted.id]);
      assert.equal(shown.code, 0, shown.stderr);
      assert.match(shown.stdout, /\[redacted:anthropic_key\]/, `the marker stands where the key was: ${shown.stdout}`);
      const running = await commandLines(sandbox.home);
      assert.ok(running.length > 0, 'the host is among the processes');
      const client = await sandbox.attach();
      const environment = readFileSync(`/proc/${sandbox.hostFile()?.pid}/environ`, 'utf8');
      const { foci } = await client.request('work/show', { id: submitted.id });
      const focus = await client.request('focus/read', { id: foci[0]?.id ?? '' });
      const refusal = await client
        .request('work/submit', {
          id: submitted.id.replace(/.$/, '0'),
          faculty: `${KEY}`,
          description: 'x',
          source: 'api',
        })
        .then(() => '', String);
      await client.close();
      const outputs = await Promise.all(
        [['work', 'show', submitted.id], ['ledger', 'show', submitted.id], ['work', 'list'], ['status']].map((args) =>
          sandbox.animus(args),
        ),
      );
      await sandbox.animus(['host', 'stop']);
      assert.match(JSON.stringify(focus), /\[redacted:/);
      assert.match(JSON.stringify(focus), /Somebody left \[redacted:/, 'what was thought is shown');
      // The provider refuses thinking that is not as it came, so what was changed must not go back.
      assert.ok(server.requests.length >= 3);
      assert.ok(server.requests.every(({ text }) => !text.includes('"thinking"')));
      const places: Record<string, string> = {
        'the focus': JSON.stringify(focus),
        arguments: running.join('\n'),
        'an error': refusal,
        output: JSON.stringify([shown, outputs]),
      };
      // The database's own files too: what was once written there stays.
      for (const { file, text } of sandbox.readTexts()) places[file] = text;
      for (const [place, text] of Object.entries(places)) {
        for (const secret of SECRETS) assert.ok(!text.includes(secret), `${secret} is in ${place}`);
      }
      assert.ok(!environment.includes(KEY), 'the key is not in the environment of the host');
    } finally {
      await sandbox.remove();
      await server.close();
    }
  }).timeout(60_000);
});
