const [QUOTE, COMMA, LINE_FEED, RETURN] = [0x22, 0x2c, 0x0a, 0x0d];

export const PLAIN = 0;
export const QUOTED = 1;
/** Quoted, and quotes in it are written twice. */
export const DOUBLED = 2;

/** What is wrong with how a row is written; it ends where its line does. */
export const STRAY_QUOTE = 'A quote stands within a value. Put the value in quotes, and write quotes in it twice.';
export const STRAY_RETURN =
  'A carriage return stands within a value. Put the value in quotes; lines end with LF or CRLF.';

/**
 * One record of a CSV file (RFC 4180; lines may end with LF, too), found in a block of bytes. The same object is used for
 * each of them: it is where the fields are, and copies nothing.
 */
export class CsvRecord {
  /** How many fields it has; of those beyond the limit nothing else is known. */
  fields = 0;
  readonly from: Int32Array;
  readonly to: Int32Array;
  /** PLAIN, QUOTED or DOUBLED. */
  readonly form: Uint8Array;
  /** Lines that it goes over, beyond its first one. */
  moreLines = 0;
  problem: string | undefined;
  /** The file has ended within it: without a line end, or even without the closing quote. */
  ended: 'by line' | 'by file' | 'in quotes' = 'by line';

  readonly #limit: number;

  constructor(limit: number) {
    this.#limit = limit;
    this.from = new Int32Array(limit);
    this.to = new Int32Array(limit);
    this.form = new Uint8Array(limit);
  }

  /**
   * Reads the record that begins at `start`.
   * @param last the file ends with the block
   * @returns where the next one begins, or -1 where more bytes are needed
   */
  read(bytes: Uint8Array, start: number, last: boolean): number {
    this.fields = 0;
    this.moreLines = 0;
    this.problem = undefined;
    this.ended = 'by line';
    for (let at = start; ; at++) {
      at = bytes[at] === QUOTE ? this.#quoted(bytes, at, last) : this.#plain(bytes, at, at, PLAIN);
      const end = at < 0 ? undefined : bytes[at];
      if (end === COMMA) continue;
      if (end === LINE_FEED) return at + 1;
      if (!last) return -1;
      if (at < 0) this.ended = 'in quotes';
      else this.ended = 'by file';
      return bytes.length;
    }
  }

  /** Reads on from `at` to a comma or to the line's end. @returns where that is */
  #plain(bytes: Uint8Array, start: number, from: number, form: number): number {
    let at = from;
    for (; at < bytes.length; at++) {
      const byte = bytes[at]!;
      // All that matters is at most a comma, and nearly all bytes are above it.
      if (byte > COMMA) continue;
      if (byte === COMMA || byte === LINE_FEED) break;
      if (byte === QUOTE) this.problem ??= STRAY_QUOTE;
      else if (byte === RETURN && !endsLine(bytes, at)) this.problem ??= STRAY_RETURN;
    }
    const ends = bytes[at] !== COMMA && at > start && bytes[at - 1] === RETURN;
    this.#field(start, ends ? at - 1 : at, form);
    return at;
  }

  /** Reads a field in quotes. @returns where a comma or the line's end is, or -1 where that is not in the block */
  #quoted(bytes: Uint8Array, start: number, last: boolean): number {
    let form = QUOTED;
    let end = start + 1;
    for (; end < bytes.length; end++) {
      const byte = bytes[end]!;
      if (byte > QUOTE) continue;
      if (byte === LINE_FEED) this.moreLines++;
      if (byte !== QUOTE) continue;
      if (bytes[end + 1] !== QUOTE) break;
      form = DOUBLED;
      end++;
    }
    // Whether a last quote is one of two is seen by the byte behind it.
    if (end >= bytes.length || (end + 1 === bytes.length && !last)) return -1;
    let at = end + 1;
    if (bytes[at] === RETURN && endsLine(bytes, at)) at++;
    if (at >= bytes.length || bytes[at] === COMMA || bytes[at] === LINE_FEED) {
      this.#field(start + 1, end, form);
      return at;
    }
    this.problem ??= STRAY_QUOTE;
    return this.#plain(bytes, start, at, PLAIN);
  }

  #field(from: number, to: number, form: number): void {
    const { fields } = this;
    if (fields < this.#limit) {
      this.from[fields] = from;
      this.to[fields] = to;
      this.form[fields] = form;
    }
    this.fields++;
  }
}

/** Whether a carriage return is part of a line's end; at the end of the block there is more to come, or nothing. */
function endsLine(bytes: Uint8Array, at: number): boolean {
  return at + 1 >= bytes.length || bytes[at + 1] === LINE_FEED;
}

/** The value of a field whose quotes are written twice. */
export function undoubled(bytes: Uint8Array, from: number, to: number): Uint8Array {
  const value = Buffer.allocUnsafe(to - from);
  let size = 0;
  for (let at = from; at < to; at++) {
    const byte = bytes[at]!;
    value[size++] = byte;
    if (byte === QUOTE) at++;
  }
  return value.subarray(0, size);
}
