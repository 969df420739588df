import { isJsonObject, pointerSegment, type Json } from '../../kernel/json.ts';

/**
 * The first place where two values differ, as a sentence; undefined where they are equal. With `subset`, maps may hold
 * more than is expected; lists may not.
 */
export function difference(expected: Json, actual: unknown, subset = false, at = ''): string | undefined {
  if (Array.isArray(expected)) {
    if (!Array.isArray(actual)) return mismatch(at, expected, actual);
    if (actual.length !== expected.length) {
      return `${at || '/'}: expected ${expected.length} elements, got ${actual.length}: ${show(actual)}`;
    }
    return firstOf(expected, (item, i) => difference(item, actual[i], subset, at + pointerSegment(i)));
  }
  if (!isJsonObject(expected)) return Object.is(expected, actual) ? undefined : mismatch(at, expected, actual);
  if (!isJsonObject(actual)) return mismatch(at, expected, actual);
  const missing = Object.keys(expected).find((key) => !Object.hasOwn(actual, key));
  if (missing !== undefined) return `${at}${pointerSegment(missing)}: expected ${show(expected[missing])}, got nothing`;
  const extra = Object.keys(actual).find((key) => !Object.hasOwn(expected, key));
  if (!subset && extra !== undefined) return `${at}${pointerSegment(extra)}: unexpected ${show(actual[extra])}`;
  return firstOf(Object.entries(expected), ([key, value]) =>
    difference(value, actual[key], subset, at + pointerSegment(key)),
  );
}

function firstOf<T>(items: readonly T[], find: (item: T, index: number) => string | undefined): string | undefined {
  for (const [index, item] of items.entries()) {
    const found = find(item, index);
    if (found !== undefined) return found;
  }
  return undefined;
}

function mismatch(at: string, expected: Json, actual: unknown): string {
  return `${at || '/'}: expected ${show(expected)}, got ${show(actual)}`;
}

/** A value as a reader can compare it, shortened. */
export function show(value: unknown): string {
  const text = value === undefined ? 'nothing' : JSON.stringify(value);
  return text.length > 300 ? `${text.slice(0, 300)}…` : text;
}
