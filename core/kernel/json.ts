/** A JSON value, as it travels through definitions, runs and answers. */
export type Json = null | boolean | number | string | readonly Json[] | JsonObject;
export type JsonObject = { readonly [key: string]: Json };

export function isJsonObject(value: unknown): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** Escapes one key for use in a JSON Pointer (RFC 6901, section 3). */
export function pointerSegment(key: string | number): string {
  return `/${String(key).replaceAll('~', '~0').replaceAll('/', '~1')}`;
}

/**
 * Follows a JSON Pointer (RFC 6901) over own properties only.
 * @returns the value, or undefined where the path leads nowhere.
 */
export function followPointer(document: unknown, pointer: string): unknown {
  if (pointer === '') return document;
  let here: unknown = document;
  for (const raw of pointer.slice(1).split('/')) {
    const key = raw.replaceAll('~1', '/').replaceAll('~0', '~');
    if (Array.isArray(here)) {
      here = /^(0|[1-9]\d*)$/.test(key) ? here[Number(key)] : undefined;
    } else if (isJsonObject(here) && Object.hasOwn(here, key)) {
      here = here[key];
    } else {
      return undefined;
    }
  }
  return here;
}
