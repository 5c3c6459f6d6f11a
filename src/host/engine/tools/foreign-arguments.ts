/** Arguments of tools that others describe by a JSON Schema. */
import * as z from 'zod';
import type { ToolDefinition } from '../../llm/types.ts';

/** Checks what a schema of JSON's says as far as that can be checked here; whoever runs the tool checks the rest. */
export function argumentsSchema(schema: ToolDefinition['inputSchema']): z.ZodType {
  try {
    return z.fromJSONSchema(schema as Parameters<typeof z.fromJSONSchema>[0]);
  } catch {
    // It has references or conditions that we do not follow: any object goes on.
    return z.record(z.string(), z.unknown());
  }
}
