/** The mark that every command's environment carries, so that its processes are known wherever they wandered off to. */

/** Name of the environment variable. Its value is `<store id>/<uuid>`: the store, and one run of one command. */
export const RUN_MARKER = 'ANIMUS_RUN';

/** Shorter markers are refused: an empty or accidental value would claim strangers' processes. */
const SHORTEST_MARKER = 16;

/** Throws a TypeError unless this is a marker that names one run. */
export function assertRunMarker(marker: string): void {
  if (marker.length < SHORTEST_MARKER || !/^[\w.-]+\/[\w.-]+$/.test(marker)) {
    throw new TypeError(`A run's marker is <store id>/<uuid>, at least ${SHORTEST_MARKER} characters`);
  }
}

/** Throws a TypeError unless this is `<store id>/`, which names every run of one store. */
export function assertMarkerPrefix(prefix: string): void {
  if (prefix.length < SHORTEST_MARKER || !/^[\w.-]+\/$/.test(prefix)) {
    throw new TypeError(`A marker's prefix is <store id>/, at least ${SHORTEST_MARKER} characters`);
  }
}
