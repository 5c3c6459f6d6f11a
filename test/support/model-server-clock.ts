/** Clocks for tests: one that counts what is left running, one that only moves when told. */
import { type Clock, type Sleep, systemClock } from '../../src/host/llm/clock.ts';

/** Real time (of a fixed date, where one is given), and the number of timers that are neither over nor cancelled. */
export function createCountingClock(wallMs?: number): Clock & { running(): number } {
  const running = new Set<object>();
  return {
    ...systemClock,
    wall: () => wallMs ?? systemClock.wall(),
    running: () => running.size,
    after(ms, callback) {
      const timer = {};
      running.add(timer);
      const cancel = systemClock.after(ms, () => {
        running.delete(timer);
        callback();
      });
      return () => {
        running.delete(timer);
        cancel();
      };
    },
  };
}

/** Time that stands still but for `advance`, which calls what falls due, in order. */
export function createManualClock(): Clock & { advance(ms: number): void; running(): number } {
  const timers = new Map<object, { at: number; callback: () => void }>();
  let now = 0;
  return {
    wall: () => now,
    monotonic: () => now,
    running: () => timers.size,
    after(ms, callback) {
      const timer = {};
      timers.set(timer, { at: now + ms, callback });
      return () => timers.delete(timer);
    },
    advance(ms) {
      now += ms;
      const due = [...timers].filter(([, { at }]) => at <= now).sort(([, a], [, b]) => a.at - b.at);
      for (const [timer, { callback }] of due) if (timers.delete(timer)) callback();
    },
  };
}

/** Sleeps no time at all, and remembers how long it should have. */
export function createRecordedSleep(): { sleep: Sleep; slept: number[] } {
  const slept: number[] = [];
  return {
    slept,
    sleep: async (ms) => {
      slept.push(ms);
    },
  };
}
