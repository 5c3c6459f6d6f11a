/** What a link in a text may point at. Everything else stays text. The extension checks again before it opens anything. */

export type LinkTarget = { kind: 'link'; href: string } | { kind: 'file'; path: string; line: number | null };

const LONGEST_HREF = 2048;
const LONGEST_PATH = 1024;

/** A file of some folder, or one with a line: `src/a.ts`, `a.ts:12`, `./a/b.ts:3:7`, `C:\a\b.ts`. */
const FILE =
  /^((?:[A-Za-z]:[\\/])?[\w@.+~\-\\/[\]()$]*?[\w\-)\]$]\.[A-Za-z][\w-]{0,11})(?::(\d{1,7})(?::\d{1,7})?|#L(\d{1,7}))?$/;

export function linkTarget(href: string): LinkTarget | null {
  if (/^https?:\/\/[^\s/]/i.test(href) && href.length <= LONGEST_HREF && URL.canParse(href))
    return { kind: 'link', href };
  if (hasScheme(href)) return null;
  return fileReference(decoded(href));
}

/** The file that a piece of code names, if it clearly names one: with a folder, or with a line. */
export function fileInCode(text: string): LinkTarget | null {
  const target = fileReference(text);
  const isClear = target?.kind === 'file' && (/[\\/]/.test(target.path) || target.line !== null);
  return isClear ? target : null;
}

export function fileReference(text: string): LinkTarget | null {
  const [, path, line, anchor] = (text.length <= LONGEST_PATH && FILE.exec(text)) || [];
  if (!path || /^(\\\\|\/\/)/.test(path)) return null;
  const number = Number(line ?? anchor ?? 0);
  return { kind: 'file', path, line: number > 0 ? number : null };
}

/** A drive's letter is no scheme, and neither is the number of a line. */
function hasScheme(href: string): boolean {
  return /^[A-Za-z][A-Za-z0-9+.-]+:(?!\d+(?::\d+)?$)/.test(href) || /^\/\//.test(href);
}

function decoded(href: string): string {
  try {
    return decodeURIComponent(href);
  } catch {
    return href;
  }
}
