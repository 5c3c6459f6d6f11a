/**
 * Every error that crosses the wire. `kind` is what programs decide on, `message` says what happened and what was kept,
 * `next` what to do about it. Codes below -32000 are JSON-RPC's own.
 */
import * as z from 'zod';

export const ERROR_CODES = {
  invalid_params: -32602,
  internal: -32603,
  wrong_token: 1001,
  not_initialized: 1002,
  client_too_old: 1003,
  draining: 1004,
  store_unavailable: 1101,
  store_newer: 1102,
  store_altered: 1103,
  network_folder: 1104,
  not_embedded: 1105,
  store_moved: 1106,
  target_not_empty: 1107,
  untrusted_folder: 1201,
  not_permitted: 1202,
  faculty_not_accepted: 1203,
  not_enrolled: 1204,
  unknown_faculty: 1301,
  broken_faculty: 1302,
  not_found: 1303,
  ambiguous_id: 1304,
  malformed_id: 1305,
  bad_config: 1306,
  unknown_model: 1307,
  wrong_state: 1308,
  bad_pattern: 1309,
  host_unreachable: 1401,
  host_running: 1402,
} as const;

export type ErrorKind = keyof typeof ERROR_CODES;

export const errorData = z.object({
  kind: z.enum(Object.keys(ERROR_CODES) as [ErrorKind, ...ErrorKind[]]),
  next: z.string(),
});
export type ErrorData = z.infer<typeof errorData>;

/** An error that a user can meet. Thrown by handlers and by the client; translated to the wire in one place each. */
export class AnimusError extends Error {
  override name = 'AnimusError';
  readonly kind: ErrorKind;
  readonly next: string;

  constructor(kind: ErrorKind, message: string, next: string, options?: ErrorOptions) {
    super(message, options);
    this.kind = kind;
    this.next = next;
  }
}
