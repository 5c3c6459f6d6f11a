/** The messages of the extension, as they come. */
import { hasOutline, type MessageOutline } from './outline.ts';

/** Hands on each message that looks right, from now on. */
export function receive<Message extends { type: string }>(
  outline: MessageOutline<Message>,
  handle: (message: Message) => void,
): void {
  window.addEventListener('message', ({ data }: MessageEvent<unknown>) => {
    if (hasOutline(data, outline)) handle(data);
  });
}
