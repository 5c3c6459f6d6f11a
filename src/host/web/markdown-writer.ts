/**
 * Writes text with Markdown's marks as its parts come, in time and space proportional to them. Line ends, blanks and marks are
 * owed until there is text for them: what is empty leaves nothing behind.
 */

/** Deeper lists and quotes are not indented further, or each line of a hostile page would begin with all of its depth. */
const MOST_INDENTS = 8;

/** What the first cell of a row begins with. */
const ROW = '| ';

/** Text that is taken as it is until it ends. */
type Verbatim = { isBlock: boolean; language: string; parts: string[] };

export class MarkdownWriter {
  #parts: string[] = [];
  #length = 0;
  #owedLines = 0;
  #owesBlank = false;
  #owedMarks: string[] = [];
  /** Of a list's item whose first text is still to come, with what its line begins with. */
  #owedItem: { prefix: string; mark: string } | undefined;
  #prefix = '';
  /** Lengths of the prefix, to go back to. */
  #outer: number[] = [];
  /** What an empty line that is owed begins with: the shorter of what stands before and after it. */
  #blankPrefix = '';
  #verbatim: Verbatim | undefined;
  #isRow = false;
  #most: number;

  /** Once it is longer than `most` it may be written no further. */
  constructor(most: number) {
    this.#most = most;
  }

  get length(): number {
    return this.#length;
  }

  get isVerbatim(): boolean {
    return this.#verbatim !== undefined;
  }

  text(text: string): void {
    if (this.#verbatim) {
      this.#verbatim.parts.push(text);
      return;
    }
    const words = text.replace(/\s+/g, ' ');
    if (words.startsWith(' ')) this.#owesBlank = true;
    const trimmed = words.trim();
    if (trimmed === '') return;
    this.#write(this.#isRow ? trimmed.replaceAll('|', '\\|') : trimmed);
    this.#owesBlank = words.endsWith(' ');
  }

  /** At least so many line ends before the next text; in a table's row a blank. */
  lines(count: 1 | 2): void {
    if (this.#verbatim) {
      if (this.#verbatim.isBlock && !(this.#verbatim.parts.at(-1) ?? '\n').endsWith('\n')) this.text('\n');
    } else if (this.#isRow) this.#owesBlank = true;
    else {
      if (this.#owedLines === 0 || this.#prefix.length < this.#blankPrefix.length) this.#blankPrefix = this.#prefix;
      this.#owedLines = Math.max(this.#owedLines, count);
      this.#owesBlank = false;
    }
  }

  lineBreak(): void {
    if (this.#verbatim) this.text('\n');
    else this.lines(this.#owedLines > 0 ? 2 : 1);
  }

  /** Before the next text. Within what is verbatim there are no marks. */
  openMark(mark: string): void {
    if (!this.#verbatim) this.#owedMarks.push(mark);
  }

  /** Behind the text since the mark was opened; where there was none, both go. */
  closeMark(mark: string): void {
    if (this.#verbatim) return;
    if (this.#owedMarks.pop() === undefined) this.#put(mark);
  }

  beginItem(mark: string): void {
    this.lines(1);
    const above = this.#owedItem;
    this.#owedItem = above ? { ...above, mark: above.mark + mark } : { prefix: this.#prefix, mark };
    this.indent(' '.repeat(mark.length));
  }

  endItem(): void {
    this.#owedItem = undefined;
    this.outdent();
    this.lines(1);
  }

  indent(prefix: string): void {
    this.#outer.push(this.#prefix.length);
    if (this.#outer.length <= MOST_INDENTS) this.#prefix += prefix;
  }

  outdent(): void {
    this.#prefix = this.#prefix.slice(0, this.#outer.pop() ?? 0);
  }

  beginVerbatim(isBlock: boolean, language: string): void {
    if (isBlock && !this.#isRow) this.lines(2);
    this.#verbatim = { isBlock: isBlock && !this.#isRow, language, parts: [] };
  }

  /** What turned out to be more than a word or two within a line. */
  widenVerbatim(language: string): void {
    if (this.#verbatim && !this.#isRow) Object.assign(this.#verbatim, { isBlock: true });
    if (this.#verbatim && language !== '') this.#verbatim.language = language;
  }

  endVerbatim(): void {
    const { isBlock, language, parts } = this.#verbatim ?? { isBlock: false, language: '', parts: [] };
    this.#verbatim = undefined;
    const text = parts.join('').replaceAll(/\r\n?/g, '\n');
    if (isBlock) this.#writeBlock(text.replace(/^\n/, '').trimEnd(), language);
    else this.#writeCode(text.replaceAll(/\s+/g, ' '));
  }

  #writeBlock(text: string, language: string): void {
    if (text.trim() === '') return;
    this.lines(2);
    const fence = '`'.repeat(Math.max(3, longestRun(text) + 1));
    // Each line begins with the prefix: short ones become many times what they were.
    const lines = text.split('\n', 1 + Math.max(0, this.#most - this.#length) / (this.#prefix.length + 1));
    this.#write([`${fence}${language}`, ...lines, fence].join(`\n${this.#prefix}`));
    this.lines(2);
  }

  #writeCode(text: string): void {
    const code = text.trim();
    if (text.startsWith(' ')) this.#owesBlank = true;
    if (code === '') return;
    const fence = '`'.repeat(longestRun(code) + 1);
    const room = code.startsWith('`') || code.endsWith('`') ? ' ' : '';
    const shown = `${fence}${room}${code}${room}${fence}`;
    this.#write(this.#isRow ? shown.replaceAll('|', '\\|') : shown);
    this.#owesBlank = text.endsWith(' ');
  }

  beginRow(): void {
    this.lines(1);
    this.#isRow = true;
    this.#owedMarks.push(ROW);
  }

  /** Empty ones are shown too: a row's cells stand below each other. */
  endCell(): void {
    this.#owesBlank = false;
    this.#flush();
    this.#put(' |');
    this.#owesBlank = true;
  }

  /** `rule` is the line between the head of a table and its rows. */
  endRow(rule: string): void {
    this.leaveRow();
    if (rule !== '') this.#write(rule);
    this.lines(1);
  }

  /** What was taken for a row is none. */
  leaveRow(): void {
    this.#isRow = false;
    this.#owedMarks = this.#owedMarks.filter((mark) => mark !== ROW);
    this.lines(1);
  }

  toString(): string {
    return this.#parts.join('');
  }

  #write(text: string): void {
    this.#flush();
    this.#put(text);
  }

  /** All that is owed. */
  #flush(): void {
    const isFirst = this.#length === 0;
    if (this.#owedItem) {
      if (!isFirst) this.#putLineEnds(this.#owedItem.prefix);
      else this.#put(this.#owedItem.prefix);
      this.#put(this.#owedItem.mark);
    } else if (isFirst) this.#put(this.#prefix);
    else if (this.#owedLines > 0) this.#putLineEnds(this.#prefix);
    else if (this.#owesBlank) this.#put(' ');
    this.#owedItem = undefined;
    this.#owedLines = 0;
    this.#owesBlank = false;
    for (const mark of this.#owedMarks.splice(0)) this.#put(mark);
  }

  #putLineEnds(prefix: string): void {
    if (this.#owedLines > 1) this.#put(`\n${this.#blankPrefix.trimEnd()}`);
    this.#put(`\n${prefix}`);
  }

  #put(text: string): void {
    if (text === '') return;
    this.#parts.push(text);
    this.#length += text.length;
  }
}

function longestRun(text: string): number {
  return (text.match(/`+/g) ?? []).reduce((longest, run) => Math.max(longest, run.length), 0);
}
