/** The packaged extension. */
import { execFile } from 'node:child_process';
import { existsSync } from 'node:fs';
import path from 'node:path';
import { promisify } from 'node:util';

const ROOT = path.resolve(import.meta.dirname, '../..');
const VSIX = path.join(ROOT, 'dist/animus.vsix');

let packaged: Promise<string> | undefined;

/** Packages what is built, once for all that ask. Gives the file. */
export function packagedExtension(): Promise<string> {
  packaged ??= run();
  return packaged;
}

async function run(): Promise<string> {
  if (!existsSync(path.join(ROOT, 'dist/extension.cjs'))) throw new Error('Nothing is built: npm run build');
  const vsce = path.join(ROOT, 'node_modules/@vscode/vsce/vsce');
  const args = [
    'package',
    '--no-dependencies',
    '--allow-missing-repository',
    '--no-rewrite-relative-links',
    '-o',
    VSIX,
  ];
  await promisify(execFile)(process.execPath, [vsce, ...args], { cwd: ROOT });
  return VSIX;
}
