/** Starts a detached host for a store. It outlives whoever started it. */
import { type ChildProcess, spawn } from 'node:child_process';
import { closeSync, mkdirSync, openSync } from 'node:fs';
import path from 'node:path';
import { BUILT_IN } from '../host/providers/built-in.ts';
import { keyVariables } from '../host/providers/keys.ts';

/**
 * Variables that never enter the host's environment: keys are offered over the connection instead. Those that only a
 * configuration names are left out by whoever read it.
 */
const KEY_VARIABLES = new Set(keyVariables(BUILT_IN));

/**
 * A debugger's NODE_OPTIONS or VS Code's own variables would tie the host to the window that started it, and a run's
 * marker to the command that did.
 */
const DROPPED = /^(VSCODE_|ELECTRON_|NODE_OPTIONS$|NODE_CHANNEL_FD$|ANIMUS_RUN$)/;

export type SpawnOptions = {
  /** The host's entry file. */
  entry: string;
  store: string;
  folder: string;
  /** Names the file in which a failed start is reported. */
  spawnId: string;
  env: NodeJS.ProcessEnv;
};

export function spawnHost(options: SpawnOptions): ChildProcess {
  const logs = path.join(options.store, 'logs');
  mkdirSync(logs, { recursive: true, mode: 0o700 });
  // What the host's logger does not catch: a crash of Node itself, warnings.
  const log = openSync(path.join(logs, 'host.stderr.log'), 'a', 0o600);
  try {
    const child = spawn(
      process.execPath,
      [options.entry, '--store', options.store, '--folder', options.folder, '--spawn-id', options.spawnId],
      {
        detached: true,
        windowsHide: true,
        cwd: options.store,
        stdio: ['ignore', log, log],
        env: hostEnvironment(options.env),
      },
    );
    child.unref();
    return child;
  } finally {
    closeSync(log);
  }
}

/** The spawner's environment without keys and without what belongs to an editor or a debugger. */
export function hostEnvironment(env: NodeJS.ProcessEnv): NodeJS.ProcessEnv {
  const kept = Object.entries(env).filter(([name]) => !DROPPED.test(name) && !KEY_VARIABLES.has(name));
  return { ...Object.fromEntries(kept), ELECTRON_RUN_AS_NODE: '1' };
}
