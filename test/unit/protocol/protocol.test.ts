import assert from 'node:assert/strict';
import type * as z from 'zod';
import { AnimusError, ERROR_CODES, type ErrorKind, errorData } from '../../../src/protocol/errors.ts';
import { entryType } from '../../../src/protocol/focus.ts';
import { jsonObject, jsonValue, mapStrings } from '../../../src/protocol/json.ts';
import { NOTIFICATIONS } from '../../../src/protocol/notifications.ts';
import { type Method, REQUESTS } from '../../../src/protocol/requests.ts';
import { OLDEST_PROTOCOL_VERSION, PROTOCOL_VERSION } from '../../../src/protocol/versions.ts';
import { DESCRIPTION_MAX, idText, PARAMS_MAX_BYTES, TERMINAL_STATES, workState } from '../../../src/protocol/work.ts';

const ID = '018bcfe5-6800-7000-8000-0123456789ab';
const HEX = 'ab'.repeat(32);
const CLIENT = { kind: 'cli', version: '0.1.0', build: 'abc' };

/** Parameters of each request that are taken, with every optional one given. */
const TAKEN: Record<Method, Record<string, unknown>> = {
  hello: { client_nonce: HEX },
  initialize: { client_proof: HEX, protocol: 1, client: CLIENT, folder: '/w', database: 'embedded', home: '/h' },
  'host/status': {},
  'host/drain': { reason: 'tests' },
  'credentials/offer': { credentials: [{ name: 'anthropic', value: 'x'.repeat(8), origin: 'https://api.example' }] },
  'model/list': { provider: 'ollama' },
  'model/test': { model: 'ollama/x' },
  'tool/offer': {
    pid: 4711,
    tools: [{ name: 'search', description: 'Searches.', input_schema: { type: 'object' }, tags: ['files'] }],
  },
  'tool/list': {},
  'model/offer': {
    pid: 4711,
    models: [
      {
        ...{ vendor: 'copilot', id: 'gpt-5', family: 'gpt', label: 'GPT 5', version: '1' },
        ...{ max_input_tokens: 128_000, allowed: true },
      },
    ],
  },
  'person/prove': { public_key: 'A'.repeat(60), signature: 'B'.repeat(88) },
  'person/enroll': { name: 'x', code: 'ABCD-2345', pid: 4711 },
  'person/invite': { pid: 4711 },
  'person/list': {},
  'person/remove': { id: 'abcdef', pid: 4711 },
  'trust/grant': { folder: '/w', pid: 4711 },
  'trust/show': {},
  'approval/list': { limit: 1 },
  'approval/decide': {
    ...{ id: 'abcdef', decision: 'allow', scope: 'rule', pattern: 'run_command(git *)', reason: 'x', pid: 4711 },
  },
  'approval/forget': { rule_id: 'abcdef', pid: 4711 },
  'hook/list': {},
  'hook/accept': { name: 'guard', hash: HEX, pid: 4711 },
  'db/backup': { file: '/b.tar.gz', pid: 4711 },
  'db/move': { url: 'postgres://db/animus', pid: 4711 },
  'work/submit': {
    ...{ id: ID, faculty: 'general', description: 'x', params: { a: [1, null] }, model: 'a/b', priority: -1 },
    ...{ dedup: { key: 'k' }, delay_ms: 1, max_attempts: 1, allow_unknown_faculty: true, source: 'cli' },
    budget: { max_turns: 1, max_tokens: 1, max_cost_usd: 0.01, max_duration_seconds: 1 },
  },
  'work/retry': { id: 'abcdef', new_id: ID, source: 'cli' },
  'work/follow_up': { id: 'abcdef', new_id: ID, source: 'api', description: 'x', model: 'a/b' },
  'work/list': { ids: [ID], states: ['queued'], faculty: 'general', parent: 'abcdef', limit: 1 },
  'work/show': { id: 'abcdef' },
  'question/list': { id: 'abcdef' },
  'question/answer': { id: 'abcdef', answer: { choice: 1 }, pid: 4711 },
  'work/message': { id: 'abcdef', message_id: ID, text: 'x' },
  'work/cancel': { id: 'abcdef', tree: false },
  'work/pause': { id: 'abcdef' },
  'work/resume': { id: 'abcdef', pid: 4711 },
  'work/pause_all': {},
  'work/resume_all': { pid: 4711 },
  'work/move': { id: 'abcdef', to: 'machine:/folder', pid: 4711 },
  'work/delete': { id: 'abcdef', pid: 4711 },
  'work/tree': { id: 'abcdef', limit: 1 },
  'editor/unsaved': { pid: 4711, paths: ['/w/a.ts'] },
  'change/list': { id: 'abcdef' },
  'change/show': { id: ID },
  'change/undo': { id: ID, pid: 4711 },
  'ledger/read': { id: 'abcdef', entry_type: 'plan', after_seq: 0, last_n: 1, query: 'x', formatted: true },
  'ledger/recent': {
    before: { created_at: '2026-01-02T12:00:00.000Z', id: ID },
    limit: 1,
    types: ['plan'],
    work_item_id: ID,
    query: 'x',
  },
  'focus/context': { id: 'abcdef', turn: 3, after: 0 },
  'focus/read': { id: ID, after_n: 0, calls_from_turn: 0 },
  'awareness/show': { focus_id: ID, faculty: 'general' },
  'faculty/list': {},
  'faculty/review': {},
  'faculty/accept': { hash: HEX, pid: 4711 },
  'events/subscribe': {},
};

const methods = Object.keys(REQUESTS) as Method[];
const isTaken = (schema: z.ZodType, value: unknown) => schema.safeParse(value).success;

describe('the protocol', () => {
  it('has a name for every request and notification that says what of what', () => {
    for (const name of [...methods, ...Object.keys(NOTIFICATIONS)]) {
      if (name !== 'hello' && name !== 'initialize') assert.match(name, /^[a-z]+\/[a-z_]+$/);
    }
    assert.ok(OLDEST_PROTOCOL_VERSION <= PROTOCOL_VERSION);
  });

  for (const method of methods) {
    it(`takes the parameters of ${method}, and no key that it does not know`, () => {
      const { params, result } = REQUESTS[method];
      const taken = TAKEN[method];
      assert.deepEqual(Object.keys(params.shape).sort(), Object.keys(taken).sort(), 'every parameter is shown here');
      assert.ok(isTaken(params, taken));
      assert.ok(!isTaken(params, { ...taken, more: 1 }));
      assert.ok(!isTaken(params, [taken]));
      assert.ok(!isTaken(params, undefined));
      assert.ok(result);
    });
  }

  it('refuses unknown keys within parameters too', () => {
    const { params: submit } = REQUESTS['work/submit'];
    assert.ok(!isTaken(submit, { ...TAKEN['work/submit'], dedup: { key: 'k', more: 1 } }));
    const { params: hello } = REQUESTS.initialize;
    assert.ok(!isTaken(hello, { ...TAKEN.initialize, client: { ...CLIENT, more: 1 } }));
    const { params: offer } = REQUESTS['credentials/offer'];
    const credential = { name: 'anthropic', value: 'x'.repeat(8), origin: 'https://api.example' };
    assert.ok(!isTaken(offer, { credentials: [{ ...credential, more: 1 }] }));
  });

  it('[S14] bounds what a client may send', () => {
    for (const [method, change] of [
      ['hello', { client_nonce: HEX.slice(1) }],
      ['hello', { client_nonce: HEX.toUpperCase() }],
      ['initialize', { client_proof: `${HEX}00` }],
      ['initialize', { folder: 'x'.repeat(5000) }],
      ['credentials/offer', { credentials: [{ name: 'anthropic', value: 'short', origin: 'https://a' }] }],
      ['credentials/offer', { credentials: [{ name: 'No name', value: 'x'.repeat(8), origin: 'https://a' }] }],
      ['credentials/offer', { credentials: [{ name: 'anthropic', value: 'x'.repeat(8), origin: 'nowhere' }] }],
      ['person/prove', { public_key: 'A'.repeat(60).concat('\n') }],
      ['person/prove', { signature: 'B'.repeat(300) }],
      ['person/enroll', { name: 'x'.repeat(101) }],
      ['person/enroll', { name: 'a\0b' }],
      ['person/enroll', { code: 'ABCD-0000' }],
      ['person/enroll', { code: 'ABCD' }],
      ['person/enroll', { pid: 0 }],
      ['person/remove', { id: 'ab' }],
      ['person/remove', { id: '%%%%%%%' }],
      ['trust/grant', { pid: 1 }],
      ['trust/grant', { pid: 2.5 }],
      ['work/submit', { id: 'abcdef' }],
      ['work/submit', { description: 'x'.repeat(DESCRIPTION_MAX + 1) }],
      ['work/submit', { params: { text: 'ü'.repeat(PARAMS_MAX_BYTES / 2) } }],
      ['work/submit', { faculty: 'x'.repeat(41) }],
      ['work/submit', { faculty: '\u001b]0;title\u0007' }],
      ['work/submit', { faculty: 'gene\0ral' }],
      ['work/submit', { model: 'a/\0' }],
      ['work/submit', { dedup: { key: '\0' } }],
      ['work/submit', { priority: 1001 }],
      ['work/submit', { priority: 0.5 }],
      ['work/submit', { delay_ms: -1 }],
      ['work/submit', { max_attempts: 0 }],
      ['work/submit', { params: [1] }],
      ['work/submit', { source: 'child' }],
      ['work/resume', { pid: 1 }],
      ['work/move', { to: '' }],
      ['work/move', { to: 'a\0b' }],
      ['work/delete', { pid: 0 }],
      ['work/list', { limit: 0 }],
      ['work/list', { limit: 1001 }],
      ['work/list', { faculty: '\0' }],
      ['ledger/read', { query: 'a\0b' }],
      ['ledger/recent', { query: 'a\0b' }],
      ['ledger/recent', { limit: 1001 }],
      ['work/list', { states: ['lost'] }],
      ['work/show', { id: "'; drop table" }],
      ['ledger/read', { last_n: 0 }],
      ['ledger/read', { entry_type: 'guess' }],
      ['focus/read', { id: 'abcdef' }],
      ['work/submit', { budget: { max_cost_usd: 0 } }],
      ['work/submit', { budget: { max_turns: 1.5 } }],
      ['question/answer', { answer: {} }],
      ['question/answer', { answer: { text: ' ' } }],
      ['question/answer', { answer: { text: 'a\0b' } }],
      ['question/answer', { answer: { choice: 0 } }],
      ['question/answer', { pid: 1 }],
    ] as const) {
      assert.ok(
        !isTaken(REQUESTS[method].params, { ...TAKEN[method], ...change }),
        `${method} ${JSON.stringify(change).slice(0, 99)}`,
      );
    }
  });

  it('takes parameters of work up to their bound, and names it', () => {
    const { params } = REQUESTS['work/submit'];
    const text = 'x'.repeat(PARAMS_MAX_BYTES - '{"text":""}'.length);
    assert.ok(isTaken(params, { ...TAKEN['work/submit'], params: { text } }));
    const { error } = params.safeParse({ ...TAKEN['work/submit'], params: { text: `${text}x` } });
    assert.match(error?.issues[0]?.message ?? '', /take up to 256 KiB of JSON/);
  });

  it('fills in what a submission leaves out', () => {
    const parsed = REQUESTS['work/submit'].params.parse({
      id: ID,
      faculty: 'general',
      description: 'x',
      source: 'cli',
    });
    assert.deepEqual(parsed, {
      ...{ id: ID, faculty: 'general', description: 'x', source: 'cli' },
      ...{
        params: {},
        model: null,
        priority: 0,
        dedup: null,
        delay_ms: 0,
        max_attempts: null,
        budget: null,
        allow_unknown_faculty: false,
      },
    });
    assert.equal(REQUESTS['work/list'].params.parse({}).limit, 50);
    assert.equal(REQUESTS['ledger/read'].params.parse({ id: 'abcdef' }).formatted, false);
  });

  it('takes ids whole, or by six digits and more', () => {
    for (const text of [ID, ID.toUpperCase(), 'abcdef', '456789ab', '018bcfe5-6800'])
      assert.ok(isTaken(idText, text), text);
    for (const text of ['', 'abcde', 'ghijkl', `${ID}0`, 'abc%def', 'abc def', 'abcdef\n', '_bcdef']) {
      assert.ok(!isTaken(idText, text), JSON.stringify(text));
    }
  });

  it('has a code of its own for every error', () => {
    const codes = Object.values(ERROR_CODES);
    assert.equal(new Set(codes).size, codes.length);
    for (const kind of Object.keys(ERROR_CODES) as ErrorKind[]) {
      assert.ok(isTaken(errorData, { kind, next: 'do this' }));
      const error = new AnimusError(kind, 'what', 'next', { cause: 'why' });
      assert.deepEqual(
        [error.kind, error.message, error.next, error.cause, error.name],
        [kind, 'what', 'next', 'why', 'AnimusError'],
      );
    }
    assert.ok(!isTaken(errorData, { kind: 'other', next: '' }));
  });

  it('knows the states that nothing follows, and the types of entries', () => {
    assert.deepEqual(
      workState.options.filter((state) => !TERMINAL_STATES.includes(state)),
      ['queued', 'running', 'waiting'],
    );
    assert.deepEqual(entryType.options, ['plan', 'finding', 'decision', 'step', 'error', 'note']);
  });
});

describe('JSON', () => {
  it('is what its schema takes', () => {
    for (const value of [null, true, 0, -1.5, '', [], {}, [{ a: [null, 'x'] }]]) assert.ok(isTaken(jsonValue, value));
    for (const value of [undefined, Number.NaN, Number.POSITIVE_INFINITY, 1n, Symbol('x'), () => 1, { a: undefined }]) {
      assert.ok(!isTaken(jsonValue, value), String(value));
    }
    for (const value of [null, [], 'x', 1]) assert.ok(!isTaken(jsonObject, value));
  });

  it('[S17] has its strings changed everywhere, names of members too, whatever they are', () => {
    const value = JSON.parse('{"a": ["b", 1, null, true, {"__proto__": "c"}]}');
    const changed = mapStrings(value, (text) => `<${text}>`);
    assert.equal(JSON.stringify(changed), '{"<a>":["<b>",1,null,true,{"<__proto__>":"<c>"}]}');
    const same = mapStrings(JSON.parse('{"__proto__": {"evil": "x"}}'), (text) => text);
    assert.equal(JSON.stringify(same), '{"__proto__":{"evil":"x"}}');
    assert.equal((same as { evil?: string }).evil, undefined);
  });
});
