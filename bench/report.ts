/** A subject's result: a table for people, the same rows as data. */
import type { Figure } from './measure.ts';

export type Report = {
  title: string;
  /** Two lines: what the figures mean. */
  meaning: readonly [string, string];
  header: readonly string[];
  /** As printed. The first cell is the row's name. */
  cells: readonly (readonly string[])[];
  /** As data, for --json. */
  rows: readonly object[];
  notes: readonly string[];
};

/** `comparison` heads the column of ratios. Short times are printed in microseconds; as data all are milliseconds. */
export function figureTable(
  rows: readonly Figure[],
  comparison: string,
  unit: 'ms' | 'µs' = 'ms',
): Pick<Report, 'header' | 'cells' | 'rows'> {
  const scale = unit === 'ms' ? 1 : 1000;
  const cells = rows.map(({ label, median, min, max, runs, ratio }) => [
    label,
    `${readable(median * scale)} ${unit}`,
    `${readable(min * scale)}–${readable(max * scale)}`,
    String(runs),
    ratio === null ? '1' : `${readable(ratio)} ×`,
  ]);
  return { header: ['', 'median', 'min–max', 'runs', `ratio to ${comparison}`], cells, rows };
}

export function printReport({ title, meaning, header, cells, notes }: Report): string {
  const lines = [header, ...cells];
  const widths = header.map((_, column) => Math.max(...lines.map((line) => line[column]?.length ?? 0)));
  const table = lines.map((line) =>
    line
      .map((cell, column) => (column === 0 ? cell.padEnd(widths[0] ?? 0) : cell.padStart(widths[column] ?? 0)))
      .join('   '),
  );
  const parts = [`== ${title}`, ...meaning, '', ...table];
  return [...parts, ...notes.map((note) => `* ${note}`), ''].join('\n');
}

/** Three digits that count, and never an exponent. */
export function readable(value: number): string {
  const decimals = value < 0.1 ? 4 : value < 1 ? 3 : value < 10 ? 2 : value < 100 ? 1 : 0;
  return value.toFixed(decimals);
}
