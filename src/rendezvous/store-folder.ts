/** Where the store of a workspace lies: the one rule by which every client and the host meet. */
import { createHash } from 'node:crypto';
import { existsSync, realpathSync } from 'node:fs';
import { homedir } from 'node:os';
import path from 'node:path';

/** $ANIMUS_HOME, or ~/.animus. An empty value counts as none. */
export function animusHome(env: NodeJS.ProcessEnv): string {
  return path.resolve(env.ANIMUS_HOME || path.join(homedir(), '.animus'));
}

/** `<home>/stores/<folder name>-<8 hex of its real path>`. `folder` must exist. */
export function storeFolder(home: string, folder: string): string {
  const real = realpathSync(folder);
  // Windows and macOS compare paths without case; Linux does not.
  const key = process.platform === 'linux' ? real : real.toLowerCase();
  const hash = createHash('sha256').update(key).digest('hex').slice(0, 8);
  const name =
    path
      .basename(real)
      .replace(/[^A-Za-z0-9._-]/g, '_')
      .slice(0, 40) || 'root';
  return path.join(home, 'stores', `${name}-${hash}`);
}

/**
 * The workspace that a command started in `start` is about: the nearest folder above that has a store, else the git
 * root, else `start` itself. Returns a real path.
 */
export function findWorkspace(home: string, start: string): string {
  const real = realpathSync(start);
  const above = ancestors(real);
  return (
    above.find((folder) => existsSync(path.join(storeFolder(home, folder), 'store.json'))) ??
    above.find((folder) => existsSync(path.join(folder, '.git'))) ??
    real
  );
}

function ancestors(folder: string): string[] {
  const parent = path.dirname(folder);
  return parent === folder ? [folder] : [folder, ...ancestors(parent)];
}
