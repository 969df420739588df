import ipaddr from 'ipaddr.js';
import { HandlerError } from '../errors.ts';

/** First and last address of an IPv4 block, as numbers. */
interface Block {
  readonly first: number;
  readonly last: number;
}

/**
 * Reads a block that EC2 takes: /16 to /28, written with its first address.
 * @throws HandlerError
 * @see https://docs.aws.amazon.com/vpc/latest/userguide/vpc-cidr-blocks.html
 */
export function blockOf(cidr: string): Block {
  const [address, bits] = ipaddr.IPv4.isValidCIDRFourPartDecimal(cidr) ? ipaddr.IPv4.parseCIDR(cidr) : [];
  if (!address || bits === undefined || bits < 16 || bits > 28) throw invalid(cidr);
  const first = Buffer.from(address.octets).readUInt32BE();
  const size = 2 ** (32 - bits);
  if (first % size !== 0) throw invalid(cidr);
  return { first, last: first + size - 1 };
}

export function holds(outer: Block, inner: Block): boolean {
  return outer.first <= inner.first && inner.last <= outer.last;
}

export function overlaps(a: Block, b: Block): boolean {
  return a.first <= b.last && b.first <= a.last;
}

/** How EC2 says that a block is none, or not one for here. */
export function invalid(cidr: string): HandlerError {
  return new HandlerError(
    'InvalidRequest',
    `The CIDR '${cidr}' is invalid. (Service: Ec2, Status Code: 400)`,
  );
}
