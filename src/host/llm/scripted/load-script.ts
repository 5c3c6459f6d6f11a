/** Finds scripts: those that ship, by name, and people's own, by absolute path. */
import { readFile, stat } from 'node:fs/promises';
import { extname, isAbsolute, join } from 'node:path';
import { parseScript, type Script } from './script.ts';

export type LoadedScript = { kind: 'script'; script: Script } | { kind: 'failed'; message: string };

/** The largest script that is read, in bytes. */
export const MAX_SCRIPT_BYTES = 1024 * 1024;

/** Reads scripts anew each time, so that an edit shows. `folder` is the absolute path of those that ship. */
export function createScriptLoader(folder: string): (name: string) => Promise<LoadedScript> {
  return async (name) => {
    if (isAbsolute(name)) return loadFile(name);
    if (/^[A-Za-z0-9][A-Za-z0-9_-]*$/.test(name)) return loadFile(join(folder, `${name}.yaml`), name);
    return failed(
      `"${name}" names no script: give the name of one that ships (as scripted/demo) or an absolute path ` +
        '(as scripted//home/you/script.yaml).',
    );
  };
}

async function loadFile(path: string, bundledName?: string): Promise<LoadedScript> {
  const extension = extname(path).toLowerCase();
  if (!['.json', '.yaml', '.yml'].includes(extension)) return failed(`${path}: a script is a .json or .yaml file.`);
  try {
    // Looked at before it is opened: a pipe would never end, nor would a device.
    const found = await stat(path);
    if (!found.isFile()) return failed(`${path}: it is not a file.`);
    if (found.size > MAX_SCRIPT_BYTES) return failed(`${path}: it is larger than ${MAX_SCRIPT_BYTES} bytes.`);
    const read = parseScript(await readFile(path, 'utf8'), extension === '.json' ? 'json' : 'yaml', path);
    return read.kind === 'script' ? read : failed(read.message);
  } catch (error) {
    const isMissing = error instanceof Error && 'code' in error && error.code === 'ENOENT';
    if (isMissing && bundledName !== undefined) return failed(`There is no script named "${bundledName}".`);
    return failed(`${path}: ${isMissing ? 'there is no such file.' : `it cannot be read (${String(error)}).`}`);
  }
}

function failed(message: string): LoadedScript {
  return { kind: 'failed', message };
}
