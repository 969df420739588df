const MOST_CHARACTERS = 200;

/** A value as messages and the quarantine show it: no longer than can be read, and of characters that can be stored. */
export function shownText(text: string): string {
  const characters = text.slice(0, MOST_CHARACTERS + 1);
  const cut = characters.length > MOST_CHARACTERS ? `${characters.slice(0, MOST_CHARACTERS)}…` : characters;
  return cut.toWellFormed().replaceAll('\0', '\ufffd');
}

/** The same of bytes; those that are no UTF-8 become U+FFFD. */
export function shownBytes(bytes: Uint8Array, from: number, to: number): string {
  // A character takes four bytes at most.
  const end = Math.min(to, from + 4 * (MOST_CHARACTERS + 1));
  return shownText(Buffer.from(bytes.buffer, bytes.byteOffset + from, end - from).toString());
}
