/**
 * The views without VS Code: `node build/webview-preview.ts` takes pictures of every view in three themes into
 * .cache/screenshots and checks what only a browser shows; `check` and `measure` do that alone, the latter with the times
 * that 100,000 entries take; `serve` serves the pages on loopback. Needs a Chromium (ANIMUS_CHROMIUM, or Debian's package
 * `chromium`).
 */
import path from 'node:path';
import { checkViews } from './webview-preview/checks.ts';
import { measureFocus, measureLedger } from './webview-preview/measure.ts';
import { takePictures } from './webview-preview/pictures.ts';
import { startPreview } from './webview-preview/server.ts';

const root = path.resolve(import.meta.dirname, '..');
const [mode = 'pictures', only] = process.argv.slice(2);
const { url, server } = await startPreview(root, mode === 'serve' ? 8321 : 0);
if (mode === 'serve') {
  console.log(`${url}/ledger?theme=dark&data=small and ${url}/focus?theme=dark&data=long; end with Ctrl+C`);
} else {
  try {
    if (mode === 'pictures') await takePictures(url, path.join(root, '.cache/screenshots'), only);
    if (mode === 'check' || (mode === 'pictures' && only === undefined))
      await checkViews(url, mode === 'check' ? only : undefined);
    if (mode === 'measure') {
      await measureLedger(url);
      await measureFocus(url);
    }
  } finally {
    server.close();
    server.closeAllConnections();
  }
}
