/**
 * Puts the calls of a Chat Completions stream together out of their pieces. OpenAI marks each piece with the index of its
 * call; elsewhere indexes repeat, begin at 1 or are missing, ids come late, again, or never, and so do names.
 */
import { isJsonObject } from '../tool-arguments.ts';
import type { WireCall } from './chat-wire.ts';

export type CallPiece = { index: number | undefined; id: string; name: string; json: string };

export type PartialCall = {
  /** As the server gave it; '' where it has not. */
  wireId: string;
  index: number | undefined;
  name: string;
  json: string;
};

export type Placement =
  | { kind: 'new' }
  /** Its place among the calls there are. */
  | { kind: 'more'; place: number }
  /** The whole call once more, as some servers end their answers. */
  | { kind: 'again' };

export function toPiece({ index, id, function: called }: WireCall): CallPiece {
  const given = called?.arguments;
  return {
    index: index ?? undefined,
    id: id === null || id === undefined ? '' : String(id),
    name: called?.name ?? '',
    json: typeof given === 'string' ? given : given === undefined || given === null ? '' : JSON.stringify(given),
  };
}

/**
 * Which call a piece belongs to. `before` is how many calls there were before its chunk: one chunk names each call once, so
 * that a piece without id and index does not go on with one that began beside it.
 */
export function placePiece(calls: readonly PartialCall[], piece: CallPiece, before: number): Placement {
  const place = candidate(calls, piece, before);
  const call = place === undefined ? undefined : calls[place];
  if (place === undefined || call === undefined) return { kind: 'new' };
  if (!isWhole(call) || piece.name === '') return { kind: 'more', place };
  // It has all that a call needs, and a name comes again: the call's own, or the next one's.
  const isOwn = piece.id !== '' && piece.id === call.wireId && piece.index === call.index && piece.name === call.name;
  if (!isOwn) return { kind: 'new' };
  return piece.json === call.json ? { kind: 'again' } : { kind: 'more', place };
}

/** By id, then by index, then the latest. */
function candidate(calls: readonly PartialCall[], piece: CallPiece, before: number): number | undefined {
  if (piece.id !== '') {
    const known = calls.findLastIndex((call) => call.wireId === piece.id);
    if (known !== -1) return known;
    // A new id starts a new call, unless it is the late one of a call that has none yet.
    const nameless = calls.findLastIndex((call) => call.wireId === '' && call.index === piece.index);
    return nameless === -1 ? undefined : nameless;
  }
  if (piece.index !== undefined) {
    const indexed = calls.findLastIndex((call) => call.index === piece.index);
    return indexed === -1 ? undefined : indexed;
  }
  return before === 0 || (piece.name !== '' && calls.length > before) ? undefined : calls.length - 1;
}

/** Whether it has a name and arguments that nothing can follow. */
function isWhole({ name, json }: PartialCall): boolean {
  if (name === '' || !json.trimEnd().endsWith('}')) return false;
  try {
    return isJsonObject(JSON.parse(json));
  } catch {
    return false;
  }
}

export function addPiece(call: PartialCall, piece: CallPiece): PartialCall {
  return {
    wireId: call.wireId || piece.id,
    index: call.index ?? piece.index,
    name: piece.name || call.name,
    json: call.json + piece.json,
  };
}
