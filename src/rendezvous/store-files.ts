/** The two small files of a store that clients read too: what the store is, and which host runs it. */
import { readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import * as z from 'zod';

const storeFile = z.object({
  /** The store's identity, and the `place` of all its work. */
  store_id: z.uuid(),
  folders: z.array(z.string()).min(1),
  postgres_major: z.number(),
});
export type StoreFile = z.infer<typeof storeFile>;

const hostFile = z.object({
  instance_id: z.uuid(),
  store_id: z.uuid(),
  pid: z.int().min(2),
  host_name: z.string(),
  /** Linux's identity of the pid namespace; '' elsewhere. A pid means something only within it. */
  pid_namespace: z.string(),
  socket: z.string(),
  version: z.string(),
  build: z.string(),
  /** What a client proves that it may talk to the host. */
  token: z.string().regex(/^[0-9a-f]{64}$/),
  started_at: z.iso.datetime(),
});
export type HostFile = z.infer<typeof hostFile>;

/** Why a host could not start, left for the client that spawned it. */
const startFailure = z.object({ kind: z.string(), message: z.string(), next: z.string() });
export type StartFailure = z.infer<typeof startFailure>;

const STORE_FILE = 'store.json';
const HOST_FILE = 'host.json';

export type FileResult<T> = { kind: 'read'; value: T } | { kind: 'absent' } | { kind: 'broken'; reason: string };

function readJson<T>(file: string, schema: z.ZodType<T>): FileResult<T> {
  let text: string;
  try {
    text = readFileSync(file, 'utf8');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return { kind: 'absent' };
    throw error;
  }
  try {
    const parsed = schema.safeParse(JSON.parse(text));
    if (parsed.success) return { kind: 'read', value: parsed.data };
    return { kind: 'broken', reason: `${file}: ${z.prettifyError(parsed.error)}` };
  } catch (error) {
    return { kind: 'broken', reason: `${file} is not JSON: ${(error as Error).message}` };
  }
}

/** Written aside and renamed, so that a reader never sees half of it. Mode 0600. */
function writeJson(file: string, value: unknown): void {
  const aside = `${file}.${process.pid}.new`;
  writeFileSync(aside, `${JSON.stringify(value, null, 2)}\n`, { mode: 0o600 });
  renameSync(aside, file);
}

export const readStoreFile = (store: string) => readJson(path.join(store, STORE_FILE), storeFile);
export const writeStoreFile = (store: string, value: StoreFile) => writeJson(path.join(store, STORE_FILE), value);

export const readHostFile = (store: string) => readJson(path.join(store, HOST_FILE), hostFile);
export const writeHostFile = (store: string, value: HostFile) => writeJson(path.join(store, HOST_FILE), value);
export const removeHostFile = (store: string) => rmSync(path.join(store, HOST_FILE), { force: true });

/** A backup that the next host takes instead of what is in the store. */
export const pendingRestoreFile = (store: string) => path.join(store, 'db', 'restore.tar.gz');

/** Says, where it is there, which database the embedded one was moved to. */
export const movedMarkerFile = (store: string) => path.join(store, 'db', 'moved-to');

/** Says, where it is there, that the next host forgets who may decide. */
export const personResetFile = (store: string) => path.join(store, 'person-reset');

/** A file for each connection, which its client's process holds open. */
export const presenceFolder = (store: string) => path.join(store, 'presence');

const startFailureFile = (store: string, spawnId: string) => path.join(store, `start-${spawnId}.json`);

export const writeStartFailure = (store: string, spawnId: string, value: StartFailure) =>
  writeJson(startFailureFile(store, spawnId), value);

/** Reads and removes it. */
export function takeStartFailure(store: string, spawnId: string): StartFailure | undefined {
  const file = startFailureFile(store, spawnId);
  const result = readJson(file, startFailure);
  rmSync(file, { force: true });
  return result.kind === 'read' ? result.value : undefined;
}
