import { createHash, randomBytes } from 'node:crypto';

/**
 * A UUIDv7 (RFC 9562, section 5.7): 48 bits of milliseconds, then randomness. Ids made by one process in one
 * millisecond are still ordered: the 12 bits after the version count up.
 */
export function uuid7(now: number = Date.now()): string {
  // A clock set back by more than a minute, or another clock altogether, is believed: ids must not stay in the future.
  if (now > last || now < last - 60_000) {
    last = now;
    counter = randomBytes(2).readUInt16BE() & 0x3ff;
  } else if (++counter > 0xfff) {
    last += 1;
    counter = 0;
  }
  if (used === random.length) {
    random = randomBytes(4096);
    used = 0;
  }
  bytes.writeUIntBE(last, 0, 6);
  bytes.writeUInt16BE(0x7000 | counter, 6);
  random.copy(bytes, 8, used, (used += 8));
  bytes[8] = (bytes[8]! & 0x3f) | 0x80;
  return format(bytes);
}

let last = 0;
let counter = 0;

const bytes = Buffer.alloc(16);

// One call into the kernel's generator serves 512 ids: it is the costly part of making one.
let random = Buffer.alloc(0);
let used = 0;

/** A name-based UUID with SHA-1 (RFC 9562, section 5.5). */
export function uuid5(namespace: string, name: string): string {
  const hash = createHash('sha1').update(Buffer.from(namespace.replaceAll('-', ''), 'hex')).update(name);
  const bytes = hash.digest().subarray(0, 16);
  bytes[6] = (bytes[6]! & 0x0f) | 0x50;
  bytes[8] = (bytes[8]! & 0x3f) | 0x80;
  return format(bytes);
}

const UUID = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/;

export function isUuid(text: string): boolean {
  return UUID.test(text);
}

/** When a UUIDv7 was made, in ms since the epoch; undefined for anything else. */
export function madeAt(id: string): number | undefined {
  return isUuid(id) && id[14] === '7' ? Number.parseInt(id.slice(0, 8) + id.slice(9, 13), 16) : undefined;
}

function format(bytes: Buffer): string {
  const hex = bytes.toString('hex');
  return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-${hex.slice(12, 16)}-${hex.slice(16, 20)}-${hex.slice(20)}`;
}
