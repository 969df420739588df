import type { Json } from '../../kernel/json.ts';

/** Bytes of a leaf, of an expression between its braces, and levels of parentheses (LANGUAGE 2). */
export const LEAF_LIMIT = 65_536;
export const EXPRESSION_LIMIT = 1024;
export const NESTING_LIMIT = 16;

/** Characters of text that one leaf or helper may produce: 16 Mi. */
export const TEXT_LIMIT = 16_777_216;

/** Levels of lists and maps that are written or read as JSON text. */
export const DEPTH_LIMIT = 512;

/**
 * Says why a value is too large to be written as JSON text, before any of it is written: an expression can name the
 * same list many times, so its text can be far larger than its memory.
 */
export function oversize(value: Json): string | undefined {
  let room = TEXT_LIMIT;
  const walk = (node: Json, depth: number): string | undefined => {
    if (depth > DEPTH_LIMIT) return `its JSON is nested deeper than ${DEPTH_LIMIT} levels`;
    room -= typeof node === 'string' ? node.length + 2 : 1;
    if (typeof node === 'object' && node !== null) {
      for (const key of Object.keys(node)) {
        if (!Array.isArray(node)) room -= key.length + 3;
        const reason = walk((node as Readonly<Record<string, Json>>)[key] ?? null, depth + 1);
        if (reason !== undefined) return reason;
      }
    }
    return room < 0 ? `its JSON is longer than ${TEXT_LIMIT} characters` : undefined;
  };
  return walk(value, 0);
}
