/** What the conversation keeps of a tool's result: all of it, or head and tail of a long one, whose whole becomes a row. */
import type { Tx } from '../../db/types.ts';
import { insertArtifact } from '../../store/foci/artifacts.ts';
import type { ToolResult } from '../engage/tool.ts';
import { cutAfter, cutBefore } from '../tools/cut-text.ts';

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
  const [headEnd, tailStart] = [cutBefore(content, HEAD), cutAfter(content, content.length - TAIL)];
  const left = `[${tailStart - headEnd} characters left out here: read_artifact {"id": "${callId}", "offset": ${headEnd}} goes on]`;
  return {
    ...result,
    content: `${content.slice(0, headEnd).replace(/\n$/, '')}\n${left}\n${content.slice(tailStart)}`,
  };
}
