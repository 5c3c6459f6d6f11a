/** What a file of the bundle is mostly made of, as the bundler recorded it. */
import { readFileSync } from 'node:fs';
import path from 'node:path';

type Metafile = { outputs: Record<string, { inputs: Record<string, { bytesInOutput: number }> }> };

const METAFILE = path.resolve(import.meta.dirname, '../dist/metafile.json');
const MOST_NAMED = 2;
const SMALLEST_SHARE = 0.1;

/** ` (zod, src)`: the packages that make up most of it, the largest first; '' where nothing is known of the file. */
export function mainContents(file: string): string {
  const { outputs } = JSON.parse(readFileSync(METAFILE, 'utf8')) as Metafile;
  const inputs = outputs[`dist/host/${file}`]?.inputs;
  if (!inputs) return '';
  const bytes = new Map<string, number>();
  for (const [source, { bytesInOutput }] of Object.entries(inputs)) {
    const owner = /node_modules\/((?:@[^/]+\/)?[^/]+)/.exec(source)?.[1] ?? 'src';
    bytes.set(owner, (bytes.get(owner) ?? 0) + bytesInOutput);
  }
  const total = [...bytes.values()].reduce((sum, size) => sum + size, 0);
  const largest = [...bytes]
    .filter(([, size]) => size > total * SMALLEST_SHARE)
    .sort(([, a], [, b]) => b - a)
    .slice(0, MOST_NAMED);
  return largest.length === 0 ? '' : ` (${largest.map(([owner]) => owner).join(', ')})`;
}
