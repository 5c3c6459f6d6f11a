/** Bytes to text, by what they say of themselves, what the server says, and what a page says in its head. */

/** Where a page has to say what its character set is, in bytes. */
const HEAD_BYTES = 1024;

const MARKS: readonly [mark: readonly number[], charset: string][] = [
  [[0xef, 0xbb, 0xbf], 'utf-8'],
  [[0xfe, 0xff], 'utf-16be'],
  [[0xff, 0xfe], 'utf-16le'],
];

/** `isCut`: the last character may lack its end. What is not of the character set is replaced. */
export function decodeBytes(
  bytes: Uint8Array,
  charset: string | undefined,
  isCut: boolean,
): { text: string; replaced: boolean } {
  const label = charsetOfMark(bytes) ?? known(charset) ?? known(charsetOfHead(bytes)) ?? 'utf-8';
  try {
    return { text: new TextDecoder(label, { fatal: true }).decode(bytes, { stream: isCut }), replaced: false };
  } catch (error) {
    if (!(error instanceof TypeError)) throw error;
    return { text: new TextDecoder(label).decode(bytes), replaced: true };
  }
}

function charsetOfMark(bytes: Uint8Array): string | undefined {
  return MARKS.find(([mark]) => mark.every((byte, at) => bytes[at] === byte))?.[1];
}

/** What the head of a page, or the first line of XML, says. One in UTF-16 could not be read so, and is none. */
function charsetOfHead(bytes: Uint8Array): string | undefined {
  const head = Buffer.from(bytes.subarray(0, HEAD_BYTES)).toString('latin1');
  const said =
    /<meta\b[^>]*\bcharset\s*=\s*["']?\s*([\w.:+-]{1,40})/i.exec(head)?.[1] ??
    /^<\?xml\b[^>]*\bencoding\s*=\s*["']([\w.:+-]{1,40})/.exec(head)?.[1];
  return said !== undefined && /^utf-16/i.test(said) ? 'utf-8' : said;
}

function known(label: string | undefined): string | undefined {
  if (label === undefined) return undefined;
  try {
    return new TextDecoder(label).encoding;
  } catch (error) {
    if (error instanceof RangeError) return undefined;
    throw error;
  }
}
