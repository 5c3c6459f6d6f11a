/** What a script takes out of a conversation, and puts into its own sentences. */
import { isDeepStrictEqual } from 'node:util';
import { isJsonObject } from '../tool-arguments.ts';
import type { CompletionRequest, ContentBlock, JsonValue, ToolUseBlock } from '../types.ts';
import type { Capture } from './script.ts';

export type Variables = { readonly [name: string]: string };

/** What a variable that captured nothing reads as: visible, so that no script can pass over it. */
export const NOT_FOUND = '(not found)';

/** Evaluates captures on a request; those that find nothing and have nothing to say instead are left out. */
export function captureVariables(captures: { [name: string]: Capture }, request: CompletionRequest): Variables {
  const found = Object.entries(captures).flatMap(([name, capture]) => {
    const match = findMatch(capture, request);
    const value = match === undefined ? capture.otherwise : fillTemplate(capture.as, { match });
    return value === undefined ? [] : [[name, value] as const];
  });
  return Object.fromEntries(found);
}

function findMatch(capture: Capture, request: CompletionRequest): string | undefined {
  const source = capture.from === 'result' ? latestResult(request, capture) : conversationText(request);
  if (source === undefined) return undefined;
  const matches = [...source.matchAll(new RegExp(capture.pattern, 'gmu'))].flatMap(
    (match) => match[capture.group] ?? [],
  );
  if (capture.count) return String(matches.length);
  if (capture.all) return joinDistinct(matches, capture.join, capture.max);
  return capture.from === 'result' ? matches[0] : matches.at(-1);
}

function joinDistinct(matches: string[], join: string, max: number): string | undefined {
  const distinct = [...new Set(matches)];
  if (distinct.length === 0) return undefined;
  const more = distinct.length > max ? ` and ${distinct.length - max} more` : '';
  return distinct.slice(0, max).join(join) + more;
}

/** The text of the latest successful result that is meant; an error's text holds nothing of what was asked for. */
function latestResult(request: CompletionRequest, capture: Capture): string | undefined {
  const blocks = request.messages.flatMap((message) => message.content);
  const calls = new Map(blocks.flatMap((block) => (block.type === 'tool_use' ? [[block.id, block] as const] : [])));
  const results = blocks.filter((block) => block.type === 'tool_result');
  return results.findLast((block) => !block.isError && isMeant(calls.get(block.toolUseId), capture))?.content;
}

function isMeant(call: ToolUseBlock | undefined, { tool, where = {} }: Capture): boolean {
  if (tool !== undefined && call?.name !== tool) return false;
  const input = isJsonObject(call?.input) ? call.input : {};
  return Object.entries(where).every(([name, value]) => isDeepStrictEqual(input[name], value));
}

function conversationText(request: CompletionRequest): string {
  return request.messages.flatMap((message) => message.content.map(blockText)).join('\n');
}

function blockText(block: ContentBlock): string {
  switch (block.type) {
    case 'text':
      return block.text;
    case 'tool_result':
      return block.content;
    case 'tool_use':
      return stringsOf(block.input).join('\n');
    case 'image':
    case 'thinking':
      return '';
  }
}

function stringsOf(value: JsonValue): string[] {
  if (typeof value === 'string') return [value];
  return typeof value === 'object' && value !== null ? Object.values(value).flatMap(stringsOf) : [];
}

/** Replaces each `{{name}}`. What is put in is not read again. */
export function fillTemplate(template: string, variables: Variables): string {
  return template.replace(/\{\{\s*(\w+)\s*\}\}/g, (_, name: string) =>
    Object.hasOwn(variables, name) ? (variables[name] ?? NOT_FOUND) : NOT_FOUND,
  );
}
