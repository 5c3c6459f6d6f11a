/** Text that models wrote, made harmless for labels: no controls, nothing that reorders what stands beside it. */

const UNSAFE = /(?![\n\t])[\p{Cc}\p{Bidi_Control}]/gu;

export function plainText(text: string): string {
  return text.replaceAll('\r\n', '\n').replace(UNSAFE, '\u{FFFD}');
}

/** A row of a side bar has room for so much and for what stands behind it; a tab has a little more. */
export const ROW_WIDTH = 26;
export const TAB_WIDTH = 40;
/** A clause shorter than this says too little to stand for the whole. */
const SHORTEST_CLAUSE = 12;

/** What stands for a text that has no title: its first clause, cut between words. */
export function titleOf(text: string, width: number): string {
  const line = plainLine(text, 1000);
  const end = line.slice(SHORTEST_CLAUSE).search(/[.:;!?](\s|$)/);
  const clause = end === -1 ? line : line.slice(0, SHORTEST_CLAUSE + end);
  const characters = [...clause];
  if (characters.length <= width) return clause;
  const cut = characters.slice(0, width - 1).join('');
  const space = cut.lastIndexOf(' ');
  return `${cut.slice(0, space > width / 2 ? space : undefined).trimEnd()}…`;
}

/** For a notification, which would make links of `[words](address)`, commands among them. */
export function messageText(text: string): string {
  return plainText(text).replaceAll('](', '] (');
}

/** For a quick pick, which would make icons of `$(name)`. */
export function choiceText(text: string): string {
  return text.replaceAll('$(', '\\$(');
}

/** The first line that says something, at most `width` characters. */
export function plainLine(text: string, width: number): string {
  const line = plainText(text)
    .split('\n')
    .map((part) => part.replace(/\s+/g, ' ').trim())
    .find((part) => part !== '');
  if (line === undefined) return '(no text)';
  const characters = [...line];
  return characters.length > width ? `${characters.slice(0, width - 1).join('')}…` : line;
}
