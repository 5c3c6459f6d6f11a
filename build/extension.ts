/**
 * Bundles the extension's own part: CommonJS, since that is what VS Code loads. What activation needs is one file and the
 * rest is another, which the first requires when it is needed.
 */
import { build, type Plugin } from 'esbuild';

const ENTRIES = { extension: 'src/extension/activate.ts', 'extension-main': 'src/extension/main.ts' };

/** esbuild does not split CommonJS: `import('./main.ts')` is made the name of the other file. */
const loadedLater: Plugin = {
  name: 'loaded-later',
  setup({ onResolve }) {
    onResolve({ filter: /^\.\/main\.ts$/ }, ({ kind }) =>
      kind === 'dynamic-import' ? { path: './extension-main.cjs', external: true } : undefined,
    );
  },
};

export async function buildExtension(root: string, dist: string): Promise<void> {
  await build({
    absWorkingDir: root,
    entryPoints: ENTRIES,
    outdir: dist,
    outExtension: { '.js': '.cjs' },
    bundle: true,
    platform: 'node',
    format: 'cjs',
    target: 'node22',
    // VS Code gives 'vscode' to what is required, and only there knows whom it gives it to.
    supported: { 'dynamic-import': false },
    minify: true,
    keepNames: true,
    external: ['vscode'],
    plugins: [loadedLater],
    // CommonJS has no import.meta: what is asked of it is said here.
    banner: { js: "const __moduleUrl=require('node:url').pathToFileURL(__filename).href;" },
    // VS Code has a `navigator` too, for pages, and complains of whoever looks for it here.
    define: { 'import.meta.url': '__moduleUrl', 'import.meta.dirname': '__dirname', navigator: 'undefined' },
    logLevel: 'warning',
  });
}
