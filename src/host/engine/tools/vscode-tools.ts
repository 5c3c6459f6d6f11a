/** Tools that extensions registered in VS Code as tools of the loop: `vscode__name`, each call exclusive and asked about. */
import * as z from 'zod';
import { type JsonObject, mapStrings } from '../../../protocol/json.ts';
import { type OfferedTool, type ToolCallEnd, WINDOW_TOOL_PREFIX } from '../../../protocol/window-tools.ts';
import type { ToolDefinition } from '../../llm/types.ts';
import { defineTool, type Tool, type ToolResult } from '../engage/tool.ts';
import { argumentsSchema } from './foreign-arguments.ts';
import { toolMatcher } from './select-tools.ts';
import { answer, cleanText, endedEarly, failure } from './tool-text.ts';

/** How a call at a window ended. Only `not_offered` and `too_long` say that nothing was run. */
export type WindowCallEnd =
  | ToolCallEnd
  | { kind: 'cancelled' }
  /** The window went away. */
  | { kind: 'gone' }
  /** What it said is no answer. */
  | { kind: 'malformed' }
  /** The arguments do not fit into one message. */
  | { kind: 'too_long' };

export type FoundTool = {
  tool: OfferedTool;
  /** An aborted signal ends it as `cancelled`, whatever the window does. Never rejects. */
  call(input: JsonObject, signal: AbortSignal): Promise<WindowCallEnd>;
};

/** The windows, as these tools see them. */
export type VscodeTools = {
  /** Of windows that offer tools, be it none. */
  readonly windowCount: number;
  /** What there is now, by the names that foci have for it. */
  list(): ReadonlyMap<string, OfferedTool>;
  /** Waits a little for a window to come back. Undefined where none offers it. */
  find(name: string, signal: AbortSignal): Promise<FoundTool | undefined>;
};

/** A call may come to ask a person within VS Code, and they have to see it first. */
const TIMEOUT_MS = 5 * 60_000;

const MAYBE = 'It may or may not have taken effect; check before you repeat it.';

/**
 * The tools of windows that a faculty names, and what is to be said of those that are not there. Only patterns that begin
 * with `vscode__` name any: with `*` alone the same faculty would be another one in each window.
 */
export function offeredWindowTools(windows: VscodeTools, patterns: readonly string[]) {
  const wanted = patterns.filter((pattern) => pattern.startsWith(WINDOW_TOOL_PREFIX));
  const offered = [...windows.list()].sort(([a], [b]) => (a < b ? -1 : 1));
  const isNamed = (name: string) => wanted.some((pattern) => toolMatcher(pattern)(name));
  const missing = wanted.filter((pattern) => !offered.some(([name]) => toolMatcher(pattern)(name)));
  return {
    tools: offered
      .filter(([name]) => isNamed(name))
      .map(([name, tool]) => windowTool(windows, definitionOf(name, tool))),
    problems: missing.length === 0 ? [] : [`${missing.join(', ')}: ${whyMissing(windows)} Work without that.`],
  };
}

/** The tools that a focus was given when it began, as they were described then. No window is asked. */
export function pinnedWindowTools(windows: VscodeTools, definitions: readonly ToolDefinition[]): Tool[] {
  return definitions
    .filter(({ name }) => name.startsWith(WINDOW_TOOL_PREFIX))
    .map((definition) => windowTool(windows, definition));
}

function definitionOf(name: string, { description, input_schema, tags }: OfferedTool): ToolDefinition {
  const said = cleanText(description).trim() || 'A tool of VS Code, which its extension does not describe.';
  return {
    name,
    description: tags.length === 0 ? said : `${said}\nTags: ${tags.join(', ')}.`,
    inputSchema: mapStrings(input_schema, cleanText) as JsonObject,
  };
}

function windowTool(windows: VscodeTools, { name, description, inputSchema }: ToolDefinition): Tool {
  return defineTool({
    kind: 'world',
    name,
    description,
    input: argumentsSchema(inputSchema),
    definition: inputSchema,
    effect: 'exclusive',
    repeatable: false,
    permission: 'ask',
    timeoutMs: TIMEOUT_MS,
    async run(input, { signal }) {
      const found = await windows.find(name, signal);
      if (signal.aborted) return endedEarly(name, signal, 'Nothing was run.');
      if (!found) return failure(`${name} was not run. ${whyMissing(windows)} Go on without it.`);
      const complaint = complaintOfNow(found.tool, input);
      if (complaint) return failure(`${name} was not run. It has changed since this work began:\n${complaint}`);
      return resultOf(name, await found.call(input as JsonObject, signal), signal);
    },
  });
}

function whyMissing({ windowCount }: VscodeTools): string {
  return windowCount === 0
    ? 'It is a tool of an extension of VS Code, and no VS Code window with Animus is open on this folder now.'
    : 'It is a tool of an extension of VS Code, and no extension in the open window has it now.';
}

/** The arguments fit what the focus was told of the tool. An extension that was updated may expect something else by now. */
function complaintOfNow({ input_schema: now }: OfferedTool, input: unknown): string | undefined {
  const parsed = argumentsSchema(now).safeParse(input);
  return parsed.success ? undefined : z.prettifyError(parsed.error);
}

function resultOf(name: string, end: WindowCallEnd, signal: AbortSignal): ToolResult {
  switch (end.kind) {
    case 'done':
      return answer(end.text);
    case 'cancelled':
      return endedEarly(name, signal, MAYBE);
    case 'gone':
      return failure(`The VS Code window went away while ${name} ran. ${MAYBE}`);
    case 'malformed':
      return failure(`What VS Code answered to ${name} is no result. ${MAYBE}`);
    case 'too_long':
      return failure(`${name} was not run: its arguments are too long to be handed to a window.`);
    case 'failed':
      return failure(wordsOf(name, end));
  }
}

function wordsOf(name: string, { reason, message }: Extract<ToolCallEnd, { kind: 'failed' }>): string {
  switch (reason) {
    case 'not_offered':
      return `${name} was not run: ${message}`;
    case 'declined':
      return `${name} was cancelled in VS Code: a person said no to its question, or the extension gave up. ${message}`;
    case 'failed':
      return `${name} failed: ${message}`;
  }
}
