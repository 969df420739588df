const SIZE = 256 * 1024;

const [TAB, LINE_FEED, RETURN, BACKSLASH] = [0x09, 0x0a, 0x0d, 0x5c];
const [LETTER_N, LETTER_R, LETTER_T, NULL] = [0x6e, 0x72, 0x74, 0x4e];

/**
 * Rows in PostgreSQL's text format of COPY. A row is written field by field into bytes that `reserve` has made room for,
 * and taken back as a whole where a field turns out to be none: so a good row costs no object and no copy.
 */
export class CopyText {
  /** Room to write to, from `at` on. */
  bytes = Buffer.allocUnsafe(SIZE);
  at = 0;
  #full: Uint8Array[] = [];
  #row = 0;

  /** Begins a row, and says for how many bytes at most there must be room. */
  beginRow(line: number, most: number): void {
    if (this.at + most > this.bytes.length) this.#flush(most);
    this.#row = this.at;
    this.digits(line);
  }

  endRow(): void {
    this.bytes[this.at++] = LINE_FEED;
  }

  dropRow(): void {
    this.at = this.#row;
  }

  beginField(): void {
    this.bytes[this.at++] = TAB;
  }

  null(): void {
    this.bytes[this.at++] = BACKSLASH;
    this.bytes[this.at++] = NULL;
  }

  /** Copies bytes that have no need of escapes. */
  copy(source: Uint8Array, from: number, to: number): void {
    const { bytes } = this;
    let { at } = this;
    for (let index = from; index < to; index++) bytes[at++] = source[index]!;
    this.at = at;
  }

  /** Copies bytes of any text, at most twice as many as they were. False where there is a NUL among them: no text holds one. */
  escape(source: Uint8Array, from: number, to: number): boolean {
    const { bytes } = this;
    let { at } = this;
    for (let index = from; index < to; index++) {
      const byte = source[index]!;
      if (byte > RETURN && byte !== BACKSLASH) bytes[at++] = byte;
      else if (byte === 0) return false;
      else {
        const letter = letterOf(byte);
        if (letter !== 0) bytes[at++] = BACKSLASH;
        bytes[at++] = letter === 0 ? byte : letter;
      }
    }
    this.at = at;
    return true;
  }

  /** A number of an integer that is not negative, of at least `least` digits. */
  digits(number: number, least = 1): void {
    let size = least;
    for (let limit = 10 ** least; number >= limit; limit *= 10) size++;
    let rest = number;
    for (let index = this.at + size - 1; index >= this.at; index--) {
      const next = Math.floor(rest / 10);
      this.bytes[index] = 48 + rest - next * 10;
      rest = next;
    }
    this.at += size;
  }

  byte(value: number): void {
    this.bytes[this.at++] = value;
  }

  /** Hands over the whole rows written so far, in pieces. */
  take(): readonly Uint8Array[] {
    if (this.at > 0) this.#flush(SIZE);
    const taken = this.#full;
    this.#full = [];
    return taken;
  }

  #flush(room: number): void {
    if (this.at > 0) this.#full.push(this.bytes.subarray(0, this.at));
    this.bytes = Buffer.allocUnsafe(Math.max(SIZE, room));
    this.at = 0;
  }
}

function letterOf(byte: number): number {
  switch (byte) {
    case BACKSLASH:
      return BACKSLASH;
    case TAB:
      return LETTER_T;
    case LINE_FEED:
      return LETTER_N;
    case RETURN:
      return LETTER_R;
    default:
      return 0;
  }
}
