/** Runs out when nothing was heard for so long. */
export class Silence {
  #ms: number;
  #onOver: () => void;
  #timer: NodeJS.Timeout;
  isOver = false;

  constructor(ms: number, onOver: () => void) {
    this.#ms = ms;
    this.#onOver = onOver;
    this.#timer = this.#begin();
  }

  extend(): void {
    clearTimeout(this.#timer);
    if (!this.isOver) this.#timer = this.#begin();
  }

  stop(): void {
    clearTimeout(this.#timer);
  }

  #begin(): NodeJS.Timeout {
    return setTimeout(() => {
      this.isOver = true;
      this.#onOver();
    }, this.#ms);
  }
}
