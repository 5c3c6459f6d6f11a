/** Which window offers which tools of VS Code, and which of them is to call one. */
import { type OfferedTool, windowToolName } from '../../protocol/window-tools.ts';
import type { FoundTool, VscodeTools } from '../engine/tools/vscode-tools.ts';
import type { WindowLink } from './window-link.ts';

/** By their names as tools of a focus. */
type Offer = ReadonlyMap<string, OfferedTool>;

/** How long a call waits for a window that has its tool: one that reloads, or finds a new host, is there within seconds. */
const BACK_WITHIN_MS = 10_000;

export class WindowTools implements VscodeTools {
  /** In the order in which they came. */
  #windows = new Map<WindowLink, Offer>();
  #waiting = new Set<() => void>();
  #backWithinMs: number;

  constructor(backWithinMs = BACK_WITHIN_MS) {
    this.#backWithinMs = backWithinMs;
  }

  /** Takes the place of what the window offered before, and ends with the window. */
  offer(link: WindowLink, tools: readonly OfferedTool[]): void {
    if (!this.#windows.has(link)) void link.closed.then(() => this.#windows.delete(link));
    this.#windows.set(link, firstOfEach(tools.map((tool) => [windowToolName(tool.name), tool])));
    for (const look of this.#waiting) look();
  }

  get windowCount(): number {
    return this.#windows.size;
  }

  list(): Offer {
    return firstOfEach([...this.#windows.values()].flatMap((offer) => [...offer]));
  }

  async find(name: string, signal: AbortSignal): Promise<FoundTool | undefined> {
    const found = this.#pick(name);
    if (found || signal.aborted) return found;
    const soon = AbortSignal.any([signal, AbortSignal.timeout(this.#backWithinMs)]);
    return new Promise((resolve) => {
      const look = () => {
        const back = this.#pick(name);
        if (!back && !soon.aborted) return;
        this.#waiting.delete(look);
        soon.removeEventListener('abort', look);
        resolve(back);
      };
      this.#waiting.add(look);
      soon.addEventListener('abort', look);
    });
  }

  /** Of the window that has been there for the longest: the same one as long as it is there. */
  #pick(name: string): FoundTool | undefined {
    for (const [link, offer] of this.#windows) {
      const tool = offer.get(name);
      if (tool) return { tool, call: (input, signal) => link.call({ name: tool.name, input }, signal) };
    }
    return undefined;
  }
}

/** Of tools with one name the first has it. */
function firstOfEach(named: readonly (readonly [string, OfferedTool])[]): Offer {
  const offer = new Map<string, OfferedTool>();
  for (const [name, tool] of named) if (!offer.has(name)) offer.set(name, tool);
  return offer;
}
