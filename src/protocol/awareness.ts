/** What a focus is told of the other work of its place. */
import * as z from 'zod';
import { storableText } from './json.ts';

export const digestLists = z.object({
  active: z.array(
    z.object({
      work_item_id: z.uuid(),
      faculty: z.string(),
      description: z.string(),
      /** Null where it runs. */
      waits_for: z.string().nullable(),
      since: z.iso.datetime(),
      plan: z.string().nullable(),
    }),
  ),
  completed: z.array(
    z.object({
      work_item_id: z.uuid(),
      faculty: z.string(),
      description: z.string(),
      end: z.enum(['done', 'failed', 'dead']),
      summary: z.string(),
      at: z.iso.datetime(),
    }),
  ),
  findings: z.array(
    z.object({
      entry_id: z.uuid(),
      work_item_id: z.uuid(),
      faculty: z.string(),
      seq: z.number(),
      content: z.string(),
      files: z.array(z.string()),
      at: z.iso.datetime(),
    }),
  ),
});
/** What stands in a digest's text, in its order; long texts are cut. */
export type DigestLists = z.infer<typeof digestLists>;

export const awarenessShowParams = z.strictObject({
  /** The digest that this focus got; without it, what the next focus of `faculty` would get. */
  focus_id: z.uuid().optional(),
  faculty: storableText.max(100).default('general'),
});

export const awarenessView = z.object({
  /** Null for the next one. */
  focus_id: z.uuid().nullable(),
  faculty: z.string(),
  /** When it was built: now, for the next one. */
  built_at: z.iso.datetime(),
  /** As the model reads it; '' where there is nothing to tell, or awareness is switched off. */
  text: z.string(),
  /** Estimated. */
  tokens: z.number(),
  lists: digestLists,
});
export type AwarenessView = z.infer<typeof awarenessView>;
