import type { Json, JsonObject } from '../../../kernel/json.ts';
import { isJsonObject } from '../../../kernel/json.ts';
import { type Argument, type Helper, HelperRefusal, helper } from '../helper.ts';
import { setOwn, show } from '../values.ts';

type Key = string | readonly Json[];

const map: Argument = { name: 'map', kinds: ['map'] };
const keys: Argument = { name: 'keys', kinds: ['text', 'list'], rest: true };

/** Keys given one by one, or as one list. */
function named(given: readonly Key[]): readonly string[] {
  return given.flat().map((key) => {
    if (typeof key === 'string') return key;
    throw new HelperRefusal(`a key is ${show(key)}; keys are text.`);
  });
}

function fromEntries(entries: readonly (readonly [string, Json])[]): JsonObject {
  const out: Record<string, Json> = {};
  for (const [key, value] of entries) setOwn(out, key, value);
  return out;
}

/** `{key, value}`, `{name, value}` or `[key, value]`. */
function entryOf(item: Json): [string, Json] {
  const [key, value] = Array.isArray(item)
    ? (item as readonly Json[])
    : isJsonObject(item)
      ? [item['key'] ?? item['name'], item['value']]
      : [];
  if (typeof key !== 'string') {
    throw new HelperRefusal(
      `"parsePairs" reads items such as {key, value}, {name, value} or [key, value], and got ${show(item)}.`,
    );
  }
  return [key, value ?? null];
}

function parseText(text: string, between: string | undefined, equals: string): [string, Json][] {
  if (between === undefined && equals === '=') return [...new URLSearchParams(text)];
  return text
    .split(between ?? '&')
    .map((pair) => pair.trim())
    .filter(Boolean)
    .map((pair) => {
      const at = pair.indexOf(equals);
      return at < 0 ? [pair, ''] : [pair.slice(0, at).trim(), pair.slice(at + equals.length).trim()];
    });
}

const separator = (name: string): Argument => ({
  name,
  kinds: ['text'],
  optional: true,
  check: (value) => (value === '' ? 'it must not be empty.' : undefined),
});

export const maps: readonly Helper[] = [
  helper<[JsonObject]>({
    name: 'keys',
    summary: "A map's keys, in their order.",
    arguments: [map],
    example: { template: '{{ keys input }}', scope: { input: { a: 1, b: 2 } }, result: ['a', 'b'] },
    run: (value) => Object.keys(value),
  }),
  helper<[JsonObject]>({
    name: 'values',
    summary: "A map's values, in the order of its keys.",
    arguments: [map],
    example: { template: '{{ values input }}', scope: { input: { a: 1, b: 2 } }, result: [1, 2] },
    run: (value) => Object.values(value),
  }),
  helper<[JsonObject, ...Key[]]>({
    name: 'pick',
    summary: 'A map of some keys only: one by one, or a list of them. Missing ones are left out.',
    arguments: [map, keys],
    example: {
      template: '{{ pick input "a" "c" }}',
      scope: { input: { a: 1, b: 2, c: 3 } },
      result: { a: 1, c: 3 },
    },
    run: (value, ...given) =>
      fromEntries(
        named(given)
          .filter((key) => Object.hasOwn(value, key))
          .map((key) => [key, value[key] ?? null]),
      ),
  }),
  helper<[JsonObject, ...Key[]]>({
    name: 'omit',
    summary: 'A map without some keys: one by one, or a list of them.',
    arguments: [map, keys],
    example: { template: '{{ omit input "a" }}', scope: { input: { a: 1, b: 2 } }, result: { b: 2 } },
    run(value, ...given) {
      const without = new Set(named(given));
      return fromEntries(Object.entries(value).filter(([key]) => !without.has(key)));
    },
  }),
  helper<[JsonObject]>({
    name: 'pairs',
    summary: 'A list of {key, value}, one for each key of a map: for $map.',
    arguments: [map],
    example: { template: '{{ pairs input }}', scope: { input: { a: 1 } }, result: [{ key: 'a', value: 1 }] },
    run: (value) => Object.entries(value).map(([key, item]) => ({ key, value: item })),
  }),
  helper<[string | readonly Json[], string?, string?]>({
    name: 'parsePairs',
    summary:
      'A map of form-encoded text ("a=1&b=2"), of text with other separators (trimmed, not decoded), or of a list of {key, value}, {name, value} or [key, value]. The last of a key wins.',
    arguments: [{ name: 'pairs', kinds: ['text', 'list'] }, separator('between'), separator('equals')],
    example: { template: '{{ parsePairs "a=1, b=2" "," }}', scope: {}, result: { a: '1', b: '2' } },
    run: (pairs, between, equals = '=') =>
      fromEntries(typeof pairs === 'string' ? parseText(pairs, between, equals) : pairs.map(entryOf)),
  }),
];
