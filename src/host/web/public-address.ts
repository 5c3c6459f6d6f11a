/**
 * Which addresses are of the public internet. Everything else leads to this machine, to its network, or to nobody: pages
 * are not fetched from there, whatever name or spelling leads to it.
 */
import { BlockList, isIP } from 'node:net';

type Range = readonly [network: string, bits: number];

/** Special ranges of IPv4, by the registry of RFC 6890 and what came to it since. */
const CLOSED_V4: readonly Range[] = [
  ['0.0.0.0', 8], // this network
  ['10.0.0.0', 8], // private
  ['100.64.0.0', 10], // between a provider and its customers
  ['127.0.0.0', 8], // loopback
  ['168.63.129.16', 32], // Azure's host, as its guests see it
  ['169.254.0.0', 16], // link-local; clouds give out credentials there
  ['172.16.0.0', 12], // private
  ['192.0.0.0', 24], // protocol assignments
  ['192.0.2.0', 24], // documentation
  ['192.31.196.0', 24], // AS112
  ['192.52.193.0', 24], // multicast tunnels
  ['192.88.99.0', 24], // relays of 6to4
  ['192.168.0.0', 16], // private
  ['192.175.48.0', 24], // AS112
  ['198.18.0.0', 15], // benchmarks
  ['198.51.100.0', 24], // documentation
  ['203.0.113.0', 24], // documentation
  ['224.0.0.0', 4], // multicast
  ['240.0.0.0', 4], // reserved, and broadcast
];

/** All that is handed out of IPv6 so far; loopback, link-local, unique local and multicast lie outside. */
const OPEN_V6: Range = ['2000::', 3];

const CLOSED_V6: readonly Range[] = [
  ['2001::', 23], // protocol assignments, Teredo among them
  ['2001:db8::', 32], // documentation
  ['2002::', 16], // 6to4: nobody relays it any more, and an IPv4 address of any kind is in it
  ['2620:4f:8000::', 48], // AS112
  ['3ffe::', 16], // a test network of old
  ['3fff::', 20], // documentation
];

/** Where the last 32 bits are an IPv4 address, which decides: mapped ones, and those that a NAT64 translates. */
export const CARRIERS = ['::ffff:', '64:ff9b::'];
export const CARRIER_BITS = 96;

const open = new BlockList();
const closed = new BlockList();
open.addSubnet(...OPEN_V6, 'ipv6');
for (const [network, bits] of CLOSED_V4) closed.addSubnet(network, bits, 'ipv4');
for (const range of CLOSED_V6) closed.addSubnet(...range, 'ipv6');
for (const carrier of CARRIERS) {
  open.addSubnet(`${carrier}0.0.0.0`, CARRIER_BITS, 'ipv6');
  for (const [network, bits] of CLOSED_V4) closed.addSubnet(`${carrier}${network}`, CARRIER_BITS + bits, 'ipv6');
}

/** `address` as a resolver gives it. What is no address at all is not public. */
export function isPublicAddress(address: string): boolean {
  switch (isIP(address)) {
    case 4:
      return !closed.check(address, 'ipv4');
    case 6:
      // One with a zone is of one link.
      return !address.includes('%') && open.check(address, 'ipv6') && !closed.check(address, 'ipv6');
    default:
      return false;
  }
}
