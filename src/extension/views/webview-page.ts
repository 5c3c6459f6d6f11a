/** The page of a webview: nothing in it but what the extension ships, and nothing that runs but the script named here. */
import { randomBytes } from 'node:crypto';
import * as vscode from 'vscode';

export type PageName = 'ledger' | 'focus';

export function webviewFolder(extension: vscode.Uri): vscode.Uri {
  return vscode.Uri.joinPath(extension, 'dist', 'webview');
}

/** A focus page is told whose it is, and keeps that from its first moment on. */
export function webviewPage(
  webview: vscode.Webview,
  extension: vscode.Uri,
  page: { name: PageName; title: string; focusId?: string },
): string {
  const { name, title, focusId } = page;
  const nonce = randomBytes(18).toString('base64');
  const file = (end: string) =>
    webview.asWebviewUri(vscode.Uri.joinPath(webviewFolder(extension), `${name}.${end}`)).toString();
  const policy = [
    "default-src 'none'",
    `style-src ${webview.cspSource}`,
    `font-src ${webview.cspSource}`,
    `script-src 'nonce-${nonce}'`,
    "base-uri 'none'",
    "form-action 'none'",
  ].join('; ');
  return `<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="${policy}">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>${title}</title>
<link rel="stylesheet" href="${file('css')}">
</head>
<body>
<div id="root"${focusId ? ` data-focus-id="${focusId}"` : ''}></div>
<script nonce="${nonce}" src="${file('js')}"></script>
</body>
</html>`;
}
