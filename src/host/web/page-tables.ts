/**
 * Tables of a page: rows of cells between bars. One that holds lists, headings, code or tables is there for its layout: it
 * is read as the blocks that are in it.
 */
import type { MarkdownWriter } from './markdown-writer.ts';

type Table = {
  isLayout: boolean;
  rows: number;
  /** Of the row that is open; null outside of rows. */
  cells: number | null;
};

export class PageTables {
  #writer: MarkdownWriter;
  #open: Table[] = [];

  constructor(writer: MarkdownWriter) {
    this.#writer = writer;
  }

  begin(name: 'table' | 'tr' | 'td' | 'th'): () => void {
    if (name === 'table') return this.#beginTable();
    const table = this.#open.at(-1);
    if (!table || table.isLayout || this.#writer.isVerbatim) return this.#beginBlock();
    return name === 'tr' ? this.#beginRow(table) : this.#beginCell(table);
  }

  /** Something stands in a cell that no row can hold. */
  meetBlock(): void {
    const table = this.#open.at(-1);
    if (!table || table.isLayout) return;
    table.isLayout = true;
    if (table.cells !== null) this.#writer.leaveRow();
  }

  #beginTable(): () => void {
    this.meetBlock();
    this.#writer.lines(2);
    // What is verbatim has no rows.
    this.#open.push({ isLayout: this.#writer.isVerbatim, rows: 0, cells: null });
    return () => {
      this.#open.pop();
      this.#writer.lines(2);
    };
  }

  #beginRow(table: Table): () => void {
    this.#writer.beginRow();
    table.cells = 0;
    return () => {
      const cells = table.cells ?? 0;
      table.cells = null;
      if (table.isLayout) {
        this.#writer.lines(1);
        return;
      }
      if (cells > 0) table.rows += 1;
      this.#writer.endRow(table.rows === 1 && cells > 0 ? `|${' --- |'.repeat(cells)}` : '');
    };
  }

  #beginCell(table: Table): () => void {
    return () => {
      if (table.isLayout) {
        this.#writer.lines(1);
      } else if (table.cells !== null) {
        this.#writer.endCell();
        table.cells += 1;
      }
    };
  }

  #beginBlock(): () => void {
    this.#writer.lines(1);
    return () => this.#writer.lines(1);
  }
}
