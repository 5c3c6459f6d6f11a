/** The hooks there are, and which of a workspace's a person accepted. */
import * as z from 'zod';

export const hookView = z.object({
  name: z.string(),
  origin: z.enum(['personal', 'workspace']),
  /** `changed`: what was accepted before runs until the new content is accepted. `broken`: it gives no hook. */
  state: z.enum(['active', 'disabled', 'broken', 'new', 'changed', 'untrusted']),
  description: z.string().nullable(),
  events: z.array(z.string()),
  matcher: z.string().nullable(),
  command: z.string().nullable(),
  mode: z.string().nullable(),
  priority: z.number().nullable(),
  /** Absolute. */
  folder: z.string(),
  /** Of all that is in a workspace's folder now; null where it cannot be accepted, and for personal ones. */
  hash: z.string().nullable(),
  /** What is wrong with it. */
  problem: z.string().nullable(),
});
export type HookView = z.infer<typeof hookView>;

export const hookListResult = z.object({ hooks: z.array(hookView) });

export const hookAcceptParams = z.strictObject({
  name: z.string().regex(/^[a-z0-9][a-z0-9_-]{0,63}$/),
  /** Of the content that the person has seen. */
  hash: z.string().regex(/^[0-9a-f]{64}$/),
  /** The host checks that this process does not descend from a focus. */
  pid: z.int().min(2),
});
