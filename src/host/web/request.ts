/** One request over a connection of its own: nothing is reused, so that each is judged by the address it goes to. */
import * as http from 'node:http';
import * as https from 'node:https';
import { guardedLookup, hostOf, PrivateAddress, type Reach } from './reach.ts';

export type Limits = {
  /** Until there is a connection, its name resolved and its certificate checked. */
  connectMs: number;
  /** From then on until the answer begins. */
  headersMs: number;
};

export const LIMITS: Limits = { connectMs: 10_000, headersMs: 20_000 };

export type Asked =
  | { kind: 'answer'; answer: http.IncomingMessage }
  | { kind: 'refused'; reason: string }
  | { kind: 'failed'; reason: string };

const ACCEPT = 'text/html, application/xhtml+xml, application/json, text/*;q=0.9, */*;q=0.5';

/**
 * Never rejects. The answer's body is still to be read; destroying it closes the connection, as aborting does. Variables that
 * name a proxy or switch off the check of certificates change nothing: through a proxy nobody here could see what address
 * is gone to.
 */
export function ask(
  url: URL,
  { reach, userAgent, limits = LIMITS }: { reach: Reach; userAgent: string; limits?: Limits },
  signal: AbortSignal,
): Promise<Asked> {
  const { promise, resolve } = Promise.withResolvers<Asked>();
  const isSecure = url.protocol === 'https:';
  const request = (isSecure ? https : http).request(url, {
    method: 'GET',
    agent: isSecure ? new https.Agent({ keepAlive: false }) : new http.Agent({ keepAlive: false }),
    lookup: guardedLookup(url, reach),
    // A closing dot is no part of the name that a certificate is for.
    ...(url.hostname.endsWith('.') ? { servername: hostOf(url) } : {}),
    rejectUnauthorized: true,
    insecureHTTPParser: false,
    headers: { 'user-agent': userAgent, accept: ACCEPT, 'accept-encoding': 'gzip, br' },
    signal,
  });
  const late = (what: string, ms: number) => () =>
    request.destroy(new Error(`${what} did not come within ${ms / 1000} s`));
  let timer = setTimeout(late('a connection', limits.connectMs), limits.connectMs);
  request.on('socket', (socket) => {
    socket.once(isSecure ? 'secureConnect' : 'connect', () => {
      clearTimeout(timer);
      timer = setTimeout(late('the beginning of an answer', limits.headersMs), limits.headersMs);
    });
  });
  request.once('response', (answer) => {
    clearTimeout(timer);
    resolve({ kind: 'answer', answer });
  });
  request.once('close', () => {
    clearTimeout(timer);
    // Such as one that wants to go on in another protocol.
    resolve({ kind: 'failed', reason: 'it closed the connection without an answer' });
  });
  // Stays for errors after the answer began, which its reader sees for itself.
  request.on('error', (error) => {
    const isRefusal = error instanceof PrivateAddress;
    resolve(isRefusal ? { kind: 'refused', reason: error.message } : { kind: 'failed', reason: reasonOf(error) });
  });
  request.end();
  return promise;
}

/** With several addresses the error is about all of them and says nothing itself. */
export function reasonOf(error: unknown): string {
  const errors = error instanceof AggregateError ? error.errors : [error];
  return errors.map((one) => (one instanceof Error ? one.message : String(one))).join('; ');
}
