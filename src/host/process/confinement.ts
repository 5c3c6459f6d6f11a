/**
 * Keeps a command away from folders that are none of its business, where the system offers that: bubblewrap on Linux,
 * sandbox-exec on macOS. The command still runs as the same user, with the same network; what remains within its reach is in docs/permissions.md.
 */
import { execFile } from 'node:child_process';
import { existsSync } from 'node:fs';

export type Confinement = {
  /** As in "bubblewrap" or "sandbox-exec". */
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
  const offered = OFFERED[process.platform];
  if (!offered) return undefined;
  usable ??= runs(offered.probe);
  if (!(await usable)) return undefined;
  const prefix = [...offered.argumentsFor(order), '/bin/sh', '-c'].map(quote).join(' ');
  return { name: offered.name, wrap: (command) => `exec ${prefix} ${quote(command)}` };
}

type Offered = {
  name: string;
  /** A command that succeeds where commands can be confined. It may be there and still be refused: in some containers, and where user namespaces are switched off. */
  probe: readonly string[];
  argumentsFor(order: ConfinementOrder): readonly string[];
};

const SEATBELT = '/usr/bin/sandbox-exec';

const OFFERED: Partial<Record<NodeJS.Platform, Offered>> = {
  linux: {
    name: 'bubblewrap',
    probe: ['bwrap', '--dev-bind', '/', '/', '--tmpfs', '/tmp', '--', '/bin/true'],
    argumentsFor: (order) => ['bwrap', ...bubblewrapArguments(order), '--'],
  },
  darwin: {
    name: 'sandbox-exec',
    probe: [SEATBELT, '-p', seatbeltProfile({ hidden: [], readOnly: [] }), '/usr/bin/true'],
    argumentsFor: (order) => [SEATBELT, '-p', seatbeltProfile(order)],
  },
};

/** The whole file system as it is, but for what is hidden or fixed. Everything ends with its parent. */
function bubblewrapArguments({ hidden, readOnly }: ConfinementOrder): string[] {
  return [
    ...['--dev-bind', '/', '/', '--die-with-parent'],
    ...readOnly.filter((path) => existsSync(path)).flatMap((path) => ['--ro-bind', path, path]),
    ...hidden.filter((path) => existsSync(path)).flatMap((path) => ['--tmpfs', path]),
  ];
}

/** Everything is allowed but what is hidden, and changes of what is fixed, whether that is there yet or not. */
export function seatbeltProfile({ hidden, readOnly }: ConfinementOrder): string {
  const within = (folder: string) => `(subpath ${JSON.stringify(folder)})`;
  return [
    '(version 1)',
    '(allow default)',
    ...readOnly.map((folder) => `(deny file-write* ${within(folder)})`),
    ...hidden.map((folder) => `(deny file-read* file-write* ${within(folder)})`),
  ].join('\n');
}

function runs([program = '', ...args]: readonly string[]): Promise<boolean> {
  const env = { PATH: process.env.PATH ?? '/usr/bin:/bin' };
  return new Promise((resolve) => {
    execFile(program, args, { timeout: PROBE_LIMIT_MS, env }, (error) => resolve(error === null));
  });
}

/** One word for the shell, whatever is in it. */
function quote(word: string): string {
  return `'${word.replaceAll("'", String.raw`'\''`)}'`;
}
