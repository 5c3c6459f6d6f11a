/** Serves the built views on loopback, each in a page under the policy that the extension sets. */
import { readFileSync } from 'node:fs';
import { createServer, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import path from 'node:path';
import { build } from 'esbuild';
import { buildWebviews, WEBVIEWS } from '../webview.ts';
import { SAMPLE_FOCUS_ID } from './sample-focus.ts';

const TYPES: Record<string, string> = { '.js': 'text/javascript', '.css': 'text/css', '.ttf': 'font/ttf' };
const CLASSES: Record<string, string> = { dark: 'vscode-dark', light: 'vscode-light', hc: 'vscode-high-contrast' };

/** As the extension has it. */
const POLICY =
  "default-src 'none'; style-src 'self'; font-src 'self'; script-src 'nonce-preview'; base-uri 'none'; form-action 'none'";

export type Preview = { url: string; close(): void };

export async function startPreview(root: string, port: number): Promise<Preview> {
  const folder = path.join(root, '.cache/webview-preview');
  await buildWebviews(root, folder);
  await build({
    absWorkingDir: root,
    entryPoints: WEBVIEWS.map((name) => `build/webview-preview/fake-${name}.ts`),
    outdir: folder,
    bundle: true,
    format: 'iife',
    target: 'es2022',
    logLevel: 'warning',
  });
  await build({
    absWorkingDir: root,
    stdin: {
      contents:
        "import { sanitize } from './src/webview/shared/rich-text.tsx'; globalThis.acquireVsCodeApi = () => 0; globalThis.sanitize = sanitize;",
      resolveDir: root,
      loader: 'ts',
    },
    outfile: path.join(folder, 'sanitizer.js'),
    bundle: true,
    format: 'iife',
    target: 'es2022',
    jsx: 'automatic',
    jsxImportSource: 'preact',
  });
  const server = createServer(({ url = '/' }, response) => {
    const { pathname, searchParams } = new URL(url, 'http://localhost');
    const view = WEBVIEWS.find((name) => pathname === `/${name}`);
    if (view) sendPage(response, view, searchParams);
    else if (pathname === '/sanitizer') {
      sendHtml(response, '<div id="root"></div><script nonce="preview" src="/sanitizer.js"></script>');
    } else if (pathname === '/themes.css') sendFile(response, path.join(root, 'build/webview-preview/themes.css'));
    else sendFile(response, path.join(folder, path.basename(pathname)));
  });
  await new Promise<void>((resolve) => server.listen(port, '127.0.0.1', resolve));
  const close = () => {
    server.close();
    server.closeAllConnections();
  };
  return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, close };
}

function sendPage(response: ServerResponse, view: (typeof WEBVIEWS)[number], parameters: URLSearchParams): void {
  const theme = parameters.get('theme') ?? 'dark';
  const behind = view === 'focus' ? 'editor' : (parameters.get('behind') ?? 'sideBar');
  const html = `<!DOCTYPE html>
<html lang="en" data-theme="${theme in CLASSES ? theme : 'dark'}" data-behind="${behind === 'panel' || behind === 'editor' ? behind : 'sideBar'}">
<head>
<meta charset="utf-8">
<title>${view}</title>
<link rel="stylesheet" href="/themes.css">
<link rel="stylesheet" href="/${view}.css">
</head>
<body class="${CLASSES[theme] ?? 'vscode-dark'}">
<div id="root"${view === 'focus' ? ` data-focus-id="${SAMPLE_FOCUS_ID}"` : ''}></div>
<script nonce="preview" src="/fake-${view}.js"></script>
<script nonce="preview" src="/${view}.js"></script>
</body>
</html>`;
  sendHtml(response, html);
}

function sendHtml(response: ServerResponse, html: string): void {
  response.writeHead(200, { 'content-type': 'text/html; charset=utf-8', 'content-security-policy': POLICY });
  response.end(html);
}

function sendFile(response: ServerResponse, file: string): void {
  try {
    const body = readFileSync(file);
    response.writeHead(200, { 'content-type': TYPES[path.extname(file)] ?? 'application/octet-stream' });
    response.end(body);
  } catch {
    response.writeHead(404);
    response.end();
  }
}
