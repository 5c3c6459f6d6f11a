/** Files that texts name, as paths from the workspace's folder with forward slashes. */
import path from 'node:path';

/** Undefined for what lies outside the workspace, and for the workspace itself. */
export function normalPath(given: string, workspace: string): string | undefined {
  const [file, folder] = [given, workspace].map((name) => path.posix.normalize(name.replaceAll('\\', '/')));
  if (file === undefined || folder === undefined) return undefined;
  const inside = file.startsWith(`${folder}/`) ? file.slice(folder.length + 1) : file;
  const isOutside =
    inside === '..' || inside.startsWith('../') || path.posix.isAbsolute(inside) || /^[a-z]:/i.test(inside);
  const bare = inside.replace(/\/+$/, '');
  return isOutside || bare === '.' || bare === '' ? undefined : bare;
}

/** Words of a text that look like files: with a slash or an extension. Without the number of a line. */
export function fileNamesIn(text: string): Set<string> {
  const words = text.split(/[\s"'`()[\]{}<>,;|*]+/).map(bareWord);
  const files = words.filter(
    (word) => !word.includes(':') && /[^/.][/.][^/.]/.test(word) && !/^\d+[./]\d+$/.test(word),
  );
  return new Set(files.map((word) => word.replace(/^\.\//, '')));
}

/** Without what ends a sentence, and without numbers of lines and columns. Letter by letter: a word may be the whole text. */
function bareWord(word: string): string {
  let end = word.length;
  while (end > 0 && '.:!?'.includes(word.charAt(end - 1))) end -= 1;
  for (let at = end; at > 0; ) {
    while (at > 0 && /\d/.test(word.charAt(at - 1))) at -= 1;
    if (at === end || word[at - 1] !== ':') break;
    at -= 1;
    end = at;
  }
  return word.slice(0, end);
}

/** Whether the text names the file: whole, by itself, from `./` or from the workspace's folder on. */
export function namesFile(text: string, file: string, workspace: string): boolean {
  if (!text.includes(file)) return false; // nearly always, and far cheaper
  const prefix = `(?:\\./|${escaped(workspace.replaceAll('\\', '/'))}/)?`;
  return new RegExp(`(?<![${PART}./-])${prefix}${escaped(file)}(?![${PART}/-]|\\.[${PART}])`, 'u').test(text);
}

const PART = '\\p{L}\\p{N}_';

const escaped = (text: string) => text.replace(/[\\^$.*+?()[\]{}|/]/g, '\\$&');
