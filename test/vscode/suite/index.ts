/**
 * What the extension host loads: runs the suite and writes a line of JSON for each test, and an end mark. Without that mark
 * whoever started it knows that not everything ran.
 */
import { appendFileSync } from 'node:fs';
import path from 'node:path';
import Mocha from 'mocha';

function tell(line: object): void {
  appendFileSync(process.env.ANIMUS_TEST_RESULTS ?? '', `${JSON.stringify(line)}\n`);
}

export async function run(): Promise<void> {
  const mocha = new Mocha({ ui: 'bdd', timeout: 60_000, reporter: class {} as never });
  mocha.addFile(path.join(import.meta.dirname, 'extension.test.mjs'));
  await mocha.loadFilesAsync();
  const failures = await new Promise<number>((resolve) => {
    mocha
      .run(resolve)
      .on('pass', (test) => tell({ event: 'pass', title: test.fullTitle(), ms: test.duration }))
      .on('pending', (test) => tell({ event: 'skip', title: test.fullTitle() }))
      .on('fail', (test, error: Error) =>
        tell({ event: 'fail', title: test.fullTitle(), error: error.stack ?? String(error) }),
      );
  });
  tell({ event: 'end', failures });
  if (failures > 0) throw new Error(`${failures} failed`);
}
