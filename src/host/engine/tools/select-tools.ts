/** Which tools a focus gets, and how the model is told of them. */
import * as z from 'zod';
import type { ToolDefinition } from '../../llm/types.ts';
import type { Tool } from '../engage/tool.ts';
import { compilePath } from './glob.ts';

/** The engine's own tools always; workspace tools where a name or a pattern with `*` of the faculty takes them. */
export function selectTools(always: readonly Tool[], workspace: readonly Tool[], patterns: readonly string[]): Tool[] {
  const matchers = patterns.map(toolMatcher);
  return [...always, ...workspace.filter(({ name }) => matchers.some((matches) => matches(name)))];
}

/** Whether a tool's name is meant by a name or a pattern with `*`. */
export function toolMatcher(pattern: string): (name: string) => boolean {
  const matches = compilePath(pattern);
  return (name) => matches([name]);
}

export function toolDefinition(tool: Tool): ToolDefinition {
  const { name, description, definition } = tool;
  if (definition) return { name, description, inputSchema: definition };
  const { $schema: _, ...inputSchema } = z.toJSONSchema(tool.input, { io: 'input' });
  return { name, description, inputSchema: inputSchema as ToolDefinition['inputSchema'] };
}
