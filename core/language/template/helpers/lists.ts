import type { Json, JsonObject } from '../../../kernel/json.ts';
import { followPointer } from '../../../kernel/json.ts';
import { ABSENT } from '../../plan.ts';
import { type Argument, type Helper, HelperRefusal, helper, oneOf } from '../helper.ts';
import { type Value, asValue, equal, kindOf, member, show } from '../values.ts';

type List = readonly Json[];

const list: Argument = { name: 'list', kinds: ['list'] };

/** A member by JSON Pointer (text that begins with `/`), key or index. */
export function find(value: Json, name: string | number): unknown {
  if (typeof name === 'string' && name.startsWith('/')) return followPointer(value, name);
  return member(value, String(name));
}

export const lists: readonly Helper[] = [
  helper<[List | string | JsonObject]>({
    name: 'length',
    summary: 'How many items a list, keys a map, or characters (Unicode code points) a text has.',
    arguments: [{ name: 'value', kinds: ['list', 'text', 'map'] }],
    example: { template: '{{ length input.tags }}', scope: { input: { tags: ['a', 'b'] } }, result: 2 },
    run: (value) => (typeof value === 'string' ? Array.from(value) : Object.keys(value)).length,
  }),
  helper<[Json, string | number]>({
    name: 'get',
    summary: 'A member by JSON Pointer ("/a/0"), by key, or by index.',
    arguments: [
      { name: 'value', kinds: 'any' },
      { name: 'pointer', kinds: ['text', 'number'] },
    ],
    example: { template: '{{ get input "/rows/0/id" }}', scope: { input: { rows: [{ id: 7 }] } }, result: 7 },
    run: (value, name) => asValue(find(value, name)),
  }),
  helper<[List]>({
    name: 'first',
    summary: "A list's first item.",
    arguments: [list],
    example: { template: '{{ first input.tags }}', scope: { input: { tags: ['a', 'b'] } }, result: 'a' },
    run: (items) => items[0] ?? (items.length ? null : ABSENT),
  }),
  helper<[List]>({
    name: 'last',
    summary: "A list's last item.",
    arguments: [list],
    example: { template: '{{ last input.tags }}', scope: { input: { tags: ['a', 'b'] } }, result: 'b' },
    run: (items) => items.at(-1) ?? (items.length ? null : ABSENT),
  }),
  helper<Value[]>({
    name: 'list',
    summary: 'A list of the values given. Absent ones are left out.',
    arguments: [{ name: 'values', kinds: 'any', optional: true, rest: true }],
    example: { template: '{{ list input.a "b" 3 }}', scope: { input: { a: 'a' } }, result: ['a', 'b', 3] },
    seesAbsent: true,
    run: (...values) => values.filter((value) => value !== ABSENT),
  }),
  helper<[List, string | number]>({
    name: 'pluck',
    summary: 'One member of each item, by key, JSON Pointer or index. Items without it are left out.',
    arguments: [list, { name: 'key', kinds: ['text', 'number'] }],
    example: {
      template: '{{ pluck input.rows "id" }}',
      scope: { input: { rows: [{ id: 1 }, { id: 2 }] } },
      result: [1, 2],
    },
    run: (items, name) => items.map((item) => asValue(find(item, name))).filter((value) => value !== ABSENT),
  }),
  helper<[List, string?, string?]>({
    name: 'sort',
    summary:
      'The list in order: numbers by size, text by code units; lists of maps by a key or pointer ("" for the items themselves).',
    arguments: [
      list,
      { name: 'key', kinds: ['text'], optional: true },
      { name: 'order', kinds: ['text'], optional: true, check: oneOf('asc', 'desc') },
    ],
    example: {
      template: '{{ sort input.counts }}',
      scope: { input: { counts: [10, 9, 1] } },
      result: [1, 9, 10],
    },
    run(items, key = '', order = 'asc') {
      const keyed = items.map((item) => ({ item, by: key === '' ? item : find(item, key) }));
      const types = new Set(keyed.map(({ by }) => typeof by));
      if (types.size > 1 || keyed.some(({ by }) => typeof by !== 'number' && typeof by !== 'string')) {
        throw new HelperRefusal(
          `"sort" orders by numbers, or by texts, all of one kind; ${key === '' ? 'the items are not.' : `the items' "${key}" are not.`}`,
        );
      }
      const sign = order === 'desc' ? -1 : 1;
      const rank = (a: string | number, b: string | number): number => (a < b ? -sign : a > b ? sign : 0);
      return keyed.sort((a, b) => rank(a.by as string, b.by as string)).map(({ item }) => item);
    },
  }),
  helper<[List]>({
    name: 'flatten',
    summary: 'One list of the items of the lists in a list, one level down. Other items stay.',
    arguments: [list],
    example: {
      template: '{{ flatten input.rows }}',
      scope: { input: { rows: [[1, 2], [3], 4] } },
      result: [1, 2, 3, 4],
    },
    run: (items) => items.flat(),
  }),
  helper<[List | string, Json]>({
    name: 'indexOf',
    summary: 'Where a value first stands in a list, or a text in a text, from 0; -1 where it does not.',
    arguments: [
      { name: 'list', kinds: ['list', 'text'] },
      { name: 'value', kinds: 'any' },
    ],
    example: {
      template: '{{ indexOf input.header "Email" }}',
      scope: { input: { header: ['Name', 'Email'] } },
      result: 1,
    },
    run(items, value) {
      if (typeof items !== 'string') return items.findIndex((item) => equal(item, value));
      if (typeof value !== 'string')
        throw new HelperRefusal(
          `"indexOf" looks for text in text, and got ${show(value)} (${kindOf(value)}).`,
        );
      const at = items.indexOf(value);
      return at < 0 ? -1 : Array.from(items.slice(0, at)).length;
    },
  }),
];
