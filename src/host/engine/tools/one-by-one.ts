/** Work of this process that must not overlap: what is asked for under one key runs in the order of asking. */

/** The end of the last work under each key that has any. */
const lastEnds = new Map<string, Promise<void>>();

/** Runs `work` once all that was asked for before it under the key has ended, however that ended. */
export async function oneByOne<T>(key: string, work: () => Promise<T>): Promise<T> {
  const before = lastEnds.get(key);
  const { promise: ended, resolve: end } = Promise.withResolvers<void>();
  lastEnds.set(key, ended);
  try {
    await before;
    return await work();
  } finally {
    end();
    if (lastEnds.get(key) === ended) lastEnds.delete(key);
  }
}
