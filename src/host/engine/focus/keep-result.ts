/** What the conversation keeps of a tool's result: all of it, or head and tail of a long one, whose whole becomes a row. */
import type { Tx } from '../../db/types.ts';
import { insertArtifact } from '../../store/foci/artifacts.ts';
import type { ToolResult } from '../engage/tool.ts';

/** Longest result that stays whole, in characters. */
const WHOLE_MAX = 16_000;
const HEAD = 10_000;
const TAIL = 4000;

/** Part of the transaction that stores the result. `result` is redacted. An artifact has the id of the call that gave it. */
export async function keepResult(
  tx: Tx,
  { focusId, callId }: { focusId: string; callId: string },
  result: ToolResult,
): Promise<ToolResult> {
  const { content } = result;
  if (content.length <= WHOLE_MAX) return result;
  await insertArtifact(tx, { id: callId, focusId, content });
  const head = content.slice(0, HEAD).toWellFormed();
  const tail = content.slice(-TAIL).toWellFormed();
  const left = `[${content.length - HEAD - TAIL} characters left out here: read_artifact {"id": "${callId}", "offset": ${HEAD}} goes on]`;
  return { ...result, content: `${head}\n${left}\n${tail}` };
}
