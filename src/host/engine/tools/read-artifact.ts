import * as z from 'zod';
import { readArtifact } from '../../store/foci/artifacts.ts';
import { defineTool } from '../engage/tool.ts';
import { textPage } from './text-page.ts';
import { failure } from './tool-text.ts';

/** Reads a tool's result of which only head and tail came back. */
export const readArtifactTool = defineTool({
  name: 'read_artifact',
  description:
    'Read the whole of a long result, of which you were shown head and tail, in pages. id: as the result names it. offset: ' +
    "the character to begin at, as the result or the last page's last line says.",
  kind: 'store',
  effect: 'read',
  timeoutMs: 30_000,
  input: z.strictObject({
    id: z.uuid('expected the id that the result names'),
    offset: z.int().min(0).max(2_000_000_000).default(0),
  }),
  async run({ id, offset }, { workItemId }, tx) {
    const text = await readArtifact(tx, { id, workItemId });
    if (text === undefined) return failure(`This work has no artifact ${id}.`);
    const page = textPage(text, offset);
    return page === undefined
      ? failure(`It has ${text.length} characters; begin below that.`)
      : { content: page, isError: false };
  },
});
