/** Attach to the store's host, or start one: what every client does first. */
import { mkdirSync } from 'node:fs';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { AnimusError, ERROR_CODES, type ErrorKind } from '../protocol/errors.ts';
import { compareVersions } from '../rendezvous/build-info.ts';
import { type FileLock, tryLock } from '../rendezvous/file-lock.ts';
import { randomHex } from '../rendezvous/proof.ts';
import { readHostFile, takeStartFailure } from '../rendezvous/store-files.ts';
import { attach, type ClientIdentity, type HostClient, HostGone } from './host-client.ts';
import { installHost } from './installed-host.ts';
import { spawnHost } from './spawn-host.ts';

export type HostLocation = {
  identity: ClientIdentity;
  store: string;
  /** The folder of the host's bundle. */
  bundle: string;
  env: NodeJS.ProcessEnv;
};

const START_WITHIN_MS = 30_000;
const POLL_MS = 25;

/** Attaches to a running host. Undefined where there is none. */
export async function attachIfRunning(location: HostLocation): Promise<HostClient | undefined> {
  const file = readHostFile(location.store);
  if (file.kind !== 'read') return undefined;
  try {
    return await attach(file.value, location.identity);
  } catch (error) {
    if (error instanceof HostGone) return undefined;
    throw error;
  }
}

/**
 * Attaches, or spawns a host and attaches to it. Of many clients at once one spawns and the others wait for its host.
 * Throws AnimusError `host_unreachable`, or with what the host said when it could not start.
 */
export async function findOrStartHost(location: HostLocation): Promise<HostClient> {
  let deadline = Date.now() + START_WITHIN_MS;
  mkdirSync(location.store, { recursive: true, mode: 0o700 });
  while (Date.now() < deadline) {
    const client = await attachIfRunning(location);
    if (client && !(await drainedForNewer(client, location))) return client;
    // An older host may have taken its time to reach a recorded point.
    if (client) deadline = Date.now() + START_WITHIN_MS;
    const lock = tryLock(path.join(location.store, 'spawn.db'));
    if (lock) {
      const started = await startUnderLock(location, lock, deadline);
      if (started) return started;
    } else await sleep(POLL_MS);
  }
  throw unreachable(location.store);
}

/** Newer wins: an older host is asked to leave, and the caller goes on to start its own. */
async function drainedForNewer(client: HostClient, { identity }: HostLocation): Promise<boolean> {
  if (compareVersions(identity.build.version, client.host.version) <= 0) return false;
  await client.request('host/drain', { reason: `client ${identity.build.version} is newer` });
  await client.closed;
  return true;
}

async function startUnderLock(location: HostLocation, lock: FileLock, deadline: number) {
  try {
    // Between our look and the lock another client may have been quicker.
    const present = await attachIfRunning(location);
    if (present && !(await drainedForNewer(present, location))) return present;
    return await start(location, deadline);
  } finally {
    lock.release();
  }
}

async function start(location: HostLocation, deadline: number): Promise<HostClient | undefined> {
  const { identity, store, bundle, env } = location;
  const spawnId = randomHex().slice(0, 16);
  const entry = installHost(identity.home, bundle, identity.build);
  const child = spawnHost({ entry, store, folder: identity.folder, spawnId, env });
  let exit: string | undefined;
  child.once('error', (error) => {
    exit = error.message;
  });
  child.once('exit', (code, signal) => {
    exit = `it ended with ${signal ?? `code ${code}`}`;
  });
  while (Date.now() < deadline) {
    const client = await attachIfRunning(location);
    if (client) return client;
    if (exit !== undefined) return afterExit(store, spawnId, exit);
    await sleep(POLL_MS);
  }
  throw unreachable(store);
}

/** A host that left because another has the store is no failure: undefined, and the caller looks for the other. */
function afterExit(store: string, spawnId: string, exit: string): undefined {
  const failure = takeStartFailure(store, spawnId);
  if (failure) {
    const kind = failure.kind in ERROR_CODES ? (failure.kind as ErrorKind) : 'internal';
    throw new AnimusError(kind, failure.message, failure.next);
  }
  if (exit !== 'it ended with code 0') {
    throw new AnimusError(
      'host_unreachable',
      `The host did not start: ${exit}. Nothing was lost.`,
      `Its last words are in ${path.join(store, 'logs')}.`,
    );
  }
}

function unreachable(store: string): AnimusError {
  return new AnimusError(
    'host_unreachable',
    'No host answered within 30 s. What was submitted before is kept.',
    `See ${path.join(store, 'logs')}, then run the command again.`,
  );
}
