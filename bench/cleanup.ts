/** What a benchmark started or made, to be ended and removed whatever happens to it. */
export class Cleanup {
  #works: (() => Promise<void> | void)[] = [];

  add(work: () => Promise<void> | void): void {
    this.#works.push(work);
  }

  /** The newest first; one that fails keeps no other from running. */
  async run(): Promise<void> {
    const failures: unknown[] = [];
    for (let work = this.#works.pop(); work; work = this.#works.pop()) {
      try {
        await work();
      } catch (error) {
        failures.push(error);
      }
    }
    if (failures.length > 0) throw new AggregateError(failures, `Not all was cleaned up: ${failures.join('; ')}`);
  }
}
