/** Who may approve, answer, trust and accept: holders of keys that were enrolled. */
import * as z from 'zod';
import { clientKind } from './host.ts';
import { storableText } from './json.ts';
import { idText } from './work.ts';

const pid = z.int().min(2);

export const personProveParams = z.strictObject({
  /** Ed25519, base64 of its SPKI. */
  public_key: z.string().regex(/^[A-Za-z0-9+/]{40,100}={0,2}$/),
  /** Over the connection's challenge, in base64. */
  signature: z.string().regex(/^[A-Za-z0-9+/]{40,200}={0,2}$/),
});
export const personProveResult = z.object({
  /** `removed`: it was enrolled once, and somebody took that back. */
  state: z.enum(['enrolled', 'removed', 'unknown']),
  /** Whether any key is enrolled here. Where none is, the first to enroll needs no code. */
  anybody: z.boolean(),
});
export type PersonProof = z.infer<typeof personProveResult>;

/** An invitation's code: letters and digits, none of which is taken for another. */
export const CODE_LENGTH = 8;
export const CODE_LETTERS = '23456789ABCDEFGHJKMNPQRSTVWXYZ';

/** Typed by hand: spaces, hyphens and the case do not count. */
export const enrollmentCode = z
  .string()
  .max(40)
  .transform((text) => text.replace(/[\s-]/g, '').toUpperCase())
  .refine((text) => text.length === CODE_LENGTH && [...text].every((letter) => CODE_LETTERS.includes(letter)), {
    error: 'expected a code like ABCD-2345',
  });

export const personKeyView = z.object({
  id: z.uuid(),
  short_id: z.string(),
  kind: clientKind,
  name: z.string(),
  enrolled_at: z.iso.datetime(),
  last_used_at: z.iso.datetime().nullable(),
  /** What the one is called who let it in; null for the first one. */
  invited_by: z.string().nullable(),
  /** The key of this connection. */
  own: z.boolean(),
});
export type PersonKeyView = z.infer<typeof personKeyView>;

/** `pid` as in trust/grant. */
export const personEnrollParams = z.strictObject({
  /** What the list shows it as. */
  name: storableText.min(1).max(100),
  code: enrollmentCode.optional(),
  pid,
});
export const personKeyResult = z.object({ key: personKeyView });

export const personInviteParams = z.strictObject({ pid });
export const personInviteResult = z.object({ code: z.string(), expires_at: z.iso.datetime() });

export const personRemoveParams = z.strictObject({ id: idText, pid });
export const personListResult = z.object({ keys: z.array(personKeyView) });
