/**
 * The views without VS Code: `node build/webview-preview.ts` takes pictures of every view in three themes into
 * .cache/screenshots; `measure` prints how soon a long focus is drawn; `serve` serves the pages on loopback. Needs a
 * Chromium (CHROMIUM, or Debian's package `chromium`). What only a browser shows is checked by test/vscode/webview-*.
 */
import path from 'node:path';
import { measureFocus } from './webview-preview/measure.ts';
import { takePictures } from './webview-preview/pictures.ts';
import { startPreview } from './webview-preview/server.ts';

const root = path.resolve(import.meta.dirname, '..');
const [mode = 'pictures', only] = process.argv.slice(2);
const { url, close } = await startPreview(root, mode === 'serve' ? 8321 : 0);
if (mode === 'serve') {
  console.log(`${url}/ledger?theme=dark&data=small and ${url}/focus?theme=dark&data=long; end with Ctrl+C`);
} else {
  try {
    if (mode === 'pictures') await takePictures(url, path.join(root, '.cache/screenshots'), only);
    if (mode === 'measure') await measureFocus(url);
  } finally {
    close();
  }
}
