/**
 * From a path that a model wrote to a file inside the workspace, or a refusal. All workspace tools come through here; none
 * opens a path by itself.
 */
import { constants, type Stats } from 'node:fs';
import { type FileHandle, lstat, open, readlink, realpath, stat } from 'node:fs/promises';
import path from 'node:path';

/** `reason` is a clause for the model, in terms of the path it gave; it never tells what lies outside the workspace. */
export type PathRefusal = { kind: 'refused'; reason: string };

export type ResolvedPath = {
  kind: 'inside';
  /** Absolute, free of symbolic links as far as it exists. */
  real: string;
  /** From the workspace's folder, with forward slashes; `.` for the folder itself. */
  relative: string;
  exists: boolean;
};

export type OpenedFile = {
  kind: 'opened';
  /** For reading; the caller closes it. */
  handle: FileHandle;
  stats: Stats;
  real: string;
  relative: string;
};

type Steps = {
  /** For tests: runs between the check of a path and its use. */
  beforeOpen?: () => Promise<void>;
  platform?: NodeJS.Platform | undefined;
  closedFolder?: string | undefined;
};

const LONGEST_PATH = 4096;
const DEVICE_NAME = /^(?:con|prn|aux|nul|conin\$|conout\$|(?:com|lpt)[\d¹²³])(?:[ .:].*)?$/i;

/**
 * Resolves a path, relative to the workspace or absolute inside it. `workspace` is a real, absolute path. Symbolic links
 * are followed and must end inside. Nothing in `closedFolder` (real, absolute) is ever touched: closing any descriptor of
 * the lock's file in this process would release the store's lock. Device names of Windows are refused there, and elsewhere unless such a file exists.
 */
export async function resolveInWorkspace(
  workspace: string,
  given: string,
  platform: NodeJS.Platform = process.platform,
  closedFolder?: string,
): Promise<ResolvedPath | PathRefusal> {
  if (given === '' || given.length > LONGEST_PATH) return refused('a path has 1 to 4,096 characters');
  if (given.includes('\0')) return refused('a path cannot hold NUL characters');
  const absolute = path.resolve(workspace, given);
  if (!isInside(workspace, absolute)) return refused('it lies outside the workspace');
  const found = await deepestExisting(absolute);
  if (found.kind === 'refused') return found;
  if (!isInside(workspace, found.real)) return refused('it leads out of the workspace through a symbolic link');
  if (isClosed(closedFolder, path.join(found.real, ...found.missing))) return refused(CLOSED);
  const doubtful = platform === 'win32' ? path.relative(workspace, absolute).split(/[\\/]/) : found.missing;
  const device = doubtful.find((name) => DEVICE_NAME.test(name) || (platform === 'win32' && /:|[ .]$/.test(name)));
  if (device !== undefined) return refused(`${JSON.stringify(device)} is a device or cannot be a file name on Windows`);
  const real = path.join(found.real, ...found.missing);
  return { kind: 'inside', real, relative: relativeTo(workspace, real), exists: found.missing.length === 0 };
}

/**
 * Opens an existing file for reading. What was opened is compared with what was checked, so a folder or file that was
 * swapped for a symbolic link in between is noticed. Pipes and devices are refused without waiting for them.
 */
export async function openInWorkspace(
  workspace: string,
  given: string,
  steps: Steps = {},
): Promise<OpenedFile | PathRefusal> {
  const resolved = await resolveInWorkspace(workspace, given, steps.platform, steps.closedFolder);
  if (resolved.kind === 'refused') return resolved;
  if (!resolved.exists) return refused('there is no such file; list_files shows what there is');
  return await openReal(workspace, resolved.real, steps);
}

/** As `openInWorkspace`, for a path that is known to be real. */
export async function openReal(workspace: string, real: string, steps: Steps = {}): Promise<OpenedFile | PathRefusal> {
  if (isClosed(steps.closedFolder, real)) return refused(CLOSED);
  try {
    const before = await lstat(real);
    if (before.isDirectory()) return refused('it is a folder; list_files shows what is in it');
    if (!before.isFile()) return refused('it is no regular file (a pipe, socket, device or link)');
    await steps.beforeOpen?.();
    // Windows has neither flag; there the check afterwards stands alone.
    const handle = await open(real, constants.O_RDONLY | (constants.O_NOFOLLOW ?? 0) | (constants.O_NONBLOCK ?? 0));
    try {
      const stats = await handle.stat();
      if (stats.isFile() && (await isStillAt(handle, stats, workspace, real, steps.platform ?? process.platform))) {
        return { kind: 'opened', handle, stats, real, relative: relativeTo(workspace, real) };
      }
    } catch (error) {
      await handle.close();
      throw error;
    }
    await handle.close();
    return refused('it was replaced while it was being opened; try again');
  } catch (error) {
    return refusalOf(error);
  }
}

/** Whether the open file is the one that was checked, and inside the workspace. */
async function isStillAt(
  handle: FileHandle,
  stats: Stats,
  workspace: string,
  real: string,
  platform: NodeJS.Platform,
): Promise<boolean> {
  if (platform === 'linux') {
    const opened = await readlink(`/proc/self/fd/${handle.fd}`);
    return opened === real && isInside(workspace, opened);
  }
  const now = await realpath(real);
  const { dev, ino } = await stat(now);
  return now === real && isInside(workspace, now) && dev === stats.dev && ino === stats.ino;
}

async function deepestExisting(
  absolute: string,
): Promise<{ kind: 'found'; real: string; missing: string[] } | PathRefusal> {
  const missing: string[] = [];
  for (let at = absolute; ; at = path.dirname(at)) {
    try {
      return { kind: 'found', real: await realpath(at), missing };
    } catch (error) {
      if (codeOf(error) !== 'ENOENT' || path.dirname(at) === at) return refusalOf(error);
    }
    // A link whose target is missing would be created through, wherever it points.
    if (await isLink(at)) return refused('it leads through a symbolic link whose target is missing');
    missing.unshift(path.basename(at));
  }
}

async function isLink(at: string): Promise<boolean> {
  try {
    return (await lstat(at)).isSymbolicLink();
  } catch (error) {
    if (codeOf(error) === 'ENOENT' || codeOf(error) === 'ENOTDIR') return false;
    throw new Error(`Could not look at ${at}`, { cause: error });
  }
}

const CLOSED = "it lies in Animus's own folder, which tools do not touch";

/** Whether a real path is the closed folder or lies in it. */
export function isClosed(closedFolder: string | undefined, real: string): boolean {
  return closedFolder !== undefined && isInside(closedFolder, real);
}

/** True for the folder itself too. Both paths are absolute. */
export function isInside(folder: string, absolute: string): boolean {
  const relative = path.relative(folder, absolute);
  return relative !== '..' && !relative.startsWith(`..${path.sep}`) && !path.isAbsolute(relative);
}

function relativeTo(workspace: string, real: string): string {
  return path.relative(workspace, real).split(path.sep).join('/') || '.';
}

/** What the file system refused, as a clause for the model. Throws what no path can be blamed for. */
export function refusalOf(error: unknown): PathRefusal {
  switch (codeOf(error)) {
    case 'ENOENT':
      return refused('there is no such file or folder; list_files shows what there is');
    case 'ENOTDIR':
      return refused('a part of it is a file, not a folder');
    case 'EACCES':
    case 'EPERM':
      return refused('the system does not permit reading it');
    case 'ELOOP':
      return refused('its symbolic links lead in a circle, or it was replaced by one just now');
    case 'ENAMETOOLONG':
      return refused('it is too long for the file system');
    case 'EISDIR':
      return refused('it is a folder; list_files shows what is in it');
    case 'EBUSY':
      return refused('another program holds it; try again later');
    case 'EINVAL':
    case 'ENXIO':
    case 'ENODEV':
      return refused('it is no regular file');
    default:
      throw new Error('Could not read the workspace', { cause: error });
  }
}

function codeOf(error: unknown): unknown {
  return error instanceof Error && 'code' in error ? error.code : undefined;
}

function refused(reason: string): PathRefusal {
  return { kind: 'refused', reason };
}
