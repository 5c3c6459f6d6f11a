/**
 * Addresses against patterns. The parts are compared one by one, or a `*` that is meant for the host would also take a path
 * that names it: `https://*.example.com/*` is not about `https://evil.net/?.example.com/`.
 */
import { domainToASCII } from 'node:url';
import { matchesText } from './match-text.ts';

type Address = { scheme: string; host: string; port: string; path: string };

const PORTS: Readonly<Record<string, string>> = { http: '80', https: '443' };

/**
 * `example.com` and `*.example.com` by the host, `docs.corp:8443` by host and port, `https://example.com/docs/*` whole; without
 * a path that is all of the host. Where neither port nor scheme is named, an allowance is about the two usual ports, a refusal
 * about all: on one machine another port may be anybody's.
 */
export function matchesAddress(pattern: string, address: string, reach: 'all' | 'any'): boolean {
  const asked = readAddress(address);
  if (!asked) return false;
  const { scheme, authority, path } = partsOf(pattern);
  const [, host = '', port] = /^(.*?)(?::([\d*]+))?$/s.exec(authority) ?? [];
  if (scheme !== undefined && !matchesText(scheme.toLowerCase(), asked.scheme)) return false;
  if (!matchesText(comparableHost(host), asked.host)) return false;
  if (!matchesPort(port, scheme, asked, reach)) return false;
  return path === '' || matchesText(patternPath(path), asked.path);
}

/** Why it means no host's address; undefined where it does. */
export function complaintAboutAddress(pattern: string): string | undefined {
  const { scheme = '', authority } = partsOf(pattern);
  const [sign] = /[?#@]/.exec(`${scheme}${authority}`) ?? [];
  if (sign === undefined) return undefined;
  const reason =
    sign === '@' ? 'no address with a user name is fetched' : `write a / before it, as in example.com/${sign}a`;
  return `no host has a ${sign} in it: ${reason}`;
}

/** Beginning with a scheme it is about an address, whatever the tool. */
export const isAddressPattern = (pattern: string) => partsOf(pattern).scheme !== undefined;

function partsOf(pattern: string): { scheme: string | undefined; authority: string; path: string } {
  const [, scheme, authority = '', path = ''] = /^(?:([^/\s:]*):\/\/)?([^/]*)(.*)$/s.exec(pattern) ?? [];
  return { scheme, authority, path };
}

function matchesPort(port: string | undefined, scheme: string | undefined, asked: Address, reach: 'all' | 'any') {
  if (port !== undefined) return matchesText(port, asked.port);
  if (reach === 'any') return true;
  const usual = PORTS[asked.scheme];
  return scheme === undefined ? Object.values(PORTS).includes(asked.port) : asked.port === usual;
}

/** The one spelling under which an address is compared; undefined where it is none. */
export function comparableAddress(text: string): string | undefined {
  const address = readAddress(text);
  if (!address) return undefined;
  const { scheme, host, port, path } = address;
  return `${scheme}://${host}${port === (PORTS[scheme] ?? '') ? '' : `:${port}`}${path}`;
}

/** Without what is not sent, a fragment above all, and with nothing written as a code that need not be. */
function readAddress(text: string): Address | undefined {
  const url = URL.parse(text);
  if (!url) return undefined;
  const scheme = url.protocol.slice(0, -1);
  const path = comparablePath(`${url.pathname}${url.search}`);
  return { scheme, host: comparableHost(url.hostname), port: url.port || (PORTS[scheme] ?? ''), path };
}

/** What is written as a code in a path or in a query; in both, for comparing. */
const CODED = /[\0-\x20"'<>^`{|}\x7f-\u{10ffff}]/gu;

const comparablePath = (path: string) => path.replaceAll(CODED, codeOf).replaceAll(/%[0-9a-f]{2}/gi, plainly);

function codeOf(character: string): string {
  return Buffer.from(character).toString('hex').toUpperCase().replaceAll(/../g, '%$&');
}

/** As a person writes it, in the spelling that addresses are compared in. Of its signs only `*` is more than itself. */
function patternPath(path: string): string {
  const sent = path.replace(/\\?#.*$/s, '');
  const signs = sent.replaceAll(/\\(.)|\?/gsu, (_whole, sign = '?') => (sign.search(CODED) < 0 ? `\\${sign}` : sign));
  return comparablePath(signs);
}

function plainly(code: string): string {
  const character = String.fromCharCode(Number.parseInt(code.slice(1), 16));
  return /[\w.~-]/.test(character) ? character : code.toUpperCase();
}

/** Names know no case, may end with a dot, and go over the wire in ASCII. */
function comparableHost(host: string): string {
  const name = host.toLowerCase().replace(/(?<!\.)\.+$/, '');
  return /[^\0-\x7f]/.test(name) ? domainToASCII(name) || name : name;
}
