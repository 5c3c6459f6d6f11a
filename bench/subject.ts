/** What a benchmark is to the runner. */
import type { Cleanup } from './cleanup.ts';
import type { Report } from './report.ts';

export type SubjectContext = {
  /** Takes what the benchmark makes, at once when it is made. */
  cleanup: Cleanup;
  /** Set when the time is up: begin nothing more. */
  signal: AbortSignal;
};

export type Subject = {
  name: string;
  /** How long it may take in all, where a minute is not enough. */
  limitMs?: number;
  run(context: SubjectContext): Promise<Report>;
};
