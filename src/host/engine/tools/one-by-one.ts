/** Work of this process that must not overlap: what is asked for under one key runs in the order of asking. */

/** The end of the last work under each key that has any. */
const lastEnds = new Map<string, Promise<void>>();

/**
 * Runs `work` once all that was asked for before it under the key has ended, however that ended. Undefined where the signal
 * was aborted before its turn: then it never runs, and whoever comes behind it waits for those before it all the same.
 */
export async function oneByOne<T>(
  key: string,
  work: () => Promise<T>,
  signal = new AbortController().signal,
): Promise<T | undefined> {
  const before = lastEnds.get(key) ?? Promise.resolve();
  const { promise: worked, resolve: end } = Promise.withResolvers<void>();
  const ended = Promise.all([before, worked]).then(() => {
    if (lastEnds.get(key) === ended) lastEnds.delete(key);
  });
  lastEnds.set(key, ended);
  try {
    await turnOrAbort(before, signal);
    return signal.aborted ? undefined : await work();
  } finally {
    end();
  }
}

async function turnOrAbort(turn: Promise<void>, signal: AbortSignal): Promise<void> {
  if (signal.aborted) return;
  const { promise: aborted, resolve } = Promise.withResolvers<void>();
  const leave = () => resolve();
  signal.addEventListener('abort', leave);
  try {
    await Promise.race([turn, aborted]);
  } finally {
    signal.removeEventListener('abort', leave);
  }
}
