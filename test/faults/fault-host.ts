/** The built host with two parts exchanged: a database that kills its process, and a tool that changes the world. */
import { cpSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { build, type Plugin } from 'esbuild';

const ROOT = path.resolve(import.meta.dirname, '../..');
const BUILT = path.join(ROOT, 'dist/host');

/** Who asks for the first gets the second. */
const EXCHANGED = [
  { wanted: 'src/host/db/open-database.ts', given: 'test/faults/killing-database.ts' },
  { wanted: 'src/host/engine/tools/workspace-tools.ts', given: 'test/faults/write-tool.ts' },
];

const exchange: Plugin = {
  name: 'exchange',
  setup({ onResolve }) {
    onResolve({ filter: /\.ts$/ }, ({ path: file, importer }) => {
      const wanted = path.relative(ROOT, path.resolve(path.dirname(importer), file));
      const part = EXCHANGED.find((candidate) => candidate.wanted === wanted);
      return part && path.relative(ROOT, importer) !== part.given ? { path: path.join(ROOT, part.given) } : undefined;
    });
  },
};

/** Gives the folder of its bundle. */
export async function buildFaultHost(): Promise<string> {
  const folder = path.join(ROOT, '.cache/fault-host');
  rmSync(folder, { recursive: true, force: true });
  cpSync(BUILT, folder, { recursive: true });
  await build({
    absWorkingDir: ROOT,
    entryPoints: ['src/host/main.ts'],
    outdir: folder,
    outExtension: { '.js': '.mjs' },
    bundle: true,
    // As in the build: in one file, what is imported late would come too late for what it shares with the rest.
    splitting: true,
    platform: 'node',
    format: 'esm',
    target: 'node22',
    external: ['pg-native'],
    banner: {
      js: "import{createRequire as __createRequire}from'node:module';const require=__createRequire(import.meta.url);",
    },
    plugins: [exchange],
    logLevel: 'warning',
  });
  const info = path.join(folder, 'build.json');
  const { version } = JSON.parse(readFileSync(info, 'utf8')) as { version: string };
  writeFileSync(info, JSON.stringify({ version, build: 'faults' }));
  return folder;
}
