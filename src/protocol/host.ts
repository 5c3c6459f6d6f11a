/** The host itself, and who may talk to it. */
import * as z from 'zod';

export const clientKind = z.enum(['cli', 'vscode', 'api']);

export const helloParams = z.strictObject({ client_nonce: z.string().regex(/^[0-9a-f]{64}$/) });
export const helloResult = z.object({
  server_nonce: z.string(),
  /** HMAC over both nonces: shows the client that the host knows the token, before the client says anything. */
  server_proof: z.string(),
  protocol: z.number(),
  oldest_protocol: z.number(),
});

export const initializeParams = z.strictObject({
  client_proof: z.string().regex(/^[0-9a-f]{64}$/),
  protocol: z.int(),
  client: z.strictObject({ kind: clientKind, version: z.string().max(50), build: z.string().max(64) }),
  /** The workspace folder's real path. */
  folder: z.string().min(1).max(4096),
  /** What the client has for database and home; a host that was spawned with something else says so. */
  database: z.string().max(200),
  home: z.string().max(4096),
});
export const initializeResult = z.object({
  instance_id: z.uuid(),
  store_id: z.uuid(),
  pid: z.number(),
  version: z.string(),
  build: z.string(),
  trusted: z.boolean().nullable(),
  warnings: z.array(z.string()),
  /** To be held open by the client's process for as long as the connection lasts; null where that would show nothing. */
  presence_file: z.string().nullable().default(null),
  /** What a person's key signs in person/prove: of this connection alone. Null where the host knows no such keys. */
  challenge: z.string().nullable().default(null),
});

/** May hold a password: no complaint quotes it. */
export const databaseUrl = z
  .string()
  .max(2000)
  .regex(/^postgres(ql)?:\/\//, { error: 'expected a URL that begins with postgres://', abort: true })
  .refine((url) => URL.canParse(url), 'expected a URL like postgres://user:password@host:5432/database');

export const databaseState = z.discriminatedUnion('kind', [
  z.object({ kind: z.literal('opening') }),
  z.object({ kind: z.literal('ready') }),
  z.object({ kind: z.literal('failed'), message: z.string(), next: z.string() }),
]);

const count = z.int().min(0);

/** The queue of one place. */
export const queueView = z.object({
  queued: count,
  /** Of the queued, those that are not for later. */
  claimable: count,
  /** For how long the oldest of those could have begun; null without any. */
  oldest_claimable_seconds: z.number().min(0).nullable(),
  running: count,
  running_by_faculty: z.record(z.string(), count),
  waiting: count,
  waiting_by_kind: z.record(z.string(), count),
  dead: count,
  /** Of the open work, what somebody has paused. */
  paused: count.default(0),
  /** Somebody has paused all of it. */
  all_paused: z.boolean().default(false),
  /** Queued work that nobody can take up now, by the reason. */
  unroutable: z.array(z.object({ reason: z.string(), count })),
});
export type QueueView = z.infer<typeof queueView>;

export const hostStatus = z.object({
  instance_id: z.uuid(),
  store_id: z.uuid(),
  pid: z.number(),
  version: z.string(),
  build: z.string(),
  folder: z.string(),
  store_folder: z.string(),
  started_at: z.iso.datetime(),
  database: databaseState,
  /** Why nothing new is begun; null where it is. */
  paused: z.string().nullable(),
  database_kind: z.enum(['pglite', 'postgres']),
  state: z.enum(['starting', 'serving', 'draining']),
  clients: z.number(),
  running: z.number(),
  queue: queueView.nullable(),
  /** Other places with work in the same database: by whom they are, or were last, served. */
  other_places: z
    .array(queueView.extend({ place: z.uuid(), served_by: z.string().nullable(), is_live: z.boolean() }))
    .default([]),
  /** What the place has spent today, in UTC, and what it may; null where that is not known or not limited. */
  today: z.object({ cost_usd: z.number(), max_cost_usd: z.number().nullable() }).nullable().optional(),
  credentials: z.array(z.string()),
  trusted: z.boolean().nullable(),
});
export type HostStatus = z.infer<typeof hostStatus>;

/** Whom a name would mean without the faculty of the workspace. */
export const shadowedFaculty = z.object({
  name: z.string(),
  faculty: z.string(),
  origin: z.enum(['bundled', 'personal']),
});

export const facultyView = z.object({
  name: z.string(),
  description: z.string(),
  origin: z.enum(['bundled', 'personal', 'workspace']),
  file: z.string(),
  accepts: z.array(z.string()),
  model: z.string().nullable(),
  tools: z.array(z.string()),
  max_concurrent: z.number().nullable(),
  max_attempts: z.number(),
  shadows: z.array(shadowedFaculty).default([]),
});
export type FacultyView = z.infer<typeof facultyView>;

/** A file that gives no faculty, and what to do about it. */
export const facultyProblem = z.object({ file: z.string(), message: z.string(), next: z.string() });

export const credentialOffer = z.strictObject({
  /** Of the credential, as the providers' table has it. */
  name: z.string().regex(/^[a-z][a-z0-9-]{0,39}$/),
  value: z.string().min(8).max(1000),
  /** The only origin it may be sent to. */
  origin: z.url(),
});
