/** Bundles the extension's own part: CommonJS, since that is what VS Code loads. */
import path from 'node:path';
import { build } from 'esbuild';

export async function buildExtension(root: string, dist: string): Promise<void> {
  await build({
    absWorkingDir: root,
    entryPoints: ['src/extension/activate.ts'],
    outfile: path.join(dist, 'extension.cjs'),
    bundle: true,
    platform: 'node',
    format: 'cjs',
    target: 'node22',
    minify: true,
    keepNames: true,
    external: ['vscode'],
    // CommonJS has no import.meta: what is asked of it is said here.
    banner: { js: "const __moduleUrl=require('node:url').pathToFileURL(__filename).href;" },
    // VS Code has a `navigator` too, for pages, and complains of whoever looks for it here.
    define: { 'import.meta.url': '__moduleUrl', 'import.meta.dirname': '__dirname', navigator: 'undefined' },
    logLevel: 'warning',
  });
}
