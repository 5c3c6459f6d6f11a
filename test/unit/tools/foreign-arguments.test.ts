/** What the schema of somebody else's tool is good for here: to tell a model early, never to hold the host up. */
import assert from 'node:assert/strict';
import { argumentsSchema } from '../../../src/host/engine/tools/foreign-arguments.ts';
import type { ToolDefinition } from '../../../src/host/llm/types.ts';

type Schema = ToolDefinition['inputSchema'];

/** Takes twice as long for each letter of a text that does not fit. */
const ENDLESS = '^([a-z0-9]+[-_]?)+$';
const MISFIT = `${'a'.repeat(12)}!`;

const takes = (schema: Schema, input: unknown) => argumentsSchema(schema).safeParse(input).success;

describe('arguments of tools that others describe', () => {
  it("are never compared with a stranger's regular expression, wherever a schema may have one", () => {
    const text = { type: 'string', pattern: ENDLESS };
    const object = (more: object): Schema => ({ type: 'object', ...more });
    const cases: [Schema, unknown][] = [
      [object({ properties: { a: text } }), { a: MISFIT }],
      [object({ patternProperties: { [ENDLESS]: { type: 'number' } } }), { [MISFIT]: 1 }],
      [object({ patternProperties: { [ENDLESS]: text }, additionalProperties: false }), { [MISFIT]: 'a' }],
      [object({ propertyNames: text }), { [MISFIT]: 1 }],
      [object({ additionalProperties: text }), { a: MISFIT }],
      [object({ properties: { a: { type: 'array', items: text } } }), { a: [MISFIT] }],
      [object({ properties: { a: { type: 'array', prefixItems: [text] } } }), { a: [MISFIT] }],
      [object({ properties: { a: { type: 'array', contains: text } } }), { a: [MISFIT] }],
      [object({ properties: { a: { anyOf: [text, { type: 'number' }] } } }), { a: MISFIT }],
      [object({ properties: { a: { oneOf: [text, { type: 'string', pattern: '!$' }] } } }), { a: MISFIT }],
      [object({ allOf: [object({ properties: { a: text } })] }), { a: MISFIT }],
      [object({ properties: { a: { $ref: '#/$defs/pattern' } }, $defs: { pattern: text } }), { a: MISFIT }],
      [object({ properties: { a: { not: { pattern: ENDLESS } } } }), { a: MISFIT }],
    ];
    for (const [schema, input] of cases) assert.ok(takes(schema, input), JSON.stringify(schema));
  });

  it('are checked by all else, and properties may be named as they like', () => {
    const schema: Schema = {
      type: 'object',
      properties: {
        pattern: { type: 'string' },
        patternProperties: { type: 'number' },
        not: { enum: [{ pattern: 'a' }] },
      },
      required: ['pattern'],
      additionalProperties: false,
    };
    assert.ok(takes(schema, { pattern: '(', patternProperties: 1 }));
    for (const input of [{}, { pattern: 7 }, { pattern: 'a', patternProperties: 'b' }, { pattern: 'a', other: 1 }, 7]) {
      assert.ok(!takes(schema, input), JSON.stringify(input));
    }
    const choice: Schema = {
      type: 'object',
      properties: { a: { oneOf: [{ type: 'string' }, { minLength: 2, type: 'string' }] } },
    };
    assert.ok(takes(choice, { a: 'b' }) && !takes(choice, { a: 'bc' }));
    const { error } = argumentsSchema(schema).safeParse({ pattern: 7 });
    assert.deepEqual(
      error?.issues.map(({ path }) => path),
      [['pattern']],
    );
  });

  it('are what was asked, without what a schema would put in', () => {
    const inner = { type: 'object', properties: { b: { default: 1 } }, default: {} };
    const schema: Schema = {
      type: 'object',
      properties: { a: { type: 'string', default: 'rm' }, inner },
      required: [],
    };
    for (const input of [{}, { inner: {} }, { a: 'x', other: [1] }]) {
      assert.deepEqual(argumentsSchema(schema).parse(input), input);
    }
  });

  it('are refused where they are too deep for a schema that refers to itself', () => {
    const schema: Schema = { type: 'object', properties: { a: { $ref: '#' } }, additionalProperties: false };
    const nested = (levels: number) =>
      JSON.parse(`${'{"a":'.repeat(levels - 1)}{}${'}'.repeat(levels - 1)}`) as unknown;
    assert.ok(takes(schema, nested(256)));
    const { error } = argumentsSchema(schema).safeParse(nested(20_000));
    assert.equal(error?.issues[0]?.message, 'expected at most 256 levels');
  });

  it('are any object where the schema is too deep to be walked', () => {
    const levels = 10_000;
    const deep = JSON.parse(
      `${'{"type":"object","properties":{"a":'.repeat(levels)}{}${'}}'.repeat(levels)}`,
    ) as Schema;
    assert.ok(takes(deep, { a: 7 }) && !takes(deep, 7));
  });
});
