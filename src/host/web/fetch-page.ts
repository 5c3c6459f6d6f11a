/** Gets a page, and follows it where the same host leads on. */
import type { IncomingMessage } from 'node:http';
import { hostOf, portOf, type Reach, whyRefused } from './reach.ts';
import { type Body, readBody } from './read-body.ts';
import { ask, type Limits } from './request.ts';

export type Surroundings = { reach: Reach; userAgent: string; limits?: Limits };

export type Fetched =
  | { kind: 'answer'; url: URL; status: number; contentType: string; body: Body }
  /** It leads to another host, where nobody has looked yet. */
  | { kind: 'elsewhere'; url: URL; status: number; target: URL }
  /** Nothing was asked there, by a rule of ours. */
  | { kind: 'refused'; url: URL; reason: string }
  | { kind: 'failed'; url: URL; reason: string };

const MOST_REDIRECTS = 5;
const REDIRECTS = [301, 302, 303, 307, 308];
/** Characters of an address that a server leads to. */
export const LONGEST_ADDRESS = 2000;

export async function fetchPage(address: URL, surroundings: Surroundings, signal: AbortSignal): Promise<Fetched> {
  let url = withoutFragment(address);
  for (let redirects = 0; ; redirects += 1) {
    const refusal = whyRefused(url, surroundings.reach);
    if (refusal !== undefined) return { kind: 'refused', url, reason: refusal };
    const asked = await ask(url, surroundings, signal);
    if (asked.kind !== 'answer') return { ...asked, url };
    const { answer } = asked;
    try {
      const status = answer.statusCode ?? 0;
      const { location } = answer.headers;
      if (!REDIRECTS.includes(status) || location === undefined) return await readAnswer(url, answer, signal);
      const target = URL.parse(location, url.href);
      if (!target || target.href.length > LONGEST_ADDRESS) {
        return { kind: 'failed', url, reason: 'it redirects to what is no address, or a very long one' };
      }
      const next = withoutFragment(target);
      if (!leadsOn(url, next)) return leave(url, status, next, surroundings.reach);
      if (redirects === MOST_REDIRECTS) return { kind: 'failed', url, reason: 'it redirects over and over' };
      url = next;
    } finally {
      answer.destroy();
    }
  }
}

async function readAnswer(url: URL, answer: IncomingMessage, signal: AbortSignal): Promise<Fetched> {
  const { body, contentType } = await readBody(answer, url, signal);
  if (body.kind === 'broken') return { kind: 'failed', url, reason: body.reason };
  return { kind: 'answer', url, status: answer.statusCode ?? 0, contentType, body };
}

/** What could not be fetched in a call of its own either is said at once. */
function leave(url: URL, status: number, target: URL, reach: Reach): Fetched {
  const refusal = whyRefused(target, reach);
  if (refusal !== undefined) return { kind: 'refused', url: target, reason: refusal };
  return { kind: 'elsewhere', url, status, target };
}

/**
 * Whether a redirect is followed. A person, or a rule, allowed the address that was shown: that is a word on its host, which
 * may serve under that address whatever it likes, and on no other. So it is followed on the same host and port, and from
 * there to the encrypted one, never back.
 */
function leadsOn(from: URL, to: URL): boolean {
  if (hostOf(from) !== hostOf(to) || to.username !== '' || to.password !== '') return false;
  if (from.protocol === to.protocol) return portOf(from) === portOf(to);
  return from.protocol === 'http:' && portOf(from) === '80' && to.protocol === 'https:' && portOf(to) === '443';
}

function withoutFragment(url: URL): URL {
  const copy = new URL(url);
  copy.hash = '';
  return copy;
}
