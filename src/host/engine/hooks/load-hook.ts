/** Reads one hook's folder. What is wrong with it is data. */
import { readFileSync, statSync } from 'node:fs';
import path from 'node:path';
import * as z from 'zod';
import { FRONTMATTER_FILE_MAX, readFrontmatter } from '../frontmatter/frontmatter.ts';
import { HOOK_FILE, type Hook, type HookProblem, hookSchema } from './hook.ts';

/** `name` is the folder's, which the hook's has to be. */
export function loadHook(
  name: string,
  { folder, origin, version }: Pick<Hook, 'folder' | 'origin' | 'version'>,
): Hook | HookProblem {
  const file = path.join(folder, HOOK_FILE);
  const problem = (what: string): HookProblem => {
    const next = `Correct the file, say enabled: false in it, or remove the folder; it is read again by itself.`;
    return { name, origin, file, message: `${file}: ${what}`, next };
  };
  const bytes = readFile(file);
  if (typeof bytes === 'string') return problem(bytes);
  const read = readFrontmatter(bytes);
  if (read.kind === 'unreadable') return problem(read.reason);
  const parsed = hookSchema.safeParse(read.data);
  if (!parsed.success) return problem(z.prettifyError(parsed.error));
  if (parsed.data.name !== name) return problem(`its name is ${parsed.data.name}, and its folder is called ${name}`);
  return { ...parsed.data, origin, folder, version, documentation: read.body };
}

function readFile(file: string): Uint8Array | string {
  try {
    const stat = statSync(file);
    // A pipe would be read for ever.
    if (!stat.isFile()) return 'not a file';
    if (stat.size > FRONTMATTER_FILE_MAX) return 'larger than 256 KiB';
    return readFileSync(file);
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'ENOENT' ? 'there is no such file' : (error as Error).message;
  }
}
