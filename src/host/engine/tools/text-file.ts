/** A text file as an editor sees it: its text apart from the mark and the line ends that it is written with. */
import { isUtf8 } from 'node:buffer';
import { createHash } from 'node:crypto';

export type TextFile = {
  /** Without a byte order mark, lines ending with LF. */
  text: string;
  /** How it is written. */
  form: TextForm;
};

export type TextForm = {
  byteOrderMark: boolean;
  /** `mixed`: lines end both ways, and the text keeps them as they are. */
  lineEnd: 'lf' | 'crlf' | 'mixed';
};

export const PLAIN: TextForm = { byteOrderMark: false, lineEnd: 'lf' };

const MARK = '\ufeff';

/** Undefined for bytes that are no UTF-8 text: no tool of ours can write those back unharmed. */
export function decodeText(bytes: Buffer): TextFile | undefined {
  if (!isUtf8(bytes) || bytes.includes(0)) return undefined;
  const whole = bytes.toString('utf8');
  const byteOrderMark = whole.startsWith(MARK);
  const text = byteOrderMark ? whole.slice(1) : whole;
  const ends = text.match(/\r?\n/g) ?? [];
  const returns = ends.filter((end) => end === '\r\n').length;
  if (returns === 0) return { text, form: { byteOrderMark, lineEnd: 'lf' } };
  if (returns < ends.length || /\r(?!\n)/.test(text)) return { text, form: { byteOrderMark, lineEnd: 'mixed' } };
  return { text: text.replaceAll('\r\n', '\n'), form: { byteOrderMark, lineEnd: 'crlf' } };
}

export function encodeText(text: string, { byteOrderMark, lineEnd }: TextForm): Buffer {
  const lines = lineEnd === 'crlf' ? text.replaceAll(/\r?\n/g, '\r\n') : text;
  return Buffer.from(`${byteOrderMark ? MARK : ''}${lines}`, 'utf8');
}

export function sha256Of(bytes: Buffer): string {
  return createHash('sha256').update(bytes).digest('hex');
}
