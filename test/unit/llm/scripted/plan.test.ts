import assert from 'node:assert/strict';
import { type PlannedTurn, planTurn } from '../../../../src/host/llm/scripted/plan.ts';
import { parseScript } from '../../../../src/host/llm/scripted/script.ts';
import type { CompletionRequest, Message } from '../../../../src/host/llm/types.ts';
import { assistant, call, requestOf, result, user } from '../requests.ts';

const LISTING = 'a.ts\nb.ts\nb.ts\nc.md\n[2 more]';

describe('the plan of a scripted turn', () => {
  it('takes the turn at the place that the answers so far give', () => {
    const turns = [{ text: 'first' }, { text: 'second' }];
    assert.equal(plan(turns, [user('Go.')]).text, 'first');
    assert.equal(plan(turns, [user('Go.'), assistant('first'), user('On.')]).text, 'second');
    const over = plan(turns, [user('Go.'), assistant('first'), assistant('second'), user('On.')]);
    assert.equal(over.text, 'The script "test" has no turn 3.');
    assert.deepEqual(over.stopReason, { kind: 'end_turn' });
  });

  it('knows its place when earlier answers were folded: from the request, or from its own call ids', () => {
    const turns = [{ text: 'first' }, { text: 'second' }, { text: 'third' }];
    assert.equal(plan(turns, [user('A stub.')], { turn: 3 }).text, 'third');
    const kept = [user('A stub.'), assistant(call('call_2_1', 'list')), user(result('call_2_1', ''))];
    assert.equal(plan(turns, kept).text, 'third');
  });

  it('prefers a turn whose conditions hold', () => {
    const turns = [
      { text: 'plain' },
      { text: 'by turn', when: { turn: 2 } },
      { text: 'by text', when: { last_contains: 'needle' } },
    ];
    assert.equal(plan(turns, [user('Go.')]).text, 'plain');
    assert.equal(plan(turns, [user('a needle')]).text, 'by text');
    assert.equal(plan(turns, [user('Go.'), assistant('x'), user(result('y', 'a needle'))]).text, 'by turn');
    assert.match(plan(turns, [user('Go.'), assistant('x'), assistant('y'), user('z')]).text, /no turn 3/);
  });

  it('is the same for the same request', () => {
    const turns = [
      {
        text: 'one',
        tool_calls: [
          { name: 'list', input: {} },
          { name: 'read', input: {}, id: 'mine' },
        ],
      },
    ];
    const planned = plan(turns, [user('Go.')]);
    assert.deepEqual(plan(turns, [user('Go.')]), planned);
    assert.deepEqual(
      planned.toolCalls.map(({ id }) => id),
      ['call_1_1', 'mine'],
    );
    assert.deepEqual(planned.stopReason, { kind: 'tool_use' });
    assert.equal(planned.usage.estimated, true);
  });

  const captures: { name: string; capture: object; value: string }[] = [
    { name: 'the first match', capture: { tool: 'list', pattern: '^(\\w)\\.ts$' }, value: 'a' },
    { name: 'the whole match', capture: { tool: 'list', pattern: '^c.+$', group: 0 }, value: 'c.md' },
    {
      name: 'all matches, each once',
      capture: { tool: 'list', pattern: '^(\\w)\\.', all: true, join: '+' },
      value: 'a+b+c',
    },
    {
      name: 'the first of all matches',
      capture: { tool: 'list', pattern: '^(\\w)\\.', all: true, max: 2 },
      value: 'a, b and 1 more',
    },
    { name: 'a count', capture: { tool: 'list', pattern: '\\.ts$', group: 0, count: true }, value: '3' },
    { name: 'a count of nothing', capture: { tool: 'list', pattern: '\\.py$', count: true }, value: '0' },
    { name: 'nothing', capture: { tool: 'list', pattern: '(absent)' }, value: '(not found)' },
    {
      name: 'nothing, with words for it',
      capture: { tool: 'list', pattern: '(absent)', otherwise: 'none' },
      value: 'none',
    },
    {
      name: 'nothing of an error',
      capture: { tool: 'read', where: { path: 'b' }, pattern: '(.+)' },
      value: '(not found)',
    },
    { name: 'nothing of a tool not called', capture: { tool: 'absent', pattern: '(.*)' }, value: '(not found)' },
    {
      name: 'the call that is meant',
      capture: { tool: 'read', where: { path: 'a' }, pattern: '(.+)' },
      value: 'text of a',
    },
    { name: 'the latest result of any tool', capture: { pattern: '(.+)' }, value: 'text of a' },
    { name: 'a match in words of its own', capture: { tool: 'list', pattern: '(b)', as: '<{{match}}>' }, value: '<b>' },
    { name: 'what was said to a tool', capture: { from: 'conversation', pattern: 'noted: (.+)' }, value: 'two' },
  ];
  for (const { name, capture, value } of captures) {
    it(`captures ${name}`, () => {
      const messages = [
        user('Go.'),
        assistant(call('n1', 'note', { content: 'noted: one' }), call('l1', 'list'), call('l2', 'list')),
        user(result('n1', 'ok'), result('l1', 'old.ts'), result('l2', LISTING)),
        assistant(
          call('n2', 'note', { content: 'noted: two' }),
          call('r1', 'read', { path: 'a' }),
          call('r2', 'read', { path: 'b' }),
        ),
        user(result('n2', 'ok'), result('r1', 'text of a'), result('r2', 'no such file', true)),
      ];
      const turns = [{}, {}, { capture: { it: capture }, text: '{{it}}' }];
      assert.equal(plan(turns, messages).text, value);
    });
  }

  it('fills templates in inputs at any depth, and reads nothing twice', () => {
    const turns = [
      {
        text: '{{ task }}; {{description}}; {{turn}}; {{absent}}',
        tool_calls: [{ name: 'ask', input: { a: ['{{task}}', 1] } }],
      },
    ];
    const planned = plan(turns, [user('Do {{turn}}.')]);
    assert.equal(planned.text, 'Do {{turn}}.; a test; 1; (not found)');
    assert.deepEqual(planned.toolCalls[0]?.input, { a: ['Do {{turn}}.', 1] });
  });
});

function plan(turns: object[], messages: Message[], rest: Partial<CompletionRequest> = {}): PlannedTurn {
  const read = parseScript(JSON.stringify({ name: 'test', description: 'a test', turns }), 'json', 'test');
  if (read.kind === 'invalid') throw new Error(read.message);
  return planTurn(read.script, requestOf(messages, rest));
}
