/** What goes to the terminal: colours only where one is there, and nothing that a model wrote can steer it. */
import { styleText } from 'node:util';

type Style = Parameters<typeof styleText>[0];

/** Control characters (but newline and tab) and the marks that reorder text, which could hide what is really there. */
const UNSAFE = /(?![\n\t])[\p{Cc}\p{Bidi_Control}]/gu;

/** Text from a model, a file or a store, made harmless: what would steer the terminal shows as its escape. */
export function plain(text: string): string {
  return text
    .replaceAll('\r\n', '\n')
    .replace(UNSAFE, (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`);
}

/** A name of a file or folder on one line: in such a name a line's end is as good as a letter. */
export function plainName(name: string): string {
  return plain(name).replaceAll('\n', '\\n').replaceAll('\t', '\\t');
}

/** What `paint` makes, and everything that `plain` takes away. */
const COLOUR_OR_UNSAFE = /\p{Cc}\[[0-9;]*m|(?![\n\t])[\p{Cc}\p{Bidi_Control}]/gu;

/**
 * The last gate before the terminal: whatever a caller forgot, only line ends, tabs and, where there are colours, colours
 * get through. A colour of foreign text would too, so such text has to have been through `plain` before.
 */
export function gate(text: string, colours: boolean): string {
  return text.replace(COLOUR_OR_UNSAFE, (found) => (colours && found.startsWith('\u001b[') ? found : plain(found)));
}

/** One line of it, at most `width` characters. */
export function plainLine(text: string, width: number): string {
  const line = plain(text).replace(/\s+/g, ' ').trim();
  return cut(line, width);
}

function cut(line: string, width: number): string {
  return line.length > width ? `${line.slice(0, wholeUpTo(line, width - 1))}…` : line;
}

/** The position, or the one before where it falls between the halves of a character. */
function wholeUpTo(line: string, position: number): number {
  return /[\ud800-\udbff]/.test(line.charAt(position - 1)) ? position - 1 : position;
}

export type Terminal = {
  out(text: string): void;
  /** Progress and remarks, which a script that reads the output must not meet. */
  note(text: string): void;
  paint(style: Style, text: string): string;
  /** Columns; without a bound where there is no terminal, since nothing may be cut for a script. */
  width: number;
};

export function createTerminal(json: boolean): Terminal {
  // styleText looks at NO_COLOR, FORCE_COLOR and whether the stream is a terminal.
  const paint = (style: Style, text: string) => styleText(style, text, { stream: process.stdout });
  const colours = !json && paint('bold', '-') !== '-';
  return {
    out: (text) => process.stdout.write(`${gate(text, colours)}\n`),
    note: (text) => {
      if (!json) process.stderr.write(`${gate(text, colours)}\n`);
    },
    paint,
    width: process.stdout.columns ? Math.max(60, process.stdout.columns) : Number.POSITIVE_INFINITY,
  };
}

/** Breaks lines at spaces so that they fit beside an indent of `indent` columns, which every line but the first gets. */
export function hang(text: string, indent: number, width: number): string {
  const room = Math.max(20, width - indent);
  const lines = plain(text)
    .trimEnd()
    .split('\n')
    .flatMap((line) => breakLine(line, room));
  return lines.join(`\n${' '.repeat(indent)}`);
}

function breakLine(line: string, room: number): string[] {
  const lines: string[] = [];
  let rest = line;
  while (rest.length > room) {
    const space = rest.lastIndexOf(' ', room);
    const at = space > 0 ? space : wholeUpTo(rest, room);
    lines.push(rest.slice(0, at));
    rest = rest.slice(at).trimStart();
  }
  return [...lines, rest];
}

/** Columns of text with two spaces between, the last one cut at the terminal's edge. */
export function table(rows: readonly (readonly string[])[], width: number): string {
  const columns = Math.max(0, ...rows.map((row) => row.length));
  const widths = Array.from({ length: columns }, (_, at) => Math.max(...rows.map((row) => (row[at] ?? '').length)));
  return rows
    .map((row) => {
      const cells = row.map((cell, at) => (at === columns - 1 ? cell : cell.padEnd(widths[at] ?? 0)));
      return plainLineKeepingSpaces(cells.join('  ').trimEnd(), width);
    })
    .join('\n');
}

function plainLineKeepingSpaces(text: string, width: number): string {
  const line = plain(text).replaceAll('\n', ' ');
  return cut(line, width);
}
