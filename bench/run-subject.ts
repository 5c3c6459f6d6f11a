/** Runs one subject within its time and in a folder of its own, and leaves nothing of it behind however it ends. */
import { chmodSync, mkdtempSync, realpathSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { Cleanup } from './cleanup.ts';
import type { Report } from './report.ts';
import type { Subject } from './subject.ts';

/** Each subject also bounds its own rounds, well below this or what it says itself. */
const LIMIT_MS = 60_000;
/** What was broken off is waited for this long, and again once all that it used is gone. */
const GIVEN_UP_MS = 5000;

/** `interrupted` breaks it off. */
export async function runSubject(subject: Subject, interrupted: AbortSignal): Promise<Report> {
  const late = new AbortController();
  const limitMs = subject.limitMs ?? LIMIT_MS;
  const limit = setTimeout(
    () => late.abort(new Error(`${subject.name} did not end within ${limitMs / 1000} s.`)),
    limitMs,
  );
  const signal = AbortSignal.any([interrupted, late.signal]);
  const cleanup = new Cleanup();
  const removeFolder = enterTemporaryFolder();
  const running = subject.run({ cleanup, signal });
  try {
    return await Promise.race([running, rejectedOn(signal)]);
  } finally {
    clearTimeout(limit);
    try {
      // What was broken off may still make something, until it notices or what it waits for is gone.
      await settledWithin(running, GIVEN_UP_MS);
      await cleanup.run();
      await settledWithin(running, GIVEN_UP_MS);
      await cleanup.run();
    } finally {
      removeFolder();
    }
  }
}

/** Whoever makes a temporary folder makes it in here, so that none is left where its maker was interrupted. */
function enterTemporaryFolder(): () => void {
  const outside = tmpdir();
  const folder = realpathSync(mkdtempSync(path.join(outside, 'animus-bench-')));
  chmodSync(folder, 0o711); // a Postgres server runs as another user
  process.env.TMPDIR = folder;
  return () => {
    process.env.TMPDIR = outside;
    // What is on its way out may still write for a moment.
    rmSync(folder, { recursive: true, force: true, maxRetries: 10, retryDelay: 100 });
  };
}

function rejectedOn(signal: AbortSignal): Promise<never> {
  return new Promise((_, reject) => {
    signal.addEventListener('abort', () => reject(signal.reason), { once: true });
  });
}

function settledWithin(work: Promise<unknown>, ms: number): Promise<void> {
  return new Promise((resolve) => {
    const limit = setTimeout(resolve, ms);
    const over = () => {
      clearTimeout(limit);
      resolve();
    };
    work.then(over, over);
  });
}
