/** Which addresses may be talked to: the public internet, and what the operator has listed. Everything else is refused. */
import { BlockList, isIP } from 'node:net';
import { AppError } from '../core/errors.ts';

/** IANA's special-purpose registry (RFC 6890 and successors), and what clouds keep for themselves. */
const SPECIAL_V4 = [
  '0.0.0.0/8',
  '10.0.0.0/8',
  '100.64.0.0/10',
  '127.0.0.0/8',
  '169.254.0.0/16',
  '172.16.0.0/12',
  '192.0.0.0/24',
  '192.0.2.0/24',
  '192.88.99.0/24',
  '192.168.0.0/16',
  '198.18.0.0/15',
  '198.51.100.0/24',
  '203.0.113.0/24',
  '224.0.0.0/4',
  '240.0.0.0/4',
  // Azure's host agent answers on a public-looking address.
  '168.63.129.16/32',
];

/**
 * Only 2000::/3 is the public internet; loopback, IPv4-mapped, NAT64, unique local and link-local lie outside it. Inside,
 * Teredo and 6to4 carry IPv4 addresses of their choice.
 */
const GLOBAL_V6 = '2000::/3';
const SPECIAL_V6 = ['2001::/23', '2001:db8::/32', '2002::/16', '3fff::/20'];

const specialV4 = listOf(SPECIAL_V4);
const globalV6 = listOf([GLOBAL_V6]);
const specialV6 = listOf(SPECIAL_V6);

/** Ports of the web; others are mail servers, databases and the like. */
const PORTS: readonly number[] = [80, 443];

export function isPublicAddress(address: string): boolean {
  // An address with a zone (`fe80::1%eth0`) belongs to a link, whatever it looks like.
  const family = address.includes('%') ? 0 : isIP(address);
  if (family === 4) return !specialV4.check(address, 'ipv4');
  return family === 6 && globalV6.check(address, 'ipv6') && !specialV6.check(address, 'ipv6');
}

/** What the operator allows beyond the public internet on its usual ports. */
export interface Allowance {
  /** May this host be asked on this port, if its address turns out to be allowed? */
  port(host: string, port: number): boolean;
  address(host: string, address: string, port: number): boolean;
}

interface Entry {
  /** Null for every port. */
  readonly port: number | null;
  readonly covers: (host: string, address: string | null) => boolean;
}

/**
 * Entries are addresses, subnets or host names, each with a port or without: `10.0.0.5:9000`, `192.168.1.0/24`,
 * `[fd00::5]:80`, `minio.internal:9000`. A listed host name stands for whatever address it has. Throws CONFIG_BAD_VALUE.
 */
export function readAllowance(entries: readonly string[]): Allowance {
  const list = entries.map(readEntry);
  const covered = (host: string, address: string | null, port: number) =>
    list.some((entry) => (entry.port === null || entry.port === port) && entry.covers(host, address));
  return {
    // The address is not known yet when the port is looked at: any entry with this port will do, the address decides.
    port: (host, port) => PORTS.includes(port) || covered(host, isIP(host) === 0 ? null : host, port),
    address: (host, address, port) =>
      (PORTS.includes(port) && isPublicAddress(address)) || covered(host, address, port),
  };
}

function readEntry(text: string): Entry {
  const match = /^(?:\[([\da-f:.]+)\]|([^\s:[\]/]+|[\d.]+\/\d+|[\da-f:]+\/\d+))(?::(\d{1,5}))?$/i.exec(text);
  const place = (match?.[1] ?? match?.[2] ?? '').toLowerCase();
  const port = match?.[3] === undefined ? null : Number(match[3]);
  if (place === '' || (port !== null && (port < 1 || port > 65_535))) throw badEntry(text);
  return { port, covers: place.includes('/') || isIP(place) !== 0 ? coversAddress(place, text) : coversName(place) };
}

function coversName(name: string): Entry['covers'] {
  return (host) => host.toLowerCase() === name;
}

function coversAddress(place: string, text: string): Entry['covers'] {
  const subnet = place.includes('/') ? place : `${place}/${isIP(place) === 4 ? 32 : 128}`;
  let list: BlockList;
  try {
    list = listOf([subnet]);
  } catch (error) {
    throw badEntry(text, error);
  }
  // A name that resolves to an allowed address on an unusual port is only known at connect time.
  return (_host, address) => {
    const family = address === null || address.includes('%') ? 0 : isIP(address);
    return address === null || (family !== 0 && list.check(address, family === 4 ? 'ipv4' : 'ipv6'));
  };
}

function badEntry(text: string, cause?: unknown): AppError {
  return new AppError(
    'CONFIG_BAD_VALUE',
    `Allowed addresses are an address, subnet or host name with an optional port, not '${text}'.`,
    { details: { setting: 'allow-address' }, cause },
  );
}

function listOf(subnets: readonly string[]): BlockList {
  const list = new BlockList();
  for (const subnet of subnets) {
    const [address = '', bits = ''] = subnet.split('/');
    list.addSubnet(address, Number(bits), isIP(address) === 4 ? 'ipv4' : 'ipv6');
  }
  return list;
}
