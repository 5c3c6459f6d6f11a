/**
 * Keeps a command away from folders that are none of its business, where the system offers that: bubblewrap on Linux. The
 * command still runs as the same user, with the same network; what remains within its reach is in docs/permissions.md.
 */
import { execFile } from 'node:child_process';
import { existsSync } from 'node:fs';

export type Confinement = {
  /** As in "bubblewrap". */
  name: string;
  /** The command for a shell that runs it confined. */
  wrap(command: string): string;
};

export type ConfinementOrder = {
  /** Absolute. They are empty for the command. */
  hidden: readonly string[];
  /** Absolute. The command reads them and cannot change them; those that are not there are left out. */
  readOnly: readonly string[];
};

const PROBE_LIMIT_MS = 5000;

let usable: Promise<boolean> | undefined;

/** Undefined where the system has nothing of the kind, or does not let us use it. Looked for once in a process's life. */
export async function findConfinement(order: ConfinementOrder): Promise<Confinement | undefined> {
  if (process.platform !== 'linux') return undefined;
  usable ??= isBubblewrapUsable();
  if (!(await usable)) return undefined;
  const prefix = ['bwrap', ...bubblewrapArguments(order), '--', '/bin/sh', '-c'].map(quote).join(' ');
  return { name: 'bubblewrap', wrap: (command) => `exec ${prefix} ${quote(command)}` };
}

/** The whole file system as it is, but for what is hidden or fixed. Everything ends with its parent. */
function bubblewrapArguments({ hidden, readOnly }: ConfinementOrder): string[] {
  return [
    ...['--dev-bind', '/', '/', '--die-with-parent'],
    ...readOnly.filter((path) => existsSync(path)).flatMap((path) => ['--ro-bind', path, path]),
    ...hidden.filter((path) => existsSync(path)).flatMap((path) => ['--tmpfs', path]),
  ];
}

/** It may be there and still be refused: in some containers, and where user namespaces are switched off. */
function isBubblewrapUsable(): Promise<boolean> {
  const probe = ['--dev-bind', '/', '/', '--tmpfs', '/tmp', '--', '/bin/true'];
  const env = { PATH: process.env.PATH ?? '/usr/bin:/bin' };
  return new Promise((resolve) => {
    execFile('bwrap', probe, { timeout: PROBE_LIMIT_MS, env }, (error) => resolve(error === null));
  });
}

/** One word for the shell, whatever is in it. */
function quote(word: string): string {
  return `'${word.replaceAll("'", String.raw`'\''`)}'`;
}
