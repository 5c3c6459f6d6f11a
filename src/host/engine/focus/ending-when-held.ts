/** A model call that is under way when the work is to stop: it may end by itself, for a while. */
import type { LlmClient } from '../../llm/types.ts';

/** Most answers are whole by then. One that is not is asked for again when the work goes on. */
export const HELD_GRACE_MS = 10_000;

/** `held`: a person pauses the work. `abort`: a drain has waited long enough, which is the drain's to say. */
export function endingWhenHeld(
  client: LlmClient,
  { held, abort }: { held: AbortSignal; abort: AbortSignal },
  graceMs = HELD_GRACE_MS,
): LlmClient {
  return {
    provider: client.provider,
    ...(client.countTokens ? { countTokens: client.countTokens.bind(client) } : {}),
    async *stream(request, signal) {
      const late = new AbortController();
      let timer: NodeJS.Timeout | undefined;
      const begin = () => {
        timer = setTimeout(() => late.abort(), graceMs);
      };
      if (held.aborted) begin();
      else held.addEventListener('abort', begin, { once: true });
      try {
        yield* client.stream(request, AbortSignal.any([signal, abort, late.signal]));
      } finally {
        held.removeEventListener('abort', begin);
        clearTimeout(timer);
      }
    },
  };
}
