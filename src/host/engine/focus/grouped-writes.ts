/**
 * Writes of calls that run beside each other, several in one transaction: what is asked for while one is under way goes with
 * the next. Each still resolves only when it has committed, so nobody goes on from what could be lost.
 */
import { DbLost, type Tx } from '../../db/types.ts';
import { LeaseLost } from '../../store/work/leases.ts';

export type Body<T> = (tx: Tx, again: boolean) => Promise<T>;

type Asked = {
  body: Body<unknown>;
  resolve: (value: unknown) => void;
  reject: (error: unknown) => void;
};

export class GroupedWrites {
  #write: <T>(body: Body<T>) => Promise<T>;
  #asked: Asked[] = [];
  #isWriting = false;

  /** `write`: one transaction. */
  constructor(write: <T>(body: Body<T>) => Promise<T>) {
    this.#write = write;
  }

  /** Bodies of one group are about different rows, and each finds its own effect when it is repeated. */
  write<T>(body: Body<T>): Promise<T> {
    const { promise, resolve, reject } = Promise.withResolvers<T>();
    this.#asked.push({ body, resolve: resolve as Asked['resolve'], reject });
    if (!this.#isWriting) {
      this.#isWriting = true;
      // Calls that begin or end together ask in the same moment: the first waits for the others.
      setImmediate(() => void this.#writeAll());
    }
    return promise;
  }

  async #writeAll(): Promise<void> {
    while (this.#asked.length > 0) await this.#writeGroup(this.#asked.splice(0));
    this.#isWriting = false;
  }

  async #writeGroup(group: readonly Asked[]): Promise<void> {
    try {
      const values = await this.#write((tx, again) => all(group.map(({ body }) => body(tx, again))));
      for (const [at, { resolve }] of group.entries()) resolve(values[at]);
    } catch (error) {
      // What one of them cannot write takes nothing from the others, unless none of them can write.
      if (group.length === 1 || error instanceof DbLost || error instanceof LeaseLost) {
        for (const { reject } of group) reject(error);
      } else {
        for (const asked of group) await this.#writeGroup([asked]);
      }
    }
  }
}

/** Waits for all, so that none still asks when the transaction is over. */
async function all<T>(promises: readonly Promise<T>[]): Promise<T[]> {
  const settled = await Promise.allSettled(promises);
  return settled.map((one) => {
    if (one.status === 'rejected') throw one.reason;
    return one.value;
  });
}
