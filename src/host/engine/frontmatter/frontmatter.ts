/**
 * Reads a Markdown file that begins with YAML between two fences. The parser behind it would run JavaScript for a file that
 * begins with `---js`, and remembers broken files as empty ones: neither can happen here.
 */
import matter from 'gray-matter';

export type Frontmatter = { kind: 'read'; data: unknown; body: string } | { kind: 'unreadable'; reason: string };

/** Of one file, in bytes. */
export const FRONTMATTER_FILE_MAX = 256 * 1024;

const FENCED = /^---[ \t]*\r?\n([\s\S]*?)(?:\r?\n)?^---[ \t]*(?:\r?\n|$)/m;

const refuseCode = {
  parse: (): never => {
    throw new Error('only YAML is read between the fences');
  },
  stringify: (): never => {
    throw new Error('nothing is written here');
  },
};

/** The engines that run code, under all names that the parser knows them by. */
const ENGINES = {
  javascript: refuseCode,
  js: refuseCode,
  coffee: refuseCode,
  coffeescript: refuseCode,
  cson: refuseCode,
};

/** Never throws for what the text holds. `data` is not checked: whoever asks does that. */
export function readFrontmatter(bytes: Uint8Array): Frontmatter {
  if (bytes.length > FRONTMATTER_FILE_MAX) return unreadable('larger than 256 KiB');
  const text = decoded(bytes);
  if (text === undefined) return unreadable('not UTF-8 text');
  if (!text.startsWith('---')) return unreadable('it does not begin with a line ---');
  const language = /^---[ \t]*([^\s]+)/.exec(text.slice(0, 200).split('\n')[0] ?? '')?.[1];
  if (language !== undefined) return unreadable(`its first line is ---${language}, and only --- is read`);
  const fenced = FENCED.exec(text);
  if (fenced?.index !== 0) return unreadable('the closing line --- is missing');
  const yaml = fenced[1] ?? '';
  if (/^---/m.test(yaml)) return unreadable('a line between the fences begins with ---');
  try {
    // Options are always passed: without them a text that failed once is given back as empty the next time.
    const { data } = matter(`---\n${yaml}\n---\n`, { language: 'yaml', engines: ENGINES });
    return { kind: 'read', data, body: text.slice(fenced[0].length).trim() };
  } catch (error) {
    return unreadable(`not YAML: ${(error as Error).message.split('\n')[0]}`);
  }
}

function decoded(bytes: Uint8Array): string | undefined {
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes);
  } catch {
    return undefined;
  }
}

const unreadable = (reason: string): Frontmatter => ({ kind: 'unreadable', reason });
