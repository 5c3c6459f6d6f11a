/** How much of a long output is shown at first. */
import { cutText } from './visible-text.ts';

const MOST_LINES = 24;
const MOST_CHARACTERS = 4000;
/** A cut that hides next to nothing costs a press and gains none. */
const SLACK_LINES = 4;

export type BoundText = { text: string; isCut: boolean; lines: number };

export function boundText(text: string): BoundText {
  const all = text.endsWith('\n') ? text.slice(0, -1) : text;
  const lines = all.split('\n');
  const isLong = lines.length > MOST_LINES + SLACK_LINES;
  const byLines = isLong ? lines.slice(0, MOST_LINES).join('\n') : all;
  const isCut = isLong || byLines.length > MOST_CHARACTERS;
  return { text: isCut ? cutText(byLines, MOST_CHARACTERS) : all, isCut, lines: lines.length };
}
