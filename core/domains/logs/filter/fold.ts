/**
 * A text without its case: each character by itself, by the simple lower-case mapping of Unicode (UnicodeData.txt). That is
 * what stores do, each as far as its table of Unicode reaches; JavaScript's own mapping also looks at the end of words and
 * makes two characters of one.
 */
export function fold(text: string): string {
  return text.replaceAll('Σ', 'σ').replaceAll('İ', 'i').toLowerCase();
}

/** Letters whose capitals every store knows: those of Latin, Greek and Cyrillic as they were in Unicode 3. */
const KNOWN = /^[\0-\u021f\u0386-\u03ab\u0400-\u0481]$/;

/**
 * Capitals that a store may leave as they are, with their small letters, of the letters in a folded text. MariaDB 10.11
 * knows none after Unicode 3: ẞ, Cherokee, capitals of Georgian and 790 more.
 */
export function youngCapitals(folded: string): readonly (readonly [capital: string, small: string])[] {
  if (/^[\0-\x7f]*$/.test(folded)) return [];
  return [...new Set(folded)].flatMap((small) =>
    (capitals().get(small) ?? []).map((capital) => [capital, small] as const),
  );
}

let known: ReadonlyMap<string, readonly string[]> | undefined;

/** By small letter. */
function capitals(): ReadonlyMap<string, readonly string[]> {
  if (known) return known;
  const found = new Map<string, string[]>();
  for (let code = 0x80; code <= 0x1ffff; code++) {
    const capital = String.fromCodePoint(code);
    if (!/[\p{Changes_When_Lowercased}]/u.test(capital) || KNOWN.test(capital)) continue;
    const small = fold(capital);
    found.set(small, [...(found.get(small) ?? []), capital]);
  }
  return (known = found);
}
