/** What a user downloads and every home holds a copy of. */
import { readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { gzipSync } from 'node:zlib';
import { mainContents } from './bundle-contents.ts';
import type { Report } from './report.ts';
import type { Subject } from './subject.ts';

const BUNDLE = path.resolve(import.meta.dirname, '../dist/host');
const SMALLEST_SHOWN = 20_000;

type Size = { label: string; bytes: number; gzipped: number };

export const bundleSize: Subject = { name: 'bundle', run };

async function run(): Promise<Report> {
  const files = readdirSync(BUNDLE, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => measure(path.join(entry.parentPath, entry.name)))
    .sort((a, b) => b.bytes - a.bytes);
  const scripts = files.filter(({ label }) => label.endsWith('.mjs'));
  const shownScripts = scripts.filter(({ bytes }) => bytes > SMALLEST_SHOWN);
  const data = files.filter(({ label, bytes }) => !label.endsWith('.mjs') && bytes > SMALLEST_SHOWN);
  const shown = [...data, ...shownScripts];
  const rest = files.filter((file) => !shown.includes(file));
  const total = sum('dist/host', files);
  const rows = [...shown, sum(`${rest.length} smaller files`, rest), sum('all scripts (.mjs)', scripts), total];
  return {
    title: 'Bundle size',
    meaning: [
      'Bytes of dist/host: the database first, then our own code. Gzipped is each file by itself at the default level, close',
      'to what a .vsix or a package weighs. The share is of the gzipped total; the rows before "all scripts" add up to it.',
    ],
    header: ['', 'bytes', 'gzipped', 'share'],
    cells: rows.map(({ label, bytes, gzipped }) => [
      label.endsWith('.mjs') ? `${label}${mainContents(label)}` : label,
      kilobytes(bytes),
      kilobytes(gzipped),
      `${((100 * gzipped) / total.gzipped).toFixed(1)} %`,
    ]),
    rows,
    notes: [],
  };
}

function measure(file: string): Size {
  const content = readFileSync(file);
  return { label: path.relative(BUNDLE, file), bytes: content.length, gzipped: gzipSync(content).length };
}

function sum(label: string, sizes: readonly Size[]): Size {
  const add = (key: 'bytes' | 'gzipped') => sizes.reduce((total, size) => total + size[key], 0);
  return { label, bytes: add('bytes'), gzipped: add('gzipped') };
}

function kilobytes(bytes: number): string {
  return `${(bytes / 1000).toLocaleString('en', { maximumFractionDigits: 1, minimumFractionDigits: 1 })} kB`;
}
