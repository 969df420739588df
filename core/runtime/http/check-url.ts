import { isIP } from 'node:net';
import { egressRefused, type EgressPolicy } from './egress.ts';
import type { Endpoints } from './endpoints.ts';

/**
 * What can be said of a tenant's URL without asking the network. WHATWG URL has turned decimal, octal and hex
 * notations of an IPv4 address into dotted ones already.
 * @throws SluiceError EGRESS_REFUSED
 */
export function checkUrl(url: URL, policy: EgressPolicy, endpoints: Endpoints): void {
  const origin = url.origin === 'null' ? `${url.protocol}//${url.host}` : url.origin;
  if (url.protocol !== 'https:' && url.protocol !== 'http:')
    throw egressRefused(origin, `"${url.protocol}" is not https`);
  if (url.username || url.password) throw egressRefused(origin, 'its URL carries credentials');
  if (endpoints.get(origin)) return;
  if (url.port === '0') throw egressRefused(origin, 'port 0 cannot be connected to');
  const address = literalAddress(url.hostname);
  const why = address === undefined ? undefined : policy.refusal(address);
  if (why !== undefined) throw egressRefused(origin, why);
  if (url.protocol === 'http:' && !mayBePlain(address, policy))
    throw egressRefused(origin, 'it is not https');
}

/** Plain http goes to opened addresses only. What a name resolves to is known, and checked, when connecting. */
function mayBePlain(address: string | undefined, policy: EgressPolicy): boolean {
  return address === undefined ? policy.opensAny : policy.opened(address);
}

function literalAddress(hostname: string): string | undefined {
  const bare = hostname.replace(/^\[|\]$/g, '');
  if (isIP(bare)) return bare;
  // RFC 6761, section 6.3: these names are loopback by definition.
  return /(^|\.)localhost\.?$/.test(bare) ? '127.0.0.1' : undefined;
}
