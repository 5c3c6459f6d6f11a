/** What the command's exit says to a script. */
import type { ErrorKind } from '../../protocol/errors.ts';
import { AnimusError } from '../../protocol/errors.ts';

export const EXIT = {
  done: 0,
  /** The work itself failed. */
  workFailed: 1,
  usage: 2,
  /** Host or store cannot be reached. */
  unreachable: 3,
  /** The work waits for a person. */
  waitsForPerson: 4,
  /** Not trusted, or not permitted. */
  refused: 5,
  interrupted: 130,
} as const;

const BY_KIND: Record<ErrorKind, number> = {
  invalid_params: EXIT.usage,
  internal: EXIT.unreachable,
  wrong_token: EXIT.unreachable,
  not_initialized: EXIT.unreachable,
  client_too_old: EXIT.unreachable,
  draining: EXIT.unreachable,
  store_unavailable: EXIT.unreachable,
  store_newer: EXIT.unreachable,
  store_altered: EXIT.unreachable,
  network_folder: EXIT.unreachable,
  not_embedded: EXIT.usage,
  store_moved: EXIT.unreachable,
  target_not_empty: EXIT.usage,
  untrusted_folder: EXIT.refused,
  not_permitted: EXIT.refused,
  faculty_not_accepted: EXIT.refused,
  not_enrolled: EXIT.refused,
  unknown_faculty: EXIT.usage,
  broken_faculty: EXIT.usage,
  not_found: EXIT.usage,
  ambiguous_id: EXIT.usage,
  malformed_id: EXIT.usage,
  bad_config: EXIT.usage,
  unknown_model: EXIT.usage,
  wrong_state: EXIT.usage,
  bad_pattern: EXIT.usage,
  host_unreachable: EXIT.unreachable,
  host_running: EXIT.usage,
};

export function exitCodeOf(error: unknown): number {
  return error instanceof AnimusError ? BY_KIND[error.kind] : EXIT.unreachable;
}
