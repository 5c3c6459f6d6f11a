/**
 * One webview's end of the line. What comes in is checked against its schema and refused, with a line in the log, where it
 * does not fit; what goes out is checked too, so that a page never meets what it does not know.
 */
import type * as z from 'zod';
import { plainLine } from '../plain-text.ts';

/** What a webview is to us. */
export type Post = { postMessage(message: unknown): PromiseLike<boolean> };

export type LinkOptions<In, Out> = {
  /** Which view it is, for the log. */
  name: string;
  incoming: z.ZodType<In>;
  outgoing: z.ZodType<Out>;
  onMessage(message: In): Promise<void>;
  onError(error: unknown): void;
  log(level: 'warn', message: string): void;
};

export class WebviewLink<In, Out> {
  #post: Post;
  #options: LinkOptions<In, Out>;

  constructor(post: Post, options: LinkOptions<In, Out>) {
    this.#post = post;
    this.#options = options;
  }

  /** False where the page is not there to hear it. */
  async send(message: Out): Promise<boolean> {
    return this.#post.postMessage(this.#options.outgoing.parse(message));
  }

  /** True where the message was one of ours. */
  async receive(message: unknown): Promise<boolean> {
    const { incoming, onMessage, onError, log, name } = this.#options;
    const parsed = incoming.safeParse(message);
    if (!parsed.success) {
      log('warn', `${name}: refused a message that is none of ours: ${describe(message)}`);
      return false;
    }
    try {
      await onMessage(parsed.data);
    } catch (error) {
      onError(error);
    }
    return true;
  }
}

function describe(message: unknown): string {
  try {
    return plainLine(JSON.stringify(message) ?? String(message), 200);
  } catch {
    return `a ${typeof message}`;
  }
}
