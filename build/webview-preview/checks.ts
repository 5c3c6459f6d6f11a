/** What only a browser shows of the views: keys, scrolling, what hostile text does in a page. Throws at the end if any failed. */
import { openView, withBrowser } from './browser.ts';
import { FOCUS_CHECKS } from './focus-checks.ts';
import { HOSTILE_CHECKS } from './hostile-checks.ts';
import { LEDGER_CHECKS } from './ledger-checks.ts';

export async function checkViews(url: string, only?: string): Promise<void> {
  const failures: string[] = [];
  await withBrowser(async (browser) => {
    for (const { title, address, width = 1200, height = 400, expected, run } of [
      ...LEDGER_CHECKS,
      ...FOCUS_CHECKS,
      ...HOSTILE_CHECKS,
    ]) {
      if (only !== undefined && !title.includes(only)) continue;
      const complaints: string[] = [];
      const page = await openView(browser, `${url}${address}`, { width, height }, complaints);
      const foreign: string[] = [];
      page.on('request', (request) => {
        if (!request.url().startsWith(url)) foreign.push(request.url());
      });
      try {
        await page.waitForTimeout(150);
        await run(page);
        const unexpected = complaints.filter((complaint) => !expected?.test(complaint));
        if (unexpected.length > 0) throw new Error(unexpected.join('\n'));
        if (foreign.length > 0) throw new Error(`asked for ${foreign.join(', ')}`);
        console.log(`ok    ${title}`);
      } catch (error) {
        failures.push(title);
        console.log(`FAILS ${title}\n${error instanceof Error ? error.stack : String(error)}`);
      }
      await page.context().close();
    }
  });
  if (failures.length > 0) throw new Error(`${failures.length} checks of the views failed.`);
}
