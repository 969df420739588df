import { isIP } from 'node:net';
import ipaddr from 'ipaddr.js';
import { SluiceError } from '../../kernel/errors.ts';

type Address = ReturnType<typeof ipaddr.parse>;
type Range = ReturnType<typeof ipaddr.parseCIDR>;

/** Which addresses a tenant's host may lead to. */
export interface EgressPolicy {
  /** Why a connection to this address is refused; undefined where it may be made. */
  refusal(address: string): string | undefined;
  /** True where the operator opened this address with SLUICE_EGRESS_ALLOW: plain http is accepted there, too. */
  opened(address: string): boolean;
  readonly opensAny: boolean;
}

/**
 * Public unicast addresses pass, and what lies in the operator's ranges; everything else is refused.
 * @param allow CIDR ranges or single addresses (SLUICE_EGRESS_ALLOW)
 */
export function createEgressPolicy(allow: readonly string[]): EgressPolicy {
  const ranges = allow.map(parseRange);
  const opened = (address: string): boolean => {
    const plain = unwrap(ipaddr.parse(address));
    return ranges.some(([base, bits]) => base.kind() === plain.kind() && plain.match(base, bits));
  };
  const refusal = (address: string): string | undefined => {
    const kind = kindOf(ipaddr.parse(address));
    if (kind === undefined || opened(address)) return undefined;
    return `${address} is ${kind}`;
  };
  return { refusal, opened, opensAny: ranges.length > 0 };
}

function parseRange(text: string): Range {
  const cidr = text.includes('/') ? text : `${text}/${isIP(text) === 6 ? 128 : 32}`;
  if (!ipaddr.isValidCIDR(cidr)) {
    throw new Error(
      `SLUICE_EGRESS_ALLOW: "${text}" is no address range; write them as 10.1.0.0/16, separated by commas.`,
    );
  }
  return ipaddr.parseCIDR(cidr);
}

// Addresses that are public by range and yet answer with a cloud's metadata or credentials.
const METADATA = new Set(['168.63.129.16']);

const NAMES: Readonly<Record<string, string>> = {
  unspecified: 'an unspecified address',
  loopback: 'a loopback address',
  private: 'a private address',
  uniqueLocal: 'a private address',
  linkLocal: 'a link-local address (instance metadata lives there)',
  carrierGradeNat: 'an address of a carrier network',
  multicast: 'a multicast address',
  broadcast: 'a broadcast address',
};

/** What an address is, where it is not public unicast. */
function kindOf(address: Address): string | undefined {
  const plain = unwrap(address);
  if (METADATA.has(plain.toString())) return 'a metadata address';
  const range = plain.range();
  // Of IPv6 only 2000::/3 is given out as global unicast (RFC 4291, section 2.4).
  const global = plain instanceof ipaddr.IPv4 || plain.match(ipaddr.IPv6.parse('2000::'), 3);
  if (range === 'unicast' && global) return undefined;
  return NAMES[range] ?? `a reserved address (${range})`;
}

/** The IPv4 address that an IPv4-mapped (RFC 4291) or NAT64 (RFC 6052) address stands for; others as they are. */
function unwrap(address: Address): Address {
  if (address instanceof ipaddr.IPv4) return address;
  if (address.isIPv4MappedAddress()) return address.toIPv4Address();
  const nat64 = address.match(ipaddr.IPv6.parse('64:ff9b::'), 96);
  return nat64 ? ipaddr.fromByteArray(address.toByteArray().slice(12)) : address;
}

/** The refusal a caller sees. Names the origin only: paths of webhook URLs are often secret. */
export function egressRefused(origin: string, why: string): SluiceError {
  return new SluiceError(
    'EGRESS_REFUSED',
    `${origin} may not be reached: ${why}. A tenant's URL must be https and lead to a public address; the operator may open further ranges with SLUICE_EGRESS_ALLOW.`,
  );
}
