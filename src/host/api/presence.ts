/**
 * Which process a connection belongs to. A client says so itself, and a command that an agent started could say anything; so each
 * connection is told of a file of its own, and its process holds that open. Linux shows who does; elsewhere nobody can be held to it.
 */
import { mkdirSync, readdirSync, readlinkSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { uuidv7 } from '../../rendezvous/ids.ts';
import type { Log } from '../engine/focus/types.ts';

export class Presence {
  /** Absolute; null where there is none. */
  readonly file: string | null;

  constructor(file: string | null) {
    this.file = file;
  }

  /** Whether the process has the file open. True where nobody can see that. */
  isOf(pid: number): boolean {
    if (process.platform !== 'linux') return true;
    return this.file !== null && openFilesOf(pid).includes(this.file);
  }

  end(): void {
    if (this.file !== null) rmSync(this.file, { force: true });
  }
}

/** One for a new connection. On a full disk there is no file, and whoever comes may do all but what is a person's. */
export function createPresence(folder: string, log: Log): Presence {
  if (process.platform !== 'linux') return new Presence(null);
  const file = path.join(folder, uuidv7());
  try {
    mkdirSync(folder, { recursive: true, mode: 0o700 });
    writeFileSync(file, '', { mode: 0o600 });
    return new Presence(file);
  } catch (error) {
    log('warn', 'client.no_presence', { message: (error as Error).message });
    return new Presence(null);
  }
}

/** [] for a process that is gone, or another user's. */
function openFilesOf(pid: number): string[] {
  const folder = `/proc/${pid}/fd`;
  try {
    return readdirSync(folder).flatMap((name) => linkOf(path.join(folder, name)));
  } catch {
    return []; // nobody whom we cannot look at has proven anything
  }
}

/** [] where it was closed meanwhile. */
function linkOf(file: string): string[] {
  try {
    return [readlinkSync(file)];
  } catch {
    return [];
  }
}
