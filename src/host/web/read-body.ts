/** The body of an answer as text: bounded in what it unfolds to, decoded, and HTML made readable. */
import type { IncomingMessage } from 'node:http';
import { pipeline, type Readable } from 'node:stream';
import { createBrotliDecompress, createGunzip } from 'node:zlib';
import { decodeBytes } from './decode-bytes.ts';
import { pageText } from './page-text.ts';
import { reasonOf } from './request.ts';

export type Body =
  | {
      kind: 'text';
      text: string;
      title: string | undefined;
      /** Of the body, unpacked. */
      bytes: number;
      /** There was more of it. */
      isCut: boolean;
      /** Bytes were not what the character set has. */
      replaced: boolean;
    }
  /** No text; `bytes` as the server says, where it does. */
  | { kind: 'other'; bytes: number | undefined };

type Read = { contentType: string; body: Body | { kind: 'broken'; reason: string } };

/** Of a body, unpacked. */
export const MOST_BYTES = 5 * 1024 * 1024;
/** What is no text has a NUL character in its first so many. */
const PROBE = 8192;

const HTML = /^(text\/html|application\/xhtml\+xml)$/;
const TEXT =
  /^(text\/.+|application\/(.+\+)?(json|xml|yaml|toml)|application\/(json5|jsonl|ndjson|x-ndjson|x-yaml|javascript|ecmascript|x-javascript|typescript|x-sh|sql|graphql)|image\/svg\+xml)$/;

/** An answer with no type that can be read is looked at for what it is. */
export async function readBody(answer: IncomingMessage, url: URL, signal: AbortSignal): Promise<Read> {
  const header = answer.headers['content-type'] ?? '';
  const [, type = ''] = /^\s*([\w!#$&^.+-]{1,60}\/[\w!#$&^.+-]{1,100})\s*(?:;|$)/.exec(header) ?? [];
  const contentType = type.toLowerCase();
  const isHtml = HTML.test(contentType);
  const other: Read = { contentType, body: { kind: 'other', bytes: announced(answer) } };
  if (contentType !== '' && !isHtml && !TEXT.test(contentType)) return other;
  const collected = await collect(answer);
  if (collected.kind === 'broken') return { contentType, body: collected };
  const { bytes, isCut } = collected;
  const charset = /;\s*charset\s*=\s*"?([\w.:+-]{1,40})/i.exec(header)?.[1];
  const { text, replaced } = decodeBytes(bytes, charset, isCut);
  if (text.slice(0, PROBE).includes('\0')) return other;
  const facts = { kind: 'text', bytes: bytes.byteLength, replaced } as const;
  if (!isHtml && !(contentType === '' && /^\s*<(!doctype html|html)\b/i.test(text))) {
    return { contentType, body: { ...facts, text, title: undefined, isCut } };
  }
  const page = await pageText(text, url, signal);
  return { contentType, body: { ...facts, ...page, isCut: isCut || page.isCut } };
}

function announced({ headers }: IncomingMessage): number | undefined {
  const length = headers['content-length'];
  return length !== undefined && /^\d{1,15}$/.test(length) ? Number(length) : undefined;
}

type Collected = { kind: 'bytes'; bytes: Buffer; isCut: boolean } | { kind: 'broken'; reason: string };

async function collect(answer: IncomingMessage): Promise<Collected> {
  let received = 0;
  const source = unpacked(answer, (bytes) => {
    received += bytes;
  });
  if (source === undefined) {
    return { kind: 'broken', reason: 'its body is packed in a way that was not asked for' };
  }
  const chunks: Buffer[] = [];
  let size = 0;
  try {
    for await (const chunk of source as AsyncIterable<Buffer>) {
      chunks.push(chunk.subarray(0, MOST_BYTES - size));
      size += chunk.byteLength;
      if (size > MOST_BYTES) return { kind: 'bytes', bytes: Buffer.concat(chunks), isCut: true };
    }
  } catch (error) {
    // Some servers say of every body that it is packed, of one that is empty too.
    if (answer.complete && received === 0) return { kind: 'bytes', bytes: Buffer.alloc(0), isCut: false };
    return { kind: 'broken', reason: `its body broke off or cannot be unpacked (${reasonOf(error)})` };
  }
  return { kind: 'bytes', bytes: Buffer.concat(chunks), isCut: false };
}

/** Undefined where it is packed otherwise than the request allowed. What comes packed is counted. */
function unpacked(answer: IncomingMessage, count: (bytes: number) => void): Readable | undefined {
  const encoding = (answer.headers['content-encoding'] ?? '').trim().toLowerCase();
  if (encoding === '' || encoding === 'identity') return answer;
  const unpack = /^(x-)?gzip$/.test(encoding)
    ? createGunzip()
    : encoding === 'br'
      ? createBrotliDecompress()
      : undefined;
  if (!unpack) return undefined;
  answer.on('data', (chunk: Buffer) => count(chunk.byteLength));
  // What goes wrong is seen by whoever reads the end of it.
  return pipeline(answer, unpack, () => undefined);
}
