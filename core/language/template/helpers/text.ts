import type { Json } from '../../../kernel/json.ts';
import { type Argument, type Helper, HelperRefusal, helper } from '../helper.ts';
import { DEPTH_LIMIT, TEXT_LIMIT, oversize } from '../limits.ts';
import { show } from '../values.ts';

const text: Argument = { name: 'text', kinds: ['text'] };
const filled = (value: Json): string | undefined => (value === '' ? 'it must not be empty.' : undefined);

/** Refused before it is made: a short expression can ask for text of any length. */
function bound(length: number): void {
  if (length > TEXT_LIMIT) throw new HelperRefusal(`its text would be longer than ${TEXT_LIMIT} characters.`);
}

function scalar(name: string, value: Json): string {
  if (typeof value === 'object' && value !== null) {
    throw new HelperRefusal(
      `"${name}" takes text, numbers and booleans, and got ${show(value)}; use \`json\`.`,
    );
  }
  return value === null ? '' : String(value);
}

function occurrences(within: string, part: string): number {
  let count = 0;
  for (let at = within.indexOf(part); at >= 0; at = within.indexOf(part, at + part.length)) count++;
  return count;
}

/** JSON.parse takes any depth, but what it gives could then not be written again. */
function depthOf(json: string): number {
  let depth = 0;
  let deepest = 0;
  for (const [mark] of json.matchAll(/"(?:[^"\\]|\\.)*"|[[{]|[\]}]/g)) {
    if (mark === '[' || mark === '{') deepest = Math.max(deepest, ++depth);
    else if (mark === ']' || mark === '}') depth--;
  }
  return deepest;
}

/** The part between two positions, counted from 0; negative ones count from the end. */
function slice<T>(items: readonly T[], start: number, end?: number): readonly T[] {
  return items.slice(start, end);
}

const position = (value: Json): string | undefined =>
  Number.isInteger(value) ? undefined : 'it must be a whole number.';

export const texts: readonly Helper[] = [
  helper<[string, string]>({
    name: 'split',
    summary: 'A list of the parts of a text between separators.',
    arguments: [text, { name: 'separator', kinds: ['text'], check: filled }],
    example: {
      template: '{{ split input.path "/" }}',
      scope: { input: { path: 'a/b' } },
      result: ['a', 'b'],
    },
    run: (value, separator) => value.split(separator),
  }),
  helper<[readonly Json[], string?]>({
    name: 'join',
    summary: 'The items of a list as one text, with a separator (",") between them.',
    arguments: [
      { name: 'list', kinds: ['list'] },
      { name: 'separator', kinds: ['text'], optional: true },
    ],
    example: { template: '{{ join input.tags ", " }}', scope: { input: { tags: ['a', 2] } }, result: 'a, 2' },
    run(items, separator = ',') {
      const parts = items.map((item) => scalar('join', item));
      bound(parts.reduce((sum, part) => sum + part.length + separator.length, 0));
      return parts.join(separator);
    },
  }),
  helper<[string]>({
    name: 'lower',
    summary: 'The text in lower case.',
    arguments: [text],
    example: { template: '{{ lower "AdA" }}', scope: {}, result: 'ada' },
    run: (value) => value.toLowerCase(),
  }),
  helper<[string]>({
    name: 'upper',
    summary: 'The text in upper case.',
    arguments: [text],
    example: { template: '{{ upper "ada" }}', scope: {}, result: 'ADA' },
    run: (value) => value.toUpperCase(),
  }),
  helper<[string]>({
    name: 'trim',
    summary: 'The text without blanks and line ends around it.',
    arguments: [text],
    example: { template: '{{ trim input.name }}', scope: { input: { name: ' Ada\n' } }, result: 'Ada' },
    run: (value) => value.trim(),
  }),
  helper<[string, string, string]>({
    name: 'replace',
    summary:
      'The text with every occurrence of one text replaced by another. Both are plain text, not patterns.',
    arguments: [text, { name: 'old', kinds: ['text'], check: filled }, { name: 'new', kinds: ['text'] }],
    example: {
      template: '{{ replace input.phone "-" "" }}',
      scope: { input: { phone: '1-2-3' } },
      result: '123',
    },
    run(value, old, by) {
      bound(value.length + occurrences(value, old) * (by.length - old.length));
      return value.replaceAll(old, () => by);
    },
  }),
  helper<[string | readonly Json[], number, number?]>({
    name: 'slice',
    summary:
      'Part of a text (in Unicode code points) or list, from a position up to another. Negative ones count from the end.',
    arguments: [
      { name: 'value', kinds: ['text', 'list'] },
      { name: 'start', kinds: ['number'], check: position },
      { name: 'end', kinds: ['number'], optional: true, check: position },
    ],
    example: { template: '{{ slice input.name 0 2 }}', scope: { input: { name: 'Grace' } }, result: 'Gr' },
    run: (value, start, end) =>
      typeof value === 'string' ? slice(Array.from(value), start, end).join('') : slice(value, start, end),
  }),
  helper<[Json]>({
    name: 'json',
    summary: 'The value as JSON text.',
    arguments: [{ name: 'value', kinds: 'any' }],
    example: { template: '{{ json input }}', scope: { input: { a: [1, null] } }, result: '{"a":[1,null]}' },
    run(value) {
      const reason = oversize(value);
      if (reason !== undefined) throw new HelperRefusal(`${reason}.`);
      return JSON.stringify(value);
    },
  }),
  helper<[string]>({
    name: 'parseJson',
    summary: 'The value of a JSON text.',
    arguments: [text],
    example: {
      template: '{{ parseJson input.raw }}',
      scope: { input: { raw: '{"a":1}' } },
      result: { a: 1 },
    },
    run(value) {
      if (depthOf(value) > DEPTH_LIMIT)
        throw new HelperRefusal(`its JSON is nested deeper than ${DEPTH_LIMIT} levels.`);
      try {
        return JSON.parse(value) as Json;
      } catch {
        throw new HelperRefusal(`${show(value)} is no JSON text.`);
      }
    },
  }),
  helper<[Json]>({
    name: 'toString',
    summary: 'A number or boolean as text; null is "".',
    arguments: [{ name: 'value', kinds: ['text', 'number', 'boolean', 'null'] }],
    example: { template: '{{ toString input.count }}', scope: { input: { count: 3 } }, result: '3' },
    run: (value) => scalar('toString', value),
  }),
];
