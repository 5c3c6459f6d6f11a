/** Who wants to hear of something. A listener that throws keeps the others from nothing. */
export type Stop = { dispose(): void };

export class Listeners<T> {
  #listeners = new Set<(value: T) => void>();
  #onError: (error: unknown) => void;

  constructor(onError: (error: unknown) => void) {
    this.#onError = onError;
  }

  add(listener: (value: T) => void): Stop {
    // Wrapped, so that the same function added twice is heard twice and leaves once.
    const own = (value: T) => listener(value);
    this.#listeners.add(own);
    return { dispose: () => this.#listeners.delete(own) };
  }

  tell(value: T): void {
    for (const listener of [...this.#listeners]) {
      try {
        listener(value);
      } catch (error) {
        this.#onError(error);
      }
    }
  }
}
