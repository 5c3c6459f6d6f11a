/** Packaged extensions: ours, and the one of the tests that brings language models. */
import { execFile } from 'node:child_process';
import { existsSync } from 'node:fs';
import path from 'node:path';
import { promisify } from 'node:util';

const ROOT = path.resolve(import.meta.dirname, '../..');
const VSIX = path.join(ROOT, 'dist/animus.vsix');

/** The folder of the extension that brings language models to VS Code. */
export const MODEL_PROVIDER = path.join(ROOT, 'test/vscode/model-provider');

let packaged: Promise<string> | undefined;

/** Packages what is built, once for all that ask. Gives the file. */
export function packagedExtension(): Promise<string> {
  if (!existsSync(path.join(ROOT, 'dist/extension.cjs'))) throw new Error('Nothing is built: npm run build');
  packaged ??= packageFolder(ROOT, VSIX);
  return packaged;
}

/** Packages the extension in a folder. Gives the file. */
export async function packageFolder(folder: string, file: string): Promise<string> {
  const vsce = path.join(ROOT, 'node_modules/@vscode/vsce/vsce');
  const args = ['--no-dependencies', '--allow-missing-repository', '--no-rewrite-relative-links', '--skip-license'];
  await promisify(execFile)(process.execPath, [vsce, 'package', ...args, '-o', file], { cwd: folder });
  return file;
}
