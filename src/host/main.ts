/** The host's process: parses what it was spawned with, takes the store's lock, and serves until there is nothing to do. */
import path from 'node:path';
import { parseArgs } from 'node:util';
import { AnimusError } from '../protocol/errors.ts';
import { readBuildInfo } from '../rendezvous/build-info.ts';
import { tryLock } from '../rendezvous/file-lock.ts';
import { writeStartFailure } from '../rendezvous/store-files.ts';
import { animusHome } from '../rendezvous/store-folder.ts';
import { findAssets } from './config/assets.ts';
import { loadConfig } from './config/config.ts';
import { requireLocalFolder } from './config/network-folder.ts';
import { Host } from './host.ts';

async function main(): Promise<void> {
  const { values } = parseArgs({
    options: { store: { type: 'string' }, folder: { type: 'string' }, 'spawn-id': { type: 'string' } },
  });
  const { store, folder, 'spawn-id': spawnId } = values;
  if (!store || !folder) throw new Error('A host is started with --store and --folder.');
  try {
    await serve(store, folder);
  } catch (error) {
    if (spawnId) writeStartFailure(store, spawnId, startFailure(error));
    throw error;
  }
}

async function serve(store: string, folder: string): Promise<void> {
  const home = animusHome(process.env);
  const config = loadConfig(home, process.env);
  if (config.database.url === null) requireLocalFolder(store);
  const lock = tryLock(path.join(store, 'lock.db'));
  if (!lock) {
    console.error('Another host has this store; leaving it to that one.');
    return;
  }
  const here = import.meta.dirname;
  const host = new Host({
    store,
    folder,
    home,
    config,
    env: process.env,
    assets: findAssets(here, import.meta.url.endsWith('.mjs')),
    build: readBuildInfo(here),
  });
  for (const signal of ['SIGTERM', 'SIGINT'] as const) process.on(signal, () => host.drain(signal));
  // Where even stderr is gone (a full disk, say) there is nobody left to tell, and that is no reason to end.
  process.stderr.on('error', () => undefined);
  process.on('SIGHUP', () => undefined); // a terminal that closes is no reason to leave
  // One that is asked to leave while it starts has closed its database, and its start would wait for that in vain.
  await Promise.race([host.start(), host.left]);
  await host.left;
  lock.release();
  process.exit(0);
}

function startFailure(error: unknown) {
  if (error instanceof AnimusError) return { kind: error.kind, message: error.message, next: error.next };
  return {
    kind: 'internal',
    message: `The host did not start: ${(error as Error).message}`,
    next: 'The log in the logs folder of the store has more.',
  };
}

main().catch((error) => {
  console.error(error);
  process.exit(1);
});
