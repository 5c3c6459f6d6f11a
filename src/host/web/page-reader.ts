/** Turns the tags and texts of a page, as a parser finds them, into what a reader wants of them. */
import { MarkdownWriter } from './markdown-writer.ts';
import { PageTables } from './page-tables.ts';

type Attributes = Readonly<Record<string, string>>;

/** An element that is open; `end` undoes what its beginning did. */
type Open = { name: string; end: () => void };

/** Deeper pages are an attack on whoever reads them; browsers flatten what is over half of that. */
const MOST_DEPTH = 1000;
/** Characters of text that come out of a page, and of its title. */
const LONGEST_TEXT = 5 * 1024 * 1024;
const LONGEST_TITLE = 300;
const LONGEST_LINK = 2000;

/** Not shown, or not to be read. */
const SKIPPED = new Set(
  'script style template noscript svg iframe frame object embed canvas audio video map select datalist textarea'.split(
    ' ',
  ),
);
const PARAGRAPHS = new Set('p ul ol dl table figure fieldset hr address caption'.split(' '));
const BLOCKS = new Set(
  (
    'div section article header footer main nav aside form details summary figcaption legend dt dd menu search ' +
    'body center dialog hgroup option tr td th thead tbody tfoot'
  ).split(' '),
);
const MARKS: ReadonlyMap<string, string> = new Map([
  ...[...['strong', 'b'].map((name) => [name, '**'] as const)],
  ...[...['em', 'i', 'cite', 'dfn', 'var'].map((name) => [name, '*'] as const)],
  ...[...['del', 's', 'strike'].map((name) => [name, '~~'] as const)],
  ['q', '"'],
]);
const CODE = new Set(['pre', 'code', 'kbd', 'samp', 'tt', 'listing', 'xmp']);
const CODE_BLOCKS = new Set(['pre', 'listing', 'xmp']);

export class PageReader {
  #writer = new MarkdownWriter(LONGEST_TEXT);
  #tables = new PageTables(this.#writer);
  #base: URL;
  #open: Open[] = [];
  /** How deep within something that is left out. */
  #skipped = 0;
  #title: string | undefined;
  #isInTitle = false;
  /** The lists that are open: how many items of each were numbered, or null where it has none. */
  #lists: (number | null)[] = [];
  #isTooDeep = false;

  constructor(url: URL) {
    this.#base = url;
  }

  get isFull(): boolean {
    return this.#isTooDeep || this.#writer.length > LONGEST_TEXT;
  }

  get title(): string | undefined {
    const title = this.#title?.replaceAll(/\s+/g, ' ').trim();
    return title === '' ? undefined : title;
  }

  toString(): string {
    return this.#writer.toString().slice(0, LONGEST_TEXT);
  }

  open(name: string, attributes: Attributes): void {
    if (this.isFull) return;
    this.#isTooDeep = this.#open.length + this.#skipped >= MOST_DEPTH;
    if (this.#skipped > 0 || SKIPPED.has(name) || isHidden(name, attributes)) {
      this.#skipped += 1;
      return;
    }
    this.#open.push({ name, end: this.#begin(name, attributes) });
  }

  /** The parser closes what it opened, in order, whatever the page does. */
  close(name: string): void {
    if (this.isFull) return;
    if (this.#skipped > 0) this.#skipped -= 1;
    else if (this.#open.at(-1)?.name === name) this.#open.pop()?.end();
  }

  text(text: string): void {
    if (this.isFull || this.#skipped > 0) return;
    if (!this.#isInTitle) this.#writer.text(text);
    else this.#title = `${this.#title ?? ''}${text}`.slice(0, LONGEST_TITLE);
  }

  #begin(name: string, attributes: Attributes): () => void {
    const writer = this.#writer;
    if (CODE.has(name)) return this.#beginCode(name, attributes);
    const mark = MARKS.get(name);
    if (mark !== undefined) return this.#beginMark(mark, mark);
    if (/^h[1-6]$/.test(name)) return this.#beginHeading(Number(name[1]));
    switch (name) {
      case 'title':
        return this.#beginTitle();
      case 'base':
        this.#base = this.#resolve(attributes.href) ?? this.#base;
        return nothing;
      case 'a':
        return this.#beginLink(attributes.href);
      case 'img':
        this.#addImage(attributes.alt);
        return nothing;
      case 'br':
        writer.lineBreak();
        return nothing;
      case 'hr':
        writer.lines(2);
        writer.text('---');
        return () => writer.lines(2);
      case 'ul':
      case 'ol':
        return this.#beginList(name === 'ol' ? startOf(attributes) : null);
      case 'li':
        return this.#beginItem();
      case 'blockquote':
        writer.lines(2);
        writer.indent('> ');
        return this.#atEnd(() => writer.outdent(), 2);
      case 'table':
      case 'tr':
      case 'td':
      case 'th':
        return this.#tables.begin(name);
    }
    if (PARAGRAPHS.has(name)) return this.#beginBlock(2);
    return BLOCKS.has(name) ? this.#beginBlock(1) : nothing;
  }

  #beginBlock(lines: 1 | 2): () => void {
    this.#writer.lines(lines);
    return () => this.#writer.lines(lines);
  }

  #atEnd(end: () => void, lines: 1 | 2): () => void {
    return () => {
      end();
      this.#writer.lines(lines);
    };
  }

  #beginHeading(level: number): () => void {
    this.#tables.meetBlock();
    this.#writer.lines(2);
    this.#writer.openMark(`${'#'.repeat(level)} `);
    return this.#atEnd(() => this.#writer.closeMark(''), 2);
  }

  #beginMark(open: string, close: string): () => void {
    if (this.#writer.isVerbatim) return nothing;
    this.#writer.openMark(open);
    return () => this.#writer.closeMark(close);
  }

  /** The first title of the page is its own. */
  #beginTitle(): () => void {
    if (this.#title !== undefined) return nothing;
    this.#isInTitle = true;
    return () => {
      this.#isInTitle = false;
    };
  }

  /** A link within the page, or to what is no page, is its text. */
  #beginLink(href: string | undefined): () => void {
    if (href === undefined || href.trim().startsWith('#')) return nothing;
    const target = this.#resolve(href);
    if (!target) return nothing;
    return this.#beginMark('[', `](${target.href.replaceAll('(', '%28').replaceAll(')', '%29')})`);
  }

  #resolve(href: string | undefined): URL | undefined {
    if (href === undefined || href.length > LONGEST_LINK) return undefined;
    const target = URL.parse(href, this.#base.href);
    return target && /^https?:$/.test(target.protocol) && target.href.length <= LONGEST_LINK ? target : undefined;
  }

  #addImage(alt: string | undefined): void {
    const said = alt?.replaceAll(/\s+/g, ' ').trim().slice(0, LONGEST_TITLE) ?? '';
    if (said !== '') this.#writer.text(`[image: ${said}]`);
  }

  #beginList(numbered: number | null): () => void {
    if (this.#writer.isVerbatim) return this.#beginBlock(1);
    this.#tables.meetBlock();
    const lines = this.#lists.length > 0 ? 1 : 2;
    this.#writer.lines(lines);
    this.#lists.push(numbered);
    return this.#atEnd(() => this.#lists.pop(), lines);
  }

  #beginItem(): () => void {
    if (this.#writer.isVerbatim) return this.#beginBlock(1);
    const at = this.#lists.length - 1;
    const number = this.#lists[at] ?? null;
    if (number !== null) this.#lists[at] = number + 1;
    this.#tables.meetBlock();
    this.#writer.beginItem(number === null ? '- ' : `${number}. `);
    return () => this.#writer.endItem();
  }

  /** `pre` with `code` in it is one block, in the language that the inner one names. */
  #beginCode(name: string, { class: classes = '' }: Attributes): () => void {
    const isBlock = CODE_BLOCKS.has(name);
    const language = /(?:^|\s)(?:language|lang)-([\w+#-]{1,20})/.exec(classes)?.[1] ?? '';
    if (isBlock) this.#tables.meetBlock();
    if (this.#writer.isVerbatim) {
      if (isBlock || language !== '') this.#writer.widenVerbatim(language);
      return nothing;
    }
    this.#writer.beginVerbatim(isBlock, language);
    return () => this.#writer.endVerbatim();
  }
}

const nothing = () => undefined;

/** Scripts show what is whole pages to begin with. */
function isHidden(name: string, { hidden, style = '' }: Attributes): boolean {
  if (name === 'html' || name === 'body') return false;
  return hidden !== undefined || /(?:^|;)\s*(?:display\s*:\s*none|visibility\s*:\s*hidden)/i.test(style);
}

function startOf({ start = '' }: Attributes): number {
  return /^\d{1,9}$/.test(start) ? Number(start) : 1;
}
