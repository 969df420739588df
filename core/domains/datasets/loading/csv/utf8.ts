import { isUtf8 } from 'node:buffer';

/** Where the first byte stands that no UTF-8 text has there; undefined where it all is UTF-8. */
export function strayByte(bytes: Uint8Array, from: number, to: number): number | undefined {
  if (isUtf8(bytes.subarray(from, to))) return undefined;
  for (let at = from; at < to;) {
    const size = sizeOf(bytes[at]!);
    if (at + size > to || !isUtf8(bytes.subarray(at, at + size))) return at;
    at += size;
  }
  return undefined;
}

/** Bytes of the character that begins so. */
function sizeOf(first: number): number {
  if (first < 0xc0) return 1;
  if (first < 0xe0) return 2;
  return first < 0xf0 ? 3 : 4;
}
