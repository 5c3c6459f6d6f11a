/** Bundles the host, the command, the extension and its pages, and lays beside them what they read at run time. */
import { createHash } from 'node:crypto';
import { chmodSync, cpSync, existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';
import { databaseTemplate } from './database-template.ts';
import { buildExtension } from './extension.ts';
import { buildWebviews } from './webview.ts';

const root = path.resolve(import.meta.dirname, '..');
const dist = path.join(root, 'dist');
const host = path.join(dist, 'host');

/** CommonJS packages inside an ES module still ask for these three. */
const BANNER =
  "import{createRequire as __createRequire}from'node:module';" +
  'const require=__createRequire(import.meta.url),__filename=import.meta.filename,__dirname=import.meta.dirname;';

async function bundle(): Promise<void> {
  const result = await build({
    absWorkingDir: root,
    entryPoints: {
      main: 'src/host/main.ts',
      cli: 'src/host/cli/main.ts',
      'db-worker': 'src/host/db/db-worker.ts',
      'search-worker': 'src/host/engine/tools/search-worker.ts',
    },
    outdir: host,
    outExtension: { '.js': '.mjs' },
    bundle: true,
    splitting: true,
    platform: 'node',
    format: 'esm',
    target: 'node22',
    minify: true,
    keepNames: true,
    external: ['pg-native'],
    banner: { js: BANNER },
    metafile: true,
    logLevel: 'warning',
  });
  writeFileSync(path.join(dist, 'metafile.json'), JSON.stringify(result.metafile));
}

/** PGlite looks for these beside the file that runs. */
function copyDatabaseFiles(): void {
  const pglite = path.dirname(fileURLToPath(import.meta.resolve('@electric-sql/pglite')));
  for (const file of ['pglite.wasm', 'pglite.data', 'initdb.wasm'])
    cpSync(path.join(pglite, file), path.join(host, file));
  const vector = path.dirname(fileURLToPath(import.meta.resolve('@electric-sql/pglite-pgvector')));
  cpSync(path.join(vector, 'vector.tar.gz'), path.join(host, 'vector.tar.gz'));
}

function copyAssets(): void {
  cpSync(path.join(root, 'migrations'), path.join(host, 'migrations'), { recursive: true });
  cpSync(path.join(root, 'faculties'), path.join(host, 'faculties'), { recursive: true });
  mkdirSync(path.join(host, 'scripts'));
  cpSync(path.join(root, 'src/host/llm/scripted/demo.yaml'), path.join(host, 'scripts/demo.yaml'));
  cpSync(path.join(root, 'LICENSE'), path.join(host, 'LICENSE'));
  cpSync(path.join(root, 'build/animus.mjs'), path.join(dist, 'animus.mjs'));
  chmodSync(path.join(dist, 'animus.mjs'), 0o755);
}

/** Names the build by what is in it, so that a running host can be told from another of the same version. */
function writeBuildInfo(): void {
  const hash = createHash('sha256');
  for (const file of readdirSync(host, { recursive: true, withFileTypes: true })) {
    if (!file.isFile() || file.name === 'build.json') continue;
    hash.update(file.name).update(readFileSync(path.join(file.parentPath, file.name)));
  }
  const { version } = JSON.parse(readFileSync(path.join(root, 'package.json'), 'utf8')) as { version: string };
  const info = { version, build: hash.digest('hex').slice(0, 12) };
  writeFileSync(path.join(host, 'build.json'), `${JSON.stringify(info)}\n`);
}

rmSync(dist, { recursive: true, force: true });
mkdirSync(host, { recursive: true });
await bundle();
await buildExtension(root, dist);
await buildWebviews(root, path.join(dist, 'webview'));
copyDatabaseFiles();
copyAssets();
cpSync(await databaseTemplate(root), path.join(host, 'database-template.tar.gz'));
if (!existsSync(path.join(host, 'main.mjs'))) throw new Error('The bundle has no main.mjs.');
writeBuildInfo();
