/** What agents did to files, on the wire. */
import * as z from 'zod';

export const fileChangeView = z.object({
  /** Of the call that made it. */
  id: z.uuid(),
  short_id: z.string(),
  work_item_id: z.uuid(),
  focus_id: z.uuid(),
  /** From the workspace's folder, with forward slashes. */
  path: z.string(),
  kind: z.enum(['created', 'changed']),
  added: z.number(),
  removed: z.number(),
  /** Unified, without headers; in a list its beginning. */
  diff: z.string(),
  /** False where a secret was in the old text, which was not kept. */
  undoable: z.boolean(),
  created_at: z.iso.datetime(),
  undone_at: z.iso.datetime().nullable(),
});
export type FileChangeView = z.infer<typeof fileChangeView>;
