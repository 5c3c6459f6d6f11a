/**
 * HTML as text with the marks of Markdown. The page is parsed as it comes, in slices between which the host goes on with its
 * other work; no tree is built, nothing of the page is run, and what a browser would not show is left out.
 */
import { setImmediate } from 'node:timers/promises';
import { Parser } from 'htmlparser2';
import { PageReader } from './page-reader.ts';

export type PageText = {
  text: string;
  title: string | undefined;
  /** It was too deep or too long to be read to its end. */
  isCut: boolean;
};

/** Characters that are parsed at a go. */
const SLICE = 16 * 1024;

/** `url` is what links are relative to. */
export async function pageText(html: string, url: URL, signal: AbortSignal): Promise<PageText> {
  const reader = new PageReader(url);
  const parser = new Parser(
    {
      onopentag: (name, attributes) => reader.open(name, attributes),
      onclosetag: (name) => reader.close(name),
      ontext: (text) => reader.text(text),
    },
    { decodeEntities: true },
  );
  for (let at = 0; at < html.length && !reader.isFull; at += SLICE) {
    parser.write(html.slice(at, at + SLICE));
    await setImmediate();
    signal.throwIfAborted();
  }
  // What is still open at its end is written then.
  if (!reader.isFull) parser.end();
  return { text: reader.toString(), title: reader.title, isCut: reader.isFull };
}
