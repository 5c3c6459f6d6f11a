/** What lies in the folder of a person's own hooks, as it is now. */
import { readdirSync, statSync } from 'node:fs';
import path from 'node:path';
import { HOOK_FILE, HOOK_NAME, type HookProblem } from './hook.ts';

export type FoundFolder = { name: string; folder: string };

/** More folders than anybody has hooks. */
export const MOST_HOOKS = 200;

/** The folders that are named as hooks are; links are followed, since the folder is the person's own. */
export function findFolders(root: string): { folders: FoundFolder[]; problem: HookProblem | undefined } {
  try {
    const names = readdirSync(root).filter((name) => HOOK_NAME.test(name));
    const folders = names
      .sort()
      .slice(0, MOST_HOOKS)
      .map((name) => ({ name, folder: path.join(root, name) }));
    return { folders: folders.filter(({ folder }) => isFolder(folder)), problem: undefined };
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException;
    if (code === 'ENOENT' || code === 'ENOTDIR') return { folders: [], problem: undefined };
    const problem = { name: '', origin: 'personal' as const, file: root, message: `${root}: ${message}` };
    return { folders: [], problem: { ...problem, next: 'Make the folder readable.' } };
  }
}

/** Changes when anything directly in the folders does. */
export function stampOf(folders: readonly FoundFolder[]): string {
  return folders.map(({ name, folder }) => `${name}:${stampOfFolder(folder)}`).join(',');
}

function stampOfFolder(folder: string): string {
  try {
    const names = readdirSync(folder).sort();
    return names.map((name) => `${name}=${fileStamp(path.join(folder, name))}`).join(';');
  } catch (error) {
    return String((error as NodeJS.ErrnoException).code);
  }
}

/** Of the hook itself: its file, and what its command names. What it writes beside these changes nothing. */
export function versionOf(folder: string, command: string): string {
  const names = readdirSync(folder).filter((name) => name === HOOK_FILE || command.includes(name));
  return names
    .sort()
    .map((name) => `${name}=${fileStamp(path.join(folder, name))}`)
    .join(';');
}

function fileStamp(file: string): string {
  const stat = statSync(file, { throwIfNoEntry: false });
  return stat ? `${stat.mtimeMs}/${stat.size}/${stat.mode}` : 'gone';
}

function isFolder(file: string): boolean {
  return statSync(file, { throwIfNoEntry: false })?.isDirectory() ?? false;
}
