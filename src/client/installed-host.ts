/**
 * The host runs from a copy of its build under $ANIMUS_HOME: the folder it came from may go with an update while it
 * still serves.
 */
import { cpSync, existsSync, mkdirSync, renameSync, rmSync } from 'node:fs';
import path from 'node:path';
import type { BuildInfo } from '../rendezvous/build-info.ts';

/** `hosts/<version>-<build>/`, complete once it exists. Returns the host's entry file. */
export function installHost(home: string, bundle: string, build: BuildInfo): string {
  const hosts = path.join(home, 'hosts');
  const target = path.join(hosts, `${build.version}-${build.build}`);
  if (!existsSync(target)) {
    mkdirSync(hosts, { recursive: true, mode: 0o700 });
    const aside = `${target}.${process.pid}.new`;
    cpSync(bundle, aside, { recursive: true });
    moveIntoPlace(aside, target);
  }
  return path.join(target, 'main.mjs');
}

/** Where another process was quicker its copy is as good, being named by the same hash. */
function moveIntoPlace(aside: string, target: string): void {
  try {
    renameSync(aside, target);
  } catch (error) {
    rmSync(aside, { recursive: true, force: true });
    if (!existsSync(target)) throw error;
  }
}
