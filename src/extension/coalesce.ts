/**
 * Many wishes, few runs: what was asked for within a moment is done once, one run at a time, and once more where a wish
 * came in between.
 */
export class Coalesced {
  #run: () => Promise<void>;
  #onError: (error: unknown) => void;
  #delayMs: number;
  #timer: NodeJS.Timeout | undefined;
  #running = false;
  #again = false;
  #disposed = false;

  constructor(run: () => Promise<void>, delayMs: number, onError: (error: unknown) => void) {
    this.#run = run;
    this.#delayMs = delayMs;
    this.#onError = onError;
  }

  wish(): void {
    if (this.#disposed) return;
    if (this.#running) this.#again = true;
    else this.#timer ??= setTimeout(() => void this.#go(), this.#delayMs);
  }

  dispose(): void {
    this.#disposed = true;
    clearTimeout(this.#timer);
  }

  async #go(): Promise<void> {
    this.#timer = undefined;
    this.#running = true;
    this.#again = false;
    try {
      await this.#run();
    } catch (error) {
      this.#onError(error);
    } finally {
      this.#running = false;
      if (this.#again) this.wish();
    }
  }
}
