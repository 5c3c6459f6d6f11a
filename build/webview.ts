/** Bundles the pages of the views: for each one script and one style sheet, and beside them the font of the icons. */
import { cpSync } from 'node:fs';
import { createRequire } from 'node:module';
import path from 'node:path';
import { build } from 'esbuild';

export const WEBVIEWS = ['ledger', 'focus'] as const;

export async function buildWebviews(root: string, outdir: string): Promise<void> {
  await build({
    absWorkingDir: root,
    entryPoints: WEBVIEWS.map((name) => ({ in: `src/webview/${name}/main.tsx`, out: name })),
    outdir,
    bundle: true,
    minify: true,
    platform: 'browser',
    format: 'iife',
    target: 'es2022',
    jsx: 'automatic',
    jsxImportSource: 'preact',
    tsconfig: path.join(root, 'src/webview/tsconfig.json'),
    legalComments: 'eof',
    // Beside the style sheets, not in them: the page's policy allows fonts of its own folder only.
    external: ['./codicon.ttf'],
    logLevel: 'warning',
  });
  const icons = createRequire(import.meta.url).resolve('@vscode/codicons/dist/codicon.ttf');
  cpSync(icons, path.join(outdir, 'codicon.ttf'));
}
