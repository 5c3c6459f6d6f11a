/** What of the other work matters to an item: a rank by which lists are sorted before time. */
import { fileNamesIn, namesFile } from './file-names.ts';

export type Subject = { rootId: string | null; description: string; workspace: string };

/** 0: names a file that the item's description names. 1: of the same tree. 2: shares a word of it. 3: all else. */
export type Rank = 0 | 1 | 2 | 3;

/** Shorter words are in every text. */
const SHORTEST_WORD = 5;

/** The subject's words are gathered once, then each text is ranked. */
export function ranking({ rootId, description, workspace }: Subject): (rootId: string, text: string) => Rank {
  const files = [...fileNamesIn(description)];
  const words = wordsIn(description);
  return (otherRoot, text) => {
    if (files.some((file) => namesFile(text, file, workspace))) return 0;
    if (otherRoot === rootId) return 1;
    return [...wordsIn(text)].some((word) => words.has(word)) ? 2 : 3;
  };
}

function wordsIn(text: string): Set<string> {
  const words = text.toLowerCase().match(/[\p{L}\p{N}_]+/gu) ?? [];
  return new Set(words.filter((word) => word.length >= SHORTEST_WORD));
}
