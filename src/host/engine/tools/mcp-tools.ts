/** Tools of MCP servers as tools of the loop: `mcp__server__tool`, exclusive and asked about unless a person decided otherwise. */
import type { ToolDefinition } from '../../llm/types.ts';
import type { McpTool } from '../../mcp/listed-tools.ts';
import type { McpAnswer } from '../../mcp/mcp-server.ts';
import type { McpServers } from '../../mcp/mcp-servers.ts';
import type { McpServerSettings } from '../../mcp/settings.ts';
import { defineTool, type Tool, type ToolResult } from '../engage/tool.ts';
import { argumentsSchema } from './foreign-arguments.ts';
import { cleanText, failure } from './tool-text.ts';

export type McpSettings = Readonly<Record<string, McpServerSettings>>;

/** What a faculty's servers offer, and what is to be said of those that do not answer. */
export type McpOffer = { tools: readonly Tool[]; problems: readonly string[] };

/** Providers take no longer names. */
const LONGEST_NAME = 64;
/** After the call's own time, for the server to say that it ended, or that it is there at all. */
const ENDING_MS = 5000;

/** Asks each server for its tools, which starts it. */
export async function offeredTools(servers: McpServers, settings: McpSettings): Promise<McpOffer> {
  const offers = await Promise.all(
    Object.entries(settings).map(async ([name, own]) => ({
      name,
      own,
      offer: await servers.server(name, own).tools(),
    })),
  );
  return {
    tools: offers.flatMap(({ name, own, offer }) =>
      offer.kind === 'failed' ? [] : namedTools(name, offer.tools).map((named) => mcpTool(servers, name, own, named)),
    ),
    problems: offers.flatMap(({ name, offer }) =>
      offer.kind === 'failed' ? [`The tools of the MCP server "${name}" are missing. ${offer.reason}`] : [],
    ),
  };
}

/** The tools that a focus was given when it began, as they were described then. No server is started. */
export function pinnedTools(
  servers: McpServers,
  settings: McpSettings,
  definitions: readonly ToolDefinition[],
  readOnly: ReadonlySet<string>,
): Tool[] {
  return definitions.flatMap(({ name, description, inputSchema }) => {
    const server = Object.keys(settings).find((candidate) => name.startsWith(prefixOf(candidate)));
    const own = server === undefined ? undefined : settings[server];
    if (server === undefined || own === undefined) return [];
    const tool = { publicName: name, description, inputSchema, saysReadOnly: readOnly.has(name) };
    return [mcpTool(servers, server, own, tool)];
  });
}

type NamedTool = Omit<McpTool, 'name'> & { publicName: string };

function mcpTool(servers: McpServers, server: string, settings: McpServerSettings, tool: NamedTool): Tool {
  const definition = tool.inputSchema as ToolDefinition['inputSchema'];
  return defineTool({
    kind: 'world',
    name: tool.publicName,
    description: tool.description || `A tool of the MCP server "${server}", which does not describe it.`,
    input: argumentsSchema(definition),
    definition,
    effect: tool.saysReadOnly ? 'read' : 'exclusive',
    repeatable: false,
    permission: 'ask',
    timeoutMs: settings.timeout * 1000 + ENDING_MS,
    async run(input, { signal }) {
      const target = servers.server(server, settings);
      const listed = await target.tools();
      if (listed.kind === 'failed') return failure(`The MCP server "${server}" does not answer. ${listed.reason}`);
      const own = listed.tools.find((candidate) => publicName(server, candidate.name) === tool.publicName);
      if (!own) return failure(`The MCP server "${server}" has no such tool any more.`);
      return describe(server, await target.call(own.name, input as { [key: string]: unknown }, signal));
    },
  });
}

/** Names that providers take; of two tools that would get one name the first has it. */
function namedTools(server: string, tools: readonly McpTool[]): NamedTool[] {
  const seen = new Set<string>();
  return tools.flatMap(({ name, ...rest }) => {
    const named = publicName(server, name);
    if (seen.has(named)) return [];
    seen.add(named);
    return [{ ...rest, publicName: named }];
  });
}

function publicName(server: string, tool: string): string {
  return `${prefixOf(server)}${tool.replaceAll(/[^A-Za-z0-9_-]/g, '_')}`.slice(0, LONGEST_NAME);
}

const prefixOf = (server: string) => `mcp__${server}__`;

function describe(server: string, answer: McpAnswer): ToolResult {
  if (answer.kind === 'failed') return failure(`The MCP server "${server}" did not do it. ${answer.reason}`);
  const parts = answer.content.map(partText);
  const text = parts.length > 0 ? parts.join('\n') : JSON.stringify(answer.structured ?? {});
  return { content: cleanText(text), isError: answer.isError };
}

type Part = Extract<McpAnswer, { kind: 'answer' }>['content'][number];

function partText(part: Part): string {
  switch (part.type) {
    case 'text':
      return part.text;
    case 'image':
    case 'audio':
      return `[${part.type}, ${part.mimeType}, ${part.data.length} characters of base64: not shown]`;
    case 'resource_link':
      return `[resource ${part.uri}]`;
    case 'resource':
      return 'text' in part.resource ? part.resource.text : `[resource ${part.resource.uri}: not shown]`;
  }
}
