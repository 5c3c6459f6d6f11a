/** Texts that are checked in whole, so that every change of them is seen. `UPDATE_GOLDEN=1` writes them anew. */
import assert from 'node:assert/strict';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';

const FOLDER = path.join(import.meta.dirname, '../fixtures/golden');

export function assertGolden(name: string, text: string): void {
  const file = path.join(FOLDER, name);
  if (process.env.UPDATE_GOLDEN === '1') {
    mkdirSync(FOLDER, { recursive: true });
    writeFileSync(file, text);
  }
  assert.equal(
    text,
    readFileSync(file, 'utf8').replaceAll('\r\n', '\n'),
    `${name}: UPDATE_GOLDEN=1 accepts the change`,
  );
}
