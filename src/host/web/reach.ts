/**
 * What may be fetched at all. An address is judged twice: by its spelling before anything is asked, and by what its name
 * resolves to, at the connection itself. There is no second look-up between the judgement and the connection, so a name that
 * changes its mind gains nothing.
 */
import { type LookupAddress, lookup as systemLookup } from 'node:dns';
import { isIP, type LookupFunction } from 'node:net';
import { networkInterfaces } from 'node:os';
import { type Interfaces, isNearby } from './nearby.ts';
import { isPublicAddress } from './public-address.ts';

export type Resolve = (
  hostname: string,
  options: { all: true; family?: number | 'IPv4' | 'IPv6'; hints?: number },
  callback: (error: NodeJS.ErrnoException | null, addresses: LookupAddress[]) => void,
) => void;

export type Reach = {
  /** Hosts that a person wants reachable although they are private: `docs.corp`, `10.1.2.3:8443`, `[fd00::1]`. */
  allowPrivate: readonly string[];
  /** In the place of the system's resolver and of the ranges, for tests. */
  resolve?: Resolve;
  isPublic?(address: string): boolean;
  /** In the place of this machine's, which are looked at each time: networks come and go. */
  interfaces?(): Interfaces;
};

/** Names that are never the public internet's, with all that is below them. */
const LOCAL_NAMES = ['localhost', 'localdomain', 'local', 'internal', 'home.arpa'];

/** Why the address is not fetched, as it is spelled; undefined where nothing is to be said against it. */
export function whyRefused(url: URL, reach: Reach): string | undefined {
  if (url.protocol !== 'http:' && url.protocol !== 'https:')
    return `only http and https are fetched, not ${url.protocol}`;
  if (url.username !== '' || url.password !== '')
    return 'an address with a user name or a password in it is not fetched';
  const host = hostOf(url);
  if (host === '') return 'it names no host';
  if (isWanted(url, reach)) return undefined;
  if (isIP(host)) return isOpen(host, reach) ? undefined : privateReason(host);
  const isLocal = LOCAL_NAMES.some((name) => host === name || host.endsWith(`.${name}`));
  return isLocal ? privateReason(host) : undefined;
}

/** Of an address as URL parses it, which knows all spellings of IPv4: without brackets and closing dots. */
export function hostOf({ hostname }: URL): string {
  return hostname.replace(/^\[(.*)\]$/, '$1').replace(/(?<!\.)\.+$/, '');
}

export function portOf({ protocol, port }: URL): string {
  if (port !== '') return port;
  return protocol === 'https:' ? '443' : '80';
}

/** A host that a person named without a port is meant with the usual two. */
function isWanted(url: URL, { allowPrivate }: Reach): boolean {
  const [host, port] = [hostOf(url), portOf(url)];
  return allowPrivate.some((entry) => {
    const [, name = '', wantedPort] = /^(.*?)(?::(\d+))?$/.exec(entry) ?? [];
    const wanted = URL.parse(`http://${name}/`);
    if (!wanted || hostOf(wanted) !== host) return false;
    return wantedPort === undefined ? port === '80' || port === '443' : Number(wantedPort) === Number(port);
  });
}

function isOpen(address: string, { isPublic, interfaces = networkInterfaces }: Reach): boolean {
  if (isPublic) return isPublic(address);
  return isPublicAddress(address) && !isNearby(address, interfaces());
}

function privateReason(host: string): string {
  return (
    `${host} is not of the public internet, or is this machine or on its own network. Only a person can make it reachable, by naming it in web.allow_private of ` +
    'their config.toml'
  );
}

/** The name resolves to an address that is not fetched from. */
export class PrivateAddress extends Error {
  override name = 'PrivateAddress';
}

/** Resolves for one connection. One address that is private refuses the name: an honest name has none. */
export function guardedLookup(url: URL, reach: Reach): LookupFunction {
  const resolve: Resolve = reach.resolve ?? systemLookup;
  const anyAddress = isWanted(url, reach);
  return (hostname, { family, hints, all }, callback) => {
    const options = { all: true as const, ...(family === undefined ? {} : { family }), ...(hints ? { hints } : {}) };
    resolve(hostname, options, (error, addresses) => {
      const [first] = addresses ?? [];
      if (error || !first) return callback(error ?? new Error(`${hostname} has no address`), '');
      let closed: LookupAddress | undefined;
      try {
        closed = anyAddress ? undefined : addresses.find(({ address }) => !isOpen(address, reach));
      } catch (cause) {
        return callback(cause as Error, '');
      }
      if (closed) {
        const reason = `${hostname} resolves to ${closed.address}; ${privateReason(hostOf(url))}`;
        return callback(new PrivateAddress(reason), '');
      }
      if (all) callback(null, addresses);
      else callback(null, first.address, first.family);
    });
  };
}
