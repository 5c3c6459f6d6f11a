/**
 * This machine and its neighbours by addresses that are of the public internet: a server that has such a one is no stranger
 * to what listens on it, and what is on its link may trust whoever asks from there.
 */
import { BlockList, isIP } from 'node:net';
import type { NetworkInterfaceInfo } from 'node:os';
import { CARRIER_BITS, CARRIERS } from './public-address.ts';

/** As `os.networkInterfaces` gives them. */
export type Interfaces = NodeJS.Dict<Pick<NetworkInterfaceInfo, 'address' | 'cidr'>[]>;

/** Whether the address is one of an interface, or is reached over one without a router. */
export function isNearby(address: string, interfaces: Interfaces): boolean {
  const near = new BlockList();
  for (const entry of Object.values(interfaces).flatMap((entries) => entries ?? [])) addLink(near, entry);
  return near.check(address, isIP(address) === 6 ? 'ipv6' : 'ipv4');
}

function addLink(near: BlockList, { address, cidr }: Pick<NetworkInterfaceInfo, 'address' | 'cidr'>): void {
  const [own = ''] = address.split('%');
  const said = Number(/\/(\d+)$/.exec(cidr ?? '')?.[1] ?? 0);
  if (isIP(own) === 6) near.addSubnet(own, said || 128, 'ipv6');
  if (isIP(own) !== 4) return;
  // One that says that everything is on its link says nothing.
  const bits = said || 32;
  near.addSubnet(own, bits, 'ipv4');
  for (const carrier of CARRIERS) near.addSubnet(`${carrier}${own}`, CARRIER_BITS + bits, 'ipv6');
}
