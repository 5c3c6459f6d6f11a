/** How soon a focus of 240 turns is drawn, beside a short one. The Ledger is measured by `npm run bench ledger-view`. */
import { launchBrowser } from '../../test/support/vscode-server.ts';

const WATCH_FIRST_TURN = `(() => {
  const look = () => {
    if (document.querySelector('.article')) window.firstTurnAt = performance.now();
    else requestAnimationFrame(look);
  };
  requestAnimationFrame(look);
})()`;

/** From the message to the first turn. */
export async function measureFocus(url: string): Promise<void> {
  const browser = await launchBrowser();
  try {
    const page = await browser.newPage({ viewport: { width: 1240, height: 900 } });
    await page.addInitScript(WATCH_FIRST_TURN);
    for (const data of ['done', 'long']) {
      await page.goto(`${url}/focus?data=${data}`);
      await page.waitForSelector('.article');
      await page.waitForTimeout(300);
      const first = (await page.evaluate('window.firstTurnAt - window.preview.resetAt')) as number;
      console.log(`focus ${data}: message to first turn ${first.toFixed(0)} ms`);
    }
  } finally {
    await browser.close();
  }
}
