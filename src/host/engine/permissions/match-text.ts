/** Text against a pattern, for commands, addresses and tools. */

/**
 * `*` for any text, `?` for any character, `\` before one that is meant. A closing ` *` is also nothing: `git diff *` is
 * about `git diff` too. Takes time in proportion to both lengths.
 */
export function matchesText(pattern: string, text: string): boolean {
  if (pattern.endsWith(' *') && matchesText(pattern.slice(0, -2), text)) return true;
  let [at, mark, wild, from] = [0, 0, -1, 0];
  while (at < text.length) {
    const escaped = pattern[mark] === '\\' && mark + 1 < pattern.length;
    const letter = escaped ? pattern[mark + 1] : pattern[mark];
    if (!escaped && letter === '*') {
      wild = mark;
      mark += 1;
      from = at;
    } else if (letter !== undefined && (letter === text[at] || (!escaped && letter === '?'))) {
      mark += escaped ? 2 : 1;
      at += 1;
    } else if (wild >= 0) {
      from += 1;
      at = from;
      mark = wild + 1;
    } else return false;
  }
  return /^\**$/.test(pattern.slice(mark));
}
