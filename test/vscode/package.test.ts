/** What is in the package: what .vscodeignore names, all that it needs, and nothing else. */
import assert from 'node:assert/strict';
import { existsSync, readFileSync, statSync } from 'node:fs';
import path from 'node:path';
import { listFiles, PackageManager } from '@vscode/vsce';
import { packagedExtension } from '../support/vscode-package.ts';

const ROOT = path.resolve(import.meta.dirname, '../..');

const ALLOWED = [
  /^dist\/host\//,
  /^dist\/webview\/(ledger|focus)\.(js|css)$/,
  /^dist\/webview\/codicon\.ttf$/,
  /^dist\/(extension(-main)?\.cjs|animus\.mjs)$/,
  /^media\/[a-z-]+\.(svg|png)$/,
  /^(package\.json|README\.md|CHANGELOG\.md|LICENSE)$/,
];

const NEEDED = [
  'dist/extension.cjs',
  'dist/extension-main.cjs',
  'dist/animus.mjs',
  'dist/host/main.mjs',
  'dist/host/cli.mjs',
  'dist/host/db-worker.mjs',
  'dist/host/search-worker.mjs',
  'dist/host/build.json',
  'dist/host/pglite.wasm',
  'dist/host/pglite.data',
  'dist/host/initdb.wasm',
  'dist/host/vector.tar.gz',
  'dist/host/database-template.tar.gz',
  'dist/host/faculties/general.toml',
  'dist/host/migrations/000001_control_plane.sql',
  'dist/host/scripts/demo.yaml',
  'dist/webview/ledger.js',
  'dist/webview/ledger.css',
  'dist/webview/focus.js',
  'dist/webview/focus.css',
  'dist/webview/codicon.ttf',
  'media/animus.svg',
  'README.md',
  'CHANGELOG.md',
  'LICENSE',
];

/** Without the parts that come later and bring models of their own. */
const LARGEST_MB = 20;

describe('the package', function () {
  this.timeout(60_000);

  it('holds what it needs and nothing else', async () => {
    const files = await listFiles({ cwd: ROOT, packageManager: PackageManager.None });
    const names = files.map((file) => file.replaceAll(path.sep, '/'));
    assert.deepEqual(
      names.filter((name) => !ALLOWED.some((allowed) => allowed.test(name))),
      [],
    );
    assert.deepEqual(
      NEEDED.filter((name) => !names.includes(name)),
      [],
    );
    assert.deepEqual(
      names.filter((name) => /\.(map|ts|tsx)$|metafile/.test(name)),
      [],
    );
  });

  it('names files that are there', () => {
    const manifest = JSON.parse(readFileSync(path.join(ROOT, 'package.json'), 'utf8')) as {
      main: string;
      icon: string;
    };
    const named = [manifest.main, manifest.icon, ...(JSON.stringify(manifest).match(/media\/[\w.-]+/g) ?? [])];
    assert.deepEqual(
      named.filter((file) => !existsSync(path.join(ROOT, file))),
      [],
    );
  });

  it('stays small', async () => {
    const megabytes = statSync(await packagedExtension()).size / 1e6;
    console.log(`      ${megabytes.toFixed(2)} MB`);
    assert.ok(megabytes < LARGEST_MB, `${megabytes.toFixed(1)} MB`);
  });
});
