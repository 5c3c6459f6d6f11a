/** Text of other foci as the model gets to see it: data, on one line, in quotes that it cannot leave. */

/** What shows as nothing, or reorders what shows; a line's end among it. */
const INVISIBLE = /[\p{Cc}\p{Cf}\p{Zl}\p{Zp}\p{Default_Ignorable_Code_Point}]/u;

/** At most `most` characters between the quotes; what is cut ends with `…`. */
export function quoted(text: string, most: number): string {
  const line = text.replace(/\s+/gu, ' ').trim();
  let shown = '';
  for (const character of line) {
    const next = shown + visible(character);
    if (next.length > most) return `"${shown.slice(0, most - 1).toWellFormed()}…"`;
    shown = next;
  }
  return `"${shown}"`;
}

function visible(character: string): string {
  if (character === '"' || character === '\\') return `\\${character}`;
  return INVISIBLE.test(character) ? `\\u{${(character.codePointAt(0) ?? 0).toString(16)}}` : character;
}

/** A stored time, to the minute, UTC: an age would be another one in every digest. */
export function shortTime(time: Date): string {
  return time.toISOString().slice(0, 16).replace('T', ' ');
}
