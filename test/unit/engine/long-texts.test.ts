/**
 * Texts that models, files, tools and servers chose, as long as they may be and as awkward as they can be. Each is read on the host's
 * own thread. What looks at every place of one anew takes many minutes over these, far beyond the time-out of a test.
 */
import assert from 'node:assert/strict';
import { request } from 'node:http';
import * as z from 'zod';
import { locateIssue } from '../../../src/host/config/toml-location.ts';
import { fileNamesIn } from '../../../src/host/engine/awareness/file-names.ts';
import { ToolServer } from '../../../src/host/engine/external/tool-server.ts';
import { parseAmount } from '../../../src/host/engine/focus/budget-wording.ts';
import { isIgnored, parseIgnoreRules } from '../../../src/host/engine/tools/gitignore.ts';
import { toolMatcher } from '../../../src/host/engine/tools/select-tools.ts';
import { isUnprovenThinking } from '../../../src/host/llm/anthropic/errors.ts';
import { hostOf } from '../../../src/host/web/reach.ts';

const MILLION = 1_000_000;
const many = (text: string, times = MILLION) => text.repeat(times);

describe('long texts take no longer than they are long', () => {
  it('words of a description that may be files', () => {
    for (const word of [`${many('.')}x`, `${many(':1')}x`, `a/${many('a')}:`, `${many('a/')}:b`]) {
      assert.ok([...fileNamesIn(`see src/b.ts: ${word}`)].includes('src/b.ts'));
    }
    const text = 'a.ts:10:2. ./b.ts:3 c:\\d.ts http://x.y 1.5 (e/f) g:1:x.ts done. h.ts?!: .';
    assert.deepEqual([...fileNamesIn(text)], ['a.ts', 'b.ts', 'e/f', 'h.ts']);
  });

  it('a limit as a person writes it', () => {
    assert.equal(parseAmount('tokens', `${many('1')}x`), undefined);
    assert.equal(parseAmount('tokens', `${many('1,')}1 ${many(' ')}x`), undefined);
    const written = ['80', '1,000 tokens', '.5', '2.50', '1,', '1.', '$3', 'ten'];
    assert.deepEqual(
      written.map((text) => parseAmount('cost', text)),
      [80_000_000, undefined, 500_000, 2_500_000, undefined, undefined, 3_000_000, undefined],
    );
  });

  it('the lines of a .gitignore', () => {
    const ignores = (line: string, name: string) =>
      isIgnored([{ depth: 0, rules: parseIgnoreRules(line) }], [name], false);
    for (const line of [`${many(' ')}x`, many('['), `${many('[')}\\]`, `a${many(' ')}x`])
      assert.ok(!ignores(line, 'a'));
    assert.ok(ignores(`a${many(' ')}`, 'a'));
    assert.ok(ignores('a\\   ', 'a ') && !ignores('a\\   ', 'a'));
    assert.ok(ignores('[[]', '[') && ignores('[a][', 'a[') && ignores('[[b', '[[b'));
  });

  it('patterns of tools against their names', () => {
    assert.equal(toolMatcher(`${many('*a', 30)}b`)('a'.repeat(64)), false);
    const matched = (pattern: string) => ['read_file', 'mcp__docs__read', 'read'].filter(toolMatcher(pattern));
    assert.deepEqual(matched('read*'), ['read_file', 'read']);
    assert.deepEqual(matched('mcp__*__read'), ['mcp__docs__read']);
    assert.deepEqual([matched('*'), matched('**'), matched('rea')], [matched('*read*'), matched('*'), []]);
  });

  it('a table in a file of settings', () => {
    const { error } = z.strictObject({ a: z.strictObject({ b: z.string() }) }).safeParse({ a: { b: 1 } });
    const [issue] = error?.issues ?? [];
    assert.ok(issue);
    const text = `c = [\n[${many(' ', 250_000)}\n1]]\n[ a ]\nb = 1\n`;
    assert.match(locateIssue('f.toml', text, issue), /^f\.toml:5: a\.b: /);
    assert.match(locateIssue('f.toml', '[[ a ]] # the\nb = 1', issue), /^f\.toml:2: /);
  });

  it("a provider's error, and the name of a host", () => {
    const said = (message: string) => isUnprovenThinking({ kind: 'api', status: 400, type: 'x', message });
    assert.equal(said(many('thinking ')), false);
    assert.ok(said(`${many('thinking ', 10)}signature`) && said('The signature of Thinking blocks\nis invalid'));
    assert.ok(said('thinking blocks cannot be modified') && said('found `tool_use` ids'));
    assert.ok(!said('cannot be modified: thinking') && !said('rethinking signature') && !said('signature'));
    const named = (hostname: string) => hostOf({ hostname } as URL);
    assert.equal(named(`${many('.')}x`).length, MILLION + 1);
    assert.deepEqual([named('a.b..'), named('[::1]'), named('a.b')], ['a.b', '::1', 'a.b']);
  });

  it("a program's request whose string never ends", async () => {
    const server = await ToolServer.start({
      tools: [],
      call: async () => ({ status: 409, message: 'Nothing is called here.' }),
      noteUsage: () => undefined,
    });
    try {
      assert.deepEqual(await posted(server, `{"calls":"${many('\\"', MILLION)}`), [400, 'The body is not JSON']);
      const deep = `${many('[', 200)}${many(']', 200)}`;
      assert.deepEqual(await posted(server, deep), [400, 'A body may hold 100 levels of arrays and objects.']);
      const inString = JSON.stringify({ name: 'x', arguments: { text: `"\\${many('[', 200)}` } });
      assert.deepEqual(await posted(server, inString), [409, 'Nothing is called here.']);
    } finally {
      await server.close();
    }
  });
});

/** The status, and what was said up to the first colon. */
async function posted({ url, token }: ToolServer, body: string): Promise<[number | undefined, string]> {
  const headers = { authorization: `Bearer ${token}`, 'content-type': 'application/json' };
  const { promise, resolve, reject } = Promise.withResolvers<[number | undefined, string]>();
  const asked = request(`${url}/v1/tools/call`, { method: 'POST', headers }, async (response) => {
    const chunks: Buffer[] = [];
    for await (const chunk of response) chunks.push(chunk);
    const { error } = JSON.parse(Buffer.concat(chunks).toString('utf8'));
    resolve([response.statusCode, String(error.message).split(':')[0] ?? '']);
  });
  asked.once('error', reject).end(body);
  return promise;
}
