/** Arguments of tools that others describe by a JSON Schema. */
import * as z from 'zod';
import { isDeeperThan } from '../../../protocol/json.ts';
import { TOOL_SCHEMA_DEPTH_MAX } from '../../../protocol/window-tools.ts';
import type { ToolDefinition } from '../../llm/types.ts';

/** Of arguments, in levels: a schema that refers to itself is followed as deep as they go. */
const DEEPEST = 256;

/**
 * Checks what a schema of JSON's says as far as that can be checked here; whoever runs the tool checks the rest. Gives the
 * arguments as they were asked, without the schema's defaults: they are what a person was shown and allowed.
 */
export function argumentsSchema(schema: ToolDefinition['inputSchema']): z.ZodType {
  const checking = checkingSchema(schema);
  return z.unknown().check((context) => {
    if (isDeeperThan(context.value, DEEPEST)) {
      context.issues.push({ code: 'custom', message: `expected at most ${DEEPEST} levels`, input: context.value });
      return;
    }
    const { error } = checking.safeParse(context.value);
    for (const { path, message } of error?.issues ?? []) {
      context.issues.push({ code: 'custom', path, message, input: context.value });
    }
  });
}

function checkingSchema(schema: ToolDefinition['inputSchema']): z.ZodType {
  const anyObject = z.record(z.string(), z.unknown());
  if (isDeeperThan(schema, TOOL_SCHEMA_DEPTH_MAX)) return anyObject;
  try {
    return z.fromJSONSchema(withoutExpressions(schema) as Parameters<typeof z.fromJSONSchema>[0]);
  } catch {
    // It has references or conditions that we do not follow: any object goes on.
    return anyObject;
  }
}

/** Keywords whose value is a schema, or a list of them. */
const SCHEMAS = new Set(
  (
    'items prefixItems additionalItems additionalProperties contains propertyNames not if then else allOf anyOf oneOf ' +
    'unevaluatedItems unevaluatedProperties contentSchema'
  ).split(' '),
);
/** Keywords whose value has schemas by names, which may be those of keywords. */
const NAMED_SCHEMAS = new Set(['properties', 'dependentSchemas', 'dependencies', '$defs', 'definitions']);

/** Keywords that take less where their schemas say less. */
const EXCLUDING = new Set(['oneOf', 'not', 'contains']);

/**
 * Without the regular expressions of strangers: over what a model wrote one of them can run for longer than anybody waits,
 * and the host with it. What is left takes whatever the whole schema takes.
 */
function withoutExpressions(schema: unknown): unknown {
  if (Array.isArray(schema)) return schema.map(withoutExpressions);
  if (!isObject(schema)) return schema;
  const { pattern: _pattern, patternProperties, ...rest } = schema;
  // Which properties are additional to those that were named by an expression is not known any more.
  if (patternProperties !== undefined) delete rest.additionalProperties;
  return Object.fromEntries(Object.entries(rest).flatMap(plainKeyword));
}

function plainKeyword([keyword, value]: [string, unknown]): [string, unknown][] {
  const plain = plainValue(keyword, value);
  if (EXCLUDING.has(keyword) && JSON.stringify(plain) !== JSON.stringify(value)) return [];
  return [[keyword, plain]];
}

function plainValue(keyword: string, value: unknown): unknown {
  if (SCHEMAS.has(keyword)) return withoutExpressions(value);
  if (!NAMED_SCHEMAS.has(keyword) || !isObject(value)) return value;
  return Object.fromEntries(Object.entries(value).map(([name, inner]) => [name, withoutExpressions(inner)]));
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
