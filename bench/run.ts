/**
 * The benchmarks: `npm run bench [name …] [-- --json]`. One table for each subject; what was started or made is gone
 * afterwards. Figures of two runs are comparable only through the ratios.
 */
import { cpus } from 'node:os';
import { parseArgs } from 'node:util';
import { extensionActivation } from './activation.ts';
import { awareness } from './awareness.ts';
import { bundleSize } from './bundle-size.ts';
import { engineTime } from './engine-time.ts';
import { hostStart } from './host-start.ts';
import { ledger } from './ledger.ts';
import { ledgerView } from './ledger-view.ts';
import { parallelCalls } from './parallel-calls.ts';
import { queue } from './queue.ts';
import { printReport } from './report.ts';
import { requestBuilding } from './request-building.ts';
import { runSubject } from './run-subject.ts';
import type { Subject } from './subject.ts';
import { submit } from './submit.ts';

const SUBJECTS: readonly Subject[] = [
  hostStart,
  submit,
  queue,
  ledger,
  engineTime,
  parallelCalls,
  requestBuilding,
  awareness,
  bundleSize,
  extensionActivation,
  ledgerView,
];

async function main(): Promise<void> {
  const { values, positionals } = parseArgs({ options: { json: { type: 'boolean' } }, allowPositionals: true });
  const chosen = choose(positionals);
  const interrupted = new AbortController();
  for (const signal of ['SIGINT', 'SIGTERM'] as const) {
    process.once(signal, () => interrupted.abort(new Error(`The benchmark was ended by ${signal}.`)));
  }
  const machine = { node: process.version, platform: process.platform, arch: process.arch, cores: cpus().length };
  const reports: object[] = [];
  if (!values.json) console.log(`Node ${machine.node}, ${machine.platform} ${machine.arch}, ${machine.cores} cores\n`);
  for (const subject of chosen) {
    const report = await runSubject(subject, interrupted.signal);
    const { title, meaning, rows, notes } = report;
    reports.push({ name: subject.name, title, meaning, rows, notes });
    if (!values.json) console.log(printReport(report));
  }
  if (values.json) console.log(JSON.stringify({ ...machine, subjects: reports }, null, 2));
}

function choose(names: readonly string[]): readonly Subject[] {
  const known = SUBJECTS.map(({ name }) => name);
  const unknown = names.filter((name) => !known.includes(name));
  if (unknown.length > 0) throw new Error(`No benchmark ${unknown.join(', ')}: there are ${known.join(', ')}.`);
  return names.length === 0 ? SUBJECTS : SUBJECTS.filter(({ name }) => names.includes(name));
}

main().catch((error: unknown) => {
  console.error(error);
  // What was given up on may still wait for something.
  process.exit(1);
});
