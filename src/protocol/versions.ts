/** The protocol's version. A host serves its own and the one before; an older client is told to update. */
export const PROTOCOL_VERSION = 1;
export const OLDEST_PROTOCOL_VERSION = 1;

/** Longest message in bytes, both ways. */
export const MAX_FRAME_BYTES = 8 * 1024 * 1024;
