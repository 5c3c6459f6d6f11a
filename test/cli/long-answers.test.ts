import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import type { Result } from '../../src/protocol/requests.ts';
import { CliSandbox } from '../support/cli-sandbox.ts';

const TURNS = 4;
const CALLS = 108;
const LONG = 'y'.repeat(19_900);

const CALL = '{ name: ledger_append, input: { entry_type: note, content: *long } }';

/** More than a message holds, of ledger, and of conversation. An alias keeps the script itself small. */
const TALKATIVE = `name: talkative
turns:
  - { tool_calls: [{ name: list_files }], text: &long "${LONG}" }
${`  - tool_calls: [${Array(CALLS).fill(CALL).join(', ')}]\n`.repeat(TURNS)}
  - tool_calls: [{ name: report_outcome, input: { success: true, summary: Much was said. } }]
  - { text: Done. }
`;

describe('what is longer than a message', () => {
  let sandbox: CliSandbox;
  beforeEach(() => {
    sandbox = new CliSandbox();
  });
  afterEach(() => sandbox.remove());

  it('of a ledger and a focus comes in pages, each entry, message and call once', async function () {
    this.timeout(180_000);
    sandbox.write({ 'talkative.yaml': TALKATIVE });
    const env = { ANIMUS_MODEL: `scripted/${sandbox.workspace}/talkative.yaml` };
    const { id } = await sandbox.json<{ id: string }>(['work', 'submit', '--trust', 'talk'], { env });
    const waited = await sandbox.json<{ foci: { id: string }[] }>(['work', 'wait', id]);
    assert.equal(waited.code, 0, JSON.stringify(waited).slice(0, 2000));
    const { entries } = await sandbox.json<{ entries: { seq: number }[] }>(['ledger', 'show', id]);
    const numbers = (from: number, to: number) => Array.from({ length: to - from + 1 }, (_, at) => from + at);
    assert.deepEqual(
      entries.map(({ seq }) => seq),
      numbers(1, TURNS * CALLS),
    );
    const last = await sandbox.json<{ entries: { seq: number }[] }>(['ledger', 'show', id, '--last', '400']);
    assert.deepEqual(
      last.entries.map(({ seq }) => seq),
      numbers(TURNS * CALLS - 399, TURNS * CALLS),
    );
    const formatted = await sandbox.animus(['ledger', 'show', id, '--formatted']);
    assert.equal(formatted.stdout.match(/^\[\d+\] y/gm)?.length, TURNS * CALLS);

    const client = await sandbox.attach();
    const seen = { recent: 0, pages: 0, messages: [] as number[], calls: new Set<string>() };
    for (let before: { created_at: string; id: string } | null | undefined; before !== null; seen.pages += 1) {
      const page = await client.request('ledger/recent', { limit: 1000, ...(before ? { before } : {}) });
      seen.recent += page.entries.length;
      before = page.next;
    }
    assert.equal(seen.recent, TURNS * CALLS);
    assert.ok(seen.pages > 2, `${seen.pages} pages`);
    for (let next: number | null = 0; next !== null; ) {
      const page: Result<'focus/read'> = await client.request('focus/read', {
        id: waited.foci[0]?.id ?? '',
        after_n: next,
      });
      seen.messages.push(...page.messages.map(({ n }) => n));
      for (const call of page.tool_calls) seen.calls.add(call.id);
      next = page.next_after_n;
    }
    await client.close();
    assert.deepEqual(seen.messages, numbers(1, seen.messages.length));
    assert.equal(seen.calls.size, TURNS * CALLS + 2);
  });

  it('of many long descriptions is cut in a list, and whole in the item', async () => {
    await sandbox.animus(['trust']);
    const description = 'd'.repeat(100_000);
    const client = await sandbox.attach();
    const ids = Array.from({ length: 100 }, (_, at) => `018bcfe5-6800-7000-8000-${String(at).padStart(12, '0')}`);
    for (const id of ids) {
      const far = { delay_ms: 3_600_000, params: { long: 'p'.repeat(100_000) } };
      await client.request('work/submit', { id, faculty: 'general', description, source: 'api', ...far });
    }
    const { items } = await client.request('work/list', { limit: 1000 });
    assert.deepEqual(
      [...new Set(items.map((item) => `${item.description.length} ${Object.keys(item.params)}`))],
      ['500 '],
    );
    const { item } = await client.request('work/show', { id: ids[0] ?? '' });
    assert.deepEqual([item.description.length, Object.keys(item.params)], [100_000, ['long']]);
    await client.close();
    assert.equal(items.length, ids.length);
  });

  it('from standard input is a usage error before anything is started', async () => {
    const result = await sandbox.animus(['work', 'submit', '--trust', '-'], { input: 'x'.repeat(100_001) });
    assert.equal(result.code, 2);
    assert.match(result.stderr, /longer than 100,000 characters\. Nothing was submitted/);
    assert.ok(!existsSync(sandbox.store));
  });
});

describe('what cannot be stored', () => {
  it('is refused as such, and no fault of the host', async () => {
    const sandbox = new CliSandbox();
    try {
      await sandbox.animus(['trust']);
      const client = await sandbox.attachAsPerson();
      const gone = { folder: `${sandbox.workspace}/gone`, pid: process.pid };
      for (const refused of [
        client.request('trust/grant', gone),
        client.request('trust/grant', { ...gone, folder: '/a\0b' }),
        client.request('ledger/recent', { query: 'a\0b' }),
        client.request('work/list', { faculty: '\0' }),
        client.request('toString' as 'work/list', {}),
      ]) {
        await assert.rejects(refused, { kind: 'invalid_params' });
      }
      await client.close();
      const url = 'postgres://me:hunter2hunter2@host:port/db';
      const result = await sandbox.animus(['status'], { env: { ANIMUS_DATABASE_URL: url } });
      assert.equal(result.code, 2);
      assert.match(result.stderr, /ANIMUS_DATABASE_URL: expected a URL/);
      assert.doesNotMatch(result.stderr, /hunter2|\n\s+at /);
    } finally {
      await sandbox.remove();
    }
  });
});
