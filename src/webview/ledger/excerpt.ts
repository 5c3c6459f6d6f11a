/** One line of an entry: markup marks left out, beginning near what was searched for, matches told apart. */
import { cutText, visibleText } from '../shared/visible-text.ts';
import { escaped } from './filters.ts';

export type Piece = { text: string; isMatch: boolean };

/** More fits in no row. */
const LONGEST = 400;
/** What a row shows before a match at its end is out of sight. */
const LEAD = 24;
const CONTEXT = 12;

export function excerptOf(content: string, words: readonly string[]): Piece[] {
  const pattern = words.length > 0 ? new RegExp(words.map(escaped).join('|'), 'gi') : null;
  const line = visibleText(asLine(pattern ? content : firstParagraph(content)));
  const first = pattern ? line.search(pattern) : -1;
  const start = first > LEAD ? wordStart(line, first - CONTEXT) : 0;
  const cut = cutText(line.slice(start), LONGEST);
  const text = start > 0 ? `… ${cut}` : cut;
  return pattern && first >= 0 ? pieces(text, pattern) : [{ text, isMatch: false }];
}

/** The rest is a press away, and would repeat itself there. */
function firstParagraph(content: string): string {
  return content.trimStart().split(/\n[ \t]*\n/, 1)[0] ?? '';
}

/** The lines as one, without the marks of headings, lists, emphasis and code. */
function asLine(content: string): string {
  return content
    .replace(/^[ \t]*(?:#{1,6}|[-*+>])[ \t]+/gm, '')
    .replace(/(`+)([^`]+)\1/g, '$2')
    .replace(/(\*\*|__)(?=\S)([^*_]+)\1/g, '$2')
    .replace(/\s+/g, ' ')
    .trim();
}

function wordStart(line: string, near: number): number {
  const space = line.indexOf(' ', near);
  return space >= 0 && space < near + CONTEXT ? space + 1 : near;
}

function pieces(text: string, pattern: RegExp): Piece[] {
  const found: Piece[] = [];
  let end = 0;
  for (const match of text.matchAll(pattern)) {
    if (match.index > end) found.push({ text: text.slice(end, match.index), isMatch: false });
    found.push({ text: match[0], isMatch: true });
    end = match.index + match[0].length;
  }
  if (end < text.length) found.push({ text: text.slice(end), isMatch: false });
  return found;
}
