/** What those need who write for a focus within a transaction that somebody else has opened. */
import type { Tx } from '../../db/types.ts';
import type { Lease } from '../../store/work/leases.ts';
import type { Redactor } from '../redaction/redactor.ts';

/** The transaction has proven the lease. */
export type Writing = { tx: Tx; lease: Lease; redactor: Redactor };
