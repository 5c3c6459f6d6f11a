/**
 * Finding a piece in a text. Both are whatever a model and a file say, so the time grows with their lengths alone: `indexOf`
 * and expressions with several repetitions take minutes over some pairs of them (`aaaabaaaa` in many `a`).
 */

/** Where the piece begins, from left to right and without overlaps. */
export function placesOf(text: string, piece: string): number[] {
  const places: number[] = [];
  if (piece === '') return places;
  const borders = bordersOf(piece);
  let matched = 0;
  for (let at = 0; at < text.length; at += 1) {
    matched = grownBy(text.charCodeAt(at), { piece, borders, matched });
    if (matched < piece.length) continue;
    places.push(at + 1 - matched);
    matched = 0;
  }
  return places;
}

/** For each beginning of the piece, how much of it ends the way the piece begins. */
function bordersOf(piece: string): Int32Array {
  const borders = new Int32Array(piece.length);
  for (let at = 1; at < piece.length; at += 1) {
    borders[at] = grownBy(piece.charCodeAt(at), { piece, borders, matched: borders[at - 1] ?? 0 });
  }
  return borders;
}

/** How much of the piece's beginning is matched once the next letter is known. */
function grownBy(letter: number, { piece, borders, matched }: { piece: string; borders: Int32Array; matched: number }) {
  let most = matched;
  while (most > 0 && piece.charCodeAt(most) !== letter) most = borders[most - 1] ?? 0;
  return piece.charCodeAt(most) === letter ? most + 1 : 0;
}

const SPACE = /\s+/g;

/** The line, from 1, where the piece is but for its white space; undefined where it is not even so. */
export function lineOfLoose(text: string, piece: string): number | undefined {
  const [at] = placesOf(text.replaceAll(SPACE, ' '), piece.trim().replaceAll(SPACE, ' '));
  if (at === undefined) return undefined;
  let [line, shorter] = [1, 0];
  for (const { 0: space, index } of text.matchAll(SPACE)) {
    if (index - shorter >= at) break;
    shorter += space.length - 1;
    line += lineEndsIn(space);
  }
  return line;
}

/** The line, from 1, of a place in the text. */
export function lineAt(text: string, place: number): number {
  return 1 + lineEndsIn(text.slice(0, place));
}

function lineEndsIn(text: string): number {
  let ends = 0;
  for (let at = text.indexOf('\n'); at >= 0; at = text.indexOf('\n', at + 1)) ends += 1;
  return ends;
}
