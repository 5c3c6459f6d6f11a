/** What tools a server has, as it says itself: bounded, and without those that could not be told to a model. */
import type { Client, Tool } from '@modelcontextprotocol/client';
import { isDeeperThan } from '../../protocol/json.ts';
import { TOOL_SCHEMA_DEPTH_MAX } from '../../protocol/window-tools.ts';

/** A tool as a server describes it. */
export type McpTool = {
  name: string;
  description: string;
  inputSchema: { [key: string]: unknown };
  /** What the server says of itself; good for running calls side by side, and for nothing that needs trust. */
  saysReadOnly: boolean;
};

const MOST_TOOLS = 500;
const MOST_PAGES = 50;
const LONGEST_DESCRIPTION = 10_000;
const LARGEST_SCHEMA = 100_000;
const LONGEST_NAME = 1000;

type LeaveOut = (facts: { tool: string; reason: string }) => void;

export async function listTools(client: Client, withinMs: number, leaveOut: LeaveOut): Promise<McpTool[]> {
  const tools: McpTool[] = [];
  let cursor: string | undefined;
  for (let page = 0; page < MOST_PAGES && tools.length < MOST_TOOLS; page += 1) {
    const answer = await client.listTools(cursor === undefined ? {} : { cursor }, { timeout: withinMs });
    tools.push(...answer.tools.flatMap((tool) => readTool(tool, leaveOut)));
    cursor = answer.nextCursor;
    if (cursor === undefined) break;
  }
  return tools.slice(0, MOST_TOOLS);
}

/** None where its description is too large to be told to a model, or too deep to be walked. */
function readTool({ name, description = '', inputSchema, annotations }: Tool, leaveOut: LeaveOut): McpTool[] {
  const reason = whyLeftOut(inputSchema);
  if (reason !== undefined) {
    leaveOut({ tool: name.slice(0, LONGEST_NAME), reason });
    return [];
  }
  return [
    {
      name,
      description: description.slice(0, LONGEST_DESCRIPTION).toWellFormed(),
      inputSchema,
      saysReadOnly: annotations?.readOnlyHint === true,
    },
  ];
}

function whyLeftOut(schema: object): string | undefined {
  if (isDeeperThan(schema, TOOL_SCHEMA_DEPTH_MAX)) return `its schema has more than ${TOOL_SCHEMA_DEPTH_MAX} levels`;
  const size = JSON.stringify(schema).length;
  return size > LARGEST_SCHEMA ? `its schema has ${size} characters, more than ${LARGEST_SCHEMA}` : undefined;
}
