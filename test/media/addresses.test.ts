/** Which addresses are public, and what the operator can allow beyond them. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { isPublicAddress, readAllowance } from '../../src/media/addresses.ts';

describe('the public internet', () => {
  it.each(['8.8.8.8', '1.1.1.1', '93.184.216.34', '172.15.255.255', '172.32.0.1', '2606:4700::1111', '2a00:1450::1'])(
    'holds %s',
    (address) => expect(isPublicAddress(address)).toBe(true),
  );

  it.each([
    ['this host', '0.0.0.0'],
    ['this network', '0.1.2.3'],
    ['loopback', '127.0.0.1'],
    ['loopback, elsewhere', '127.255.255.254'],
    ['private', '10.1.2.3'],
    ['private', '172.16.0.1'],
    ['private', '172.31.255.255'],
    ['private', '192.168.0.1'],
    ['carrier NAT, metadata of one cloud', '100.100.100.200'],
    ['link-local, metadata of most clouds', '169.254.169.254'],
    ['metadata of one cloud', '192.0.0.192'],
    ['host agent of one cloud', '168.63.129.16'],
    ['multicast', '224.0.0.1'],
    ['broadcast', '255.255.255.255'],
    ['unspecified', '::'],
    ['loopback', '::1'],
    ['IPv4-mapped loopback', '::ffff:127.0.0.1'],
    ['IPv4-mapped, in hex', '::ffff:7f00:1'],
    ['IPv4-mapped public: no reason to write it so', '::ffff:8.8.8.8'],
    ['IPv4-compatible', '::127.0.0.1'],
    ['NAT64', '64:ff9b::a9fe:a9fe'],
    ['NAT64, local', '64:ff9b:1::1'],
    ['6to4 of 127.0.0.1', '2002:7f00:1::'],
    ['Teredo', '2001:0:4136:e378:8000:63bf:3fff:fdd2'],
    ['documentation', '2001:db8::1'],
    ['unique local, metadata of one cloud', 'fd00:ec2::254'],
    ['link-local', 'fe80::1'],
    ['link-local with a zone', 'fe80::1%eth0'],
    ['public with a zone', '2606:4700::1%eth0'],
    ['site-local', 'fec0::1'],
    ['multicast', 'ff02::1'],
    ['no address', 'example.org'],
    ['nothing', ''],
  ])('does not hold %s: %s', (_what, address) => expect(isPublicAddress(address)).toBe(false));

  it('never holds an address of the private ranges', () => {
    const byte = fc.integer({ min: 0, max: 255 });
    const inside = fc.oneof(
      fc.tuple(fc.constant(10), byte, byte, byte),
      fc.tuple(fc.constant(127), byte, byte, byte),
      fc.tuple(fc.constant(172), fc.integer({ min: 16, max: 31 }), byte, byte),
      fc.tuple(fc.constant(192), fc.constant(168), byte, byte),
      fc.tuple(fc.constant(169), fc.constant(254), byte, byte),
    );
    fc.assert(
      fc.property(inside, (parts) => {
        const address = parts.join('.');
        return !isPublicAddress(address) && !isPublicAddress(`::ffff:${address}`);
      }),
    );
  });
});

describe('what the operator allows', () => {
  const allowance = readAllowance(['10.0.0.5:9000', '192.168.1.0/24', '[fd00::5]:80', 'minio.internal:9000', 'nas']);

  it.each([
    ['an address with its port', 'x', '10.0.0.5', 9000, true],
    ['an address on another port', 'x', '10.0.0.5', 9001, false],
    ['another address', 'x', '10.0.0.6', 9000, false],
    ['a subnet on any port', 'x', '192.168.1.77', 5000, true],
    ['another subnet', 'x', '192.168.2.77', 80, false],
    ['an IPv6 address', 'x', 'fd00::5', 80, true],
    ['a host by name, wherever it is', 'minio.internal', '10.9.9.9', 9000, true],
    ['a host by name, in capitals', 'MinIO.internal', '10.9.9.9', 9000, true],
    ['a host by name on another port', 'minio.internal', '10.9.9.9', 22, false],
    ['a host by name on every port', 'nas', '10.9.9.9', 8080, true],
    ['a host whose name only ends so', 'evil-nas', '10.9.9.9', 80, false],
    ['the public web', 'example.org', '93.184.216.34', 443, true],
    ['the public internet elsewhere', 'example.org', '93.184.216.34', 25, false],
  ])('%s', (_what, host, address, port, expected) => {
    expect(allowance.port(host, port) && allowance.address(host, address, port)).toBe(expected);
  });

  it.each(['', '10.0.0.0/33', '10.0.0.0/8/8', 'a b', 'host:0', 'host:70000', 'http://host', '[fd00::5', 'fd00::/200'])(
    'is refused at the start when it is "%s"',
    (entry) => expect(() => readAllowance([entry])).toThrow(expect.objectContaining({ code: 'CONFIG_BAD_VALUE' })),
  );
});
