/** Pages of an answer: what goes into one message has to stay below the longest that a connection takes. */

/** Of one answer's list. Two such lists and what stands beside them fit into a message of 8 MiB. */
export const PAGE_BYTES = 3 * 1024 * 1024;

/** Most rows that are read for a page, so that short ones do not fill the memory either. */
export const PAGE_ROWS = 1000;

export const jsonBytes = (value: unknown): number => Buffer.byteLength(JSON.stringify(value));

/** As many from the front as fit; one at least, since a page without any would never end. */
export function fitting<T>(items: readonly T[], maxBytes: number = PAGE_BYTES): T[] {
  let bytes = 0;
  const tooMany = items.findIndex((item, at) => {
    bytes += jsonBytes(item);
    return at > 0 && bytes > maxBytes;
  });
  return items.slice(0, tooMany < 0 ? items.length : tooMany);
}

/** What stands for something that was too long for an answer. */
export const leftOut = (value: unknown): string => `[left out of this answer: ${jsonBytes(value)} bytes]`;
