/**
 * Whose models of VS Code a person has let Animus use. VS Code asks them too, where a vendor wants that, but only when the
 * first question comes, and work in the background is no moment for a dialog: so it begins with a choice of theirs.
 */
import * as z from 'zod';

/** What VS Code keeps for an extension, over all windows. */
export type Memory = { get(name: string): unknown; update(name: string, value: unknown): PromiseLike<void> };

const NAME = 'animus.allowedVendors';
const stored = z.array(z.string()).catch([]);

export class AllowedVendors {
  #memory: Memory;

  constructor(memory: Memory) {
    this.#memory = memory;
  }

  has(vendor: string): boolean {
    return this.#list().includes(vendor);
  }

  async allow(vendor: string): Promise<void> {
    if (!this.has(vendor)) await this.#memory.update(NAME, [...this.#list(), vendor]);
  }

  async forbid(vendor: string): Promise<void> {
    if (this.has(vendor)) {
      await this.#memory.update(
        NAME,
        this.#list().filter((name) => name !== vendor),
      );
    }
  }

  #list(): string[] {
    return stored.parse(this.#memory.get(NAME));
  }
}
