/**
 * Characters that would do something instead of being seen: terminal sequences, controls, bidi marks, invisible ones. Text
 * of models, tools and files is shown with them written out, so that what a person reads is what is there.
 */

/**
 * C0 and C1 without tab and line feed, soft hyphen, bidi marks and isolates, zero width and line separators, the tags and
 * variation selectors in which text can hide, and halves of surrogate pairs. Joiners stay: scripts and emoji need them.
 */
const HIDDEN =
  /(?![\t\n])\p{Cc}|[\u00ad\u061c\u115f\u1160\u180e\u200b\u200e\u200f\u2028-\u202e\u2060-\u206f\u3164\ufeff\uffa0\ufff0-\ufffb]|[\u{e0000}-\u{e0fff}]|\p{Surrogate}/gu;

function written(character: string): string {
  const code = character.codePointAt(0) ?? 0;
  if (code < 0x100) return `\\x${code.toString(16).padStart(2, '0')}`;
  return code > 0xffff ? `\\u{${code.toString(16)}}` : `\\u${code.toString(16).padStart(4, '0')}`;
}

/** The text with hidden characters as `\x1b` or `\u202e`. Line ends become line feeds. Changes nothing the second time. */
export function visibleText(text: string): string {
  return text.replaceAll('\r\n', '\n').replace(HIDDEN, written);
}

/** In one line, white space run together. */
export function visibleLine(text: string): string {
  return visibleText(text.replace(/\s+/g, ' ').trim());
}

/** The first characters, cut between code points, for what would be too long to lay out. */
export function cutText(text: string, length: number): string {
  return text.length <= length
    ? text
    : `${text
        .slice(0, length)
        .toWellFormed()
        .replace(/\ufffd$/, '')}…`;
}
