/** The host's log: one JSON object a line, redacted, in the store's logs folder. */
import { appendFileSync, mkdirSync, readdirSync, rmSync } from 'node:fs';
import path from 'node:path';

export type Level = 'debug' | 'info' | 'warn' | 'error';
export type Facts = Record<string, string | number | boolean | null | undefined>;
export type Log = (level: Level, event: string, facts?: Facts) => void;

const ORDER: Record<Level, number> = { debug: 0, info: 1, warn: 2, error: 3 };

/** Logs of so many earlier hosts are kept. */
const KEPT = 10;

/** Opens `host-<start>-<pid>.jsonl`. Lines below `level` are left out. */
export function openLog(folder: string, level: Level, redact: (text: string) => string): Log {
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  prune(folder);
  const stamp = new Date().toISOString().replace(/[:.]/g, '-');
  const file = path.join(folder, `host-${stamp}-${process.pid}.jsonl`);
  return (lineLevel, event, facts = {}) => {
    if (ORDER[lineLevel] < ORDER[level]) return;
    const line = JSON.stringify({ time: new Date().toISOString(), level: lineLevel, event, ...facts });
    const text = `${redact(line)}\n`;
    try {
      appendFileSync(file, text, { mode: 0o600 });
    } catch (error) {
      // A full disk, a folder that went: work goes on, and what was to be said goes where something may still hear it.
      lastResort(`${text.trimEnd()} (the log: ${(error as Error).message})`);
    }
  };
}

function lastResort(text: string): void {
  process.stderr.write(`${text}\n`, () => undefined); // that it fails too changes nothing
}

/** File names sort by time. */
function prune(folder: string): void {
  const logs = readdirSync(folder).filter((name) => /^host-.*\.jsonl$/.test(name));
  for (const name of logs.sort().slice(0, -KEPT)) rmSync(path.join(folder, name), { force: true });
}
