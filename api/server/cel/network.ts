import { isIPv4, isIPv6 } from 'node:net';
import type { Environment } from '@marcbachmann/cel-js';

/*
 * Source: k8s.io/apiserver/pkg/cel/library/ip.go and cidr.go
 */

const SYNC = { async: false };

/** An address as a number of 32 or 128 bits. */
class IpAddress {
  readonly bits: bigint;
  readonly family: 4 | 6;

  constructor(bits: bigint, family: 4 | 6) {
    this.bits = bits;
    this.family = family;
  }

  get size(): number {
    return this.family === 4 ? 32 : 128;
  }

  /** Whether the highest bits are those of `prefix`. */
  startsWith(prefix: bigint, length: number): boolean {
    const rest = BigInt(this.size - length);
    return this.bits >> rest === prefix >> rest;
  }

  /** Canonical, as RFC 5952 has it. */
  toString(): string {
    if (this.family === 4) return parts(this.bits, 4, 8n).join('.');
    const groups = parts(this.bits, 8, 16n).map((group) => group.toString(16));
    const zeros = [...groups.join(':').matchAll(/\b0(:0)+\b/g)].map(([run]) => run);
    const longest = zeros.reduce((best, run) => (run.length > best.length ? run : best), '');
    const text = groups.join(':');
    if (longest === '') return text;
    return text.replace(new RegExp(`(^|:)${longest}(:|$)`), '::');
  }
}

function parts(bits: bigint, count: number, width: bigint): bigint[] {
  const mask = (1n << width) - 1n;
  return Array.from({ length: count }, (_, at) => (bits >> (width * BigInt(count - 1 - at))) & mask);
}

function ipv4Bits(text: string): bigint {
  return text.split('.').reduce((bits, part) => (bits << 8n) | BigInt(part), 0n);
}

function ipv6Bits(text: string): bigint {
  const dotted = /^(.*:)(\d+\.\d+\.\d+\.\d+)$/.exec(text);
  const low = dotted === null ? 0n : ipv4Bits(dotted[2] ?? '');
  const hex =
    dotted === null ? text : `${dotted[1]}${(low >> 16n).toString(16)}:${(low & 0xffffn).toString(16)}`;
  const [head = '', tail] = hex.split('::');
  const groupsOf = (part: string) => (part === '' ? [] : part.split(':'));
  const first = groupsOf(head);
  const last = tail === undefined ? [] : groupsOf(tail);
  const middle = Array.from({ length: 8 - first.length - last.length }, () => '0');
  return [...first, ...middle, ...last].reduce((bits, group) => (bits << 16n) | BigInt(`0x${group}`), 0n);
}

const MAPPED = 0xffffn << 32n;

/** @throws RangeError for what is no address; also for one with a zone, or an IPv4 address in IPv6 */
function parseIp(text: string): IpAddress {
  const fail = (why: string) => new RangeError(why);
  if (isIPv4(text)) return new IpAddress(ipv4Bits(text), 4);
  if (!isIPv6(text))
    throw fail(`IP Address ${JSON.stringify(text)} parse error during conversion from string`);
  if (text.includes('%')) throw fail(`IP address ${JSON.stringify(text)} with zone value is not allowed`);
  const address = new IpAddress(ipv6Bits(text), 6);
  if (address.startsWith(MAPPED, 96))
    throw fail(`IPv4-mapped IPv6 address ${JSON.stringify(text)} is not allowed`);
  return address;
}

/** An address and how many of its bits are the network's. */
class Cidr {
  readonly address: IpAddress;
  readonly length: number;

  constructor(address: IpAddress, length: number) {
    this.address = address;
    this.length = length;
  }

  contains({ family, bits }: IpAddress): boolean {
    return (
      family === this.address.family && new IpAddress(bits, family).startsWith(this.address.bits, this.length)
    );
  }

  masked(): Cidr {
    const rest = BigInt(this.address.size - this.length);
    return new Cidr(new IpAddress((this.address.bits >> rest) << rest, this.address.family), this.length);
  }

  toString(): string {
    return `${this.address.toString()}/${this.length}`;
  }
}

/** @throws RangeError */
function parseCidr(text: string): Cidr {
  const match = /^([^/]+)\/(0|[1-9]\d{0,2})$/.exec(text);
  const address = match === null ? undefined : parseIp(match[1] ?? '');
  const length = Number(match?.[2]);
  if (address === undefined || length > address.size)
    throw new RangeError(
      `network address parse error during conversion from string: ${JSON.stringify(text)} is no CIDR`,
    );
  return new Cidr(address, length);
}

function isParsed(parse: (text: string) => unknown): (text: string) => boolean {
  return (text) => {
    try {
      parse(text);
      return true;
    } catch {
      return false;
    }
  };
}

const bits = (text: string) => parseIp(text).bits;
const LOOPBACK = bits('::1');

function isUnspecified({ bits: own }: IpAddress): boolean {
  return own === 0n;
}

function isLoopback(ip: IpAddress): boolean {
  return ip.family === 4 ? ip.startsWith(bits('127.0.0.0'), 8) : ip.bits === LOOPBACK;
}

function isLinkLocalMulticast(ip: IpAddress): boolean {
  if (ip.family === 4) return ip.startsWith(bits('224.0.0.0'), 24);
  // ff?2::/16, whatever the flags.
  return ((ip.bits >> 112n) & 0xff0fn) === 0xff02n;
}

function isLinkLocalUnicast(ip: IpAddress): boolean {
  return ip.family === 4 ? ip.startsWith(bits('169.254.0.0'), 16) : ip.startsWith(bits('fe80::'), 10);
}

function isMulticast(ip: IpAddress): boolean {
  return ip.family === 4 ? ip.startsWith(bits('224.0.0.0'), 4) : ip.startsWith(bits('ff00::'), 8);
}

/** As Go's netip has it: private addresses are global unicast too. */
function isGlobalUnicast(ip: IpAddress): boolean {
  const isBroadcast = ip.family === 4 && ip.bits === 0xffffffffn;
  return !(isBroadcast || isUnspecified(ip) || isLoopback(ip) || isMulticast(ip) || isLinkLocalUnicast(ip));
}

class IpNamespace {}

/** Addresses and networks: `ip`, `cidr` and what can be asked of them. */
export function addNetwork(environment: Environment): void {
  environment
    .registerType('net.IP', { ctor: IpAddress, fields: {} })
    .registerType('net.CIDR', { ctor: Cidr, fields: {} })
    .registerType('IpNamespace', IpNamespace)
    .registerConstant('ip', 'IpNamespace', new IpNamespace())
    .registerFunction('ip(string): net.IP', parseIp, SYNC)
    .registerFunction('isIP(string): bool', isParsed(parseIp), SYNC)
    .registerFunction(
      'IpNamespace.isCanonical(string): bool',
      (_: IpNamespace, text: string) => parseIp(text).toString() === text,
      SYNC,
    )
    .registerFunction('net.IP.family(): int', ({ family }: IpAddress) => BigInt(family), SYNC)
    .registerFunction('string(net.IP): string', (ip: IpAddress) => ip.toString(), SYNC)
    .registerOperator(
      'net.IP == net.IP',
      (a: IpAddress, b: IpAddress) => a.bits === b.bits && a.family === b.family,
    );
  const kinds = { isUnspecified, isLoopback, isLinkLocalMulticast, isLinkLocalUnicast, isGlobalUnicast };
  for (const [name, is] of Object.entries(kinds))
    environment.registerFunction(`net.IP.${name}(): bool`, is, SYNC);
  addCidrs(environment);
}

function containsCidr(outer: Cidr, inner: Cidr): boolean {
  return outer.length <= inner.length && outer.contains(inner.address);
}

function addCidrs(environment: Environment): void {
  environment
    .registerFunction('cidr(string): net.CIDR', parseCidr, SYNC)
    .registerFunction('isCIDR(string): bool', isParsed(parseCidr), SYNC)
    .registerFunction(
      'net.CIDR.containsIP(net.IP): bool',
      (cidr: Cidr, ip: IpAddress) => cidr.contains(ip),
      SYNC,
    )
    .registerFunction(
      'net.CIDR.containsIP(string): bool',
      (cidr: Cidr, text: string) => cidr.contains(parseIp(text)),
      SYNC,
    )
    .registerFunction('net.CIDR.containsCIDR(net.CIDR): bool', containsCidr, SYNC)
    .registerFunction(
      'net.CIDR.containsCIDR(string): bool',
      (cidr: Cidr, text: string) => containsCidr(cidr, parseCidr(text)),
      SYNC,
    )
    .registerFunction('net.CIDR.ip(): net.IP', ({ address }: Cidr) => address, SYNC)
    .registerFunction('net.CIDR.prefixLength(): int', ({ length }: Cidr) => BigInt(length), SYNC)
    .registerFunction('net.CIDR.masked(): net.CIDR', (cidr: Cidr) => cidr.masked(), SYNC)
    .registerFunction('string(net.CIDR): string', (cidr: Cidr) => cidr.toString(), SYNC)
    .registerOperator('net.CIDR == net.CIDR', (a: Cidr, b: Cidr) => a.toString() === b.toString());
}
