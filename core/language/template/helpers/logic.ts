import { ABSENT } from '../../plan.ts';
import type { Json } from '../../../kernel/json.ts';
import { type Argument, type Helper, HelperRefusal, helper } from '../helper.ts';
import { type Value, equal, isTrue, member, show } from '../values.ts';

const any = (name: string): Argument => ({ name, kinds: 'any' });
const ordered = (name: string): Argument => ({ name, kinds: ['number', 'text'] });

/** Numbers by size, text by code units, so that ISO 8601 dates of one form compare by time. */
function compare(
  name: string,
  holds: (order: number) => boolean,
): (a: number | string, b: number | string) => boolean {
  return (a, b) => {
    if (typeof a !== typeof b) {
      throw new HelperRefusal(
        `"${name}" compares two numbers or two texts, and got ${show(a)} and ${show(b)}; use \`toNumber\` or \`toString\`.`,
      );
    }
    return holds(a < b ? -1 : a > b ? 1 : 0);
  };
}

export const logic: readonly Helper[] = [
  {
    name: 'default',
    summary: 'The first value that is neither absent nor null. Empty text is a value.',
    arguments: [any('value'), { ...any('otherwise'), rest: true }],
    example: {
      template: '{{ default input.nickname input.name }}',
      scope: { input: { name: 'Ada' } },
      result: 'Ada',
    },
    choose(args, scope) {
      for (let i = 0; i < args.length - 1; i++) {
        const value = args[i]!(scope);
        if (value !== ABSENT && value !== null) return value;
      }
      return args.at(-1)!(scope);
    },
  },
  {
    name: 'optional',
    summary: 'The value; where it is absent its key is dropped.',
    arguments: [any('value')],
    example: { template: '{{ optional input.name }}', scope: { input: { name: 'Ada' } }, result: 'Ada' },
    choose: ([value], scope) => value!(scope),
  },
  {
    name: 'if',
    summary:
      'The second value where the first is true, else the third, or absent. Only the one taken is looked at.',
    arguments: [any('condition'), any('then'), { ...any('else'), optional: true }],
    example: {
      template: '{{ if input.paid "paid" "open" }}',
      scope: { input: { paid: false } },
      result: 'open',
    },
    choose: ([condition, then, otherwise], scope) =>
      isTrue(condition!(scope)) ? then!(scope) : otherwise ? otherwise(scope) : ABSENT,
  },
  {
    name: 'and',
    summary: 'Whether all values are true. Looks no further than the first that is not.',
    arguments: [any('value'), { ...any('values'), rest: true }],
    example: {
      template: '{{ and input.name input.email }}',
      scope: { input: { name: 'Ada' } },
      result: false,
    },
    choose: (args, scope) => args.every((arg) => isTrue(arg(scope))),
  },
  {
    name: 'or',
    summary: 'Whether one of the values is true. Looks no further than the first that is.',
    arguments: [any('value'), { ...any('values'), rest: true }],
    example: {
      template: '{{ or input.phone input.email }}',
      scope: { input: { email: 'a@b.c' } },
      result: true,
    },
    choose: (args, scope) => args.some((arg) => isTrue(arg(scope))),
  },
  {
    name: 'not',
    summary: 'Whether the value is false: false, null, absent, "", 0, [] or {}.',
    arguments: [any('value')],
    example: { template: '{{ not input.bot }}', scope: { input: {} }, result: true },
    choose: ([value], scope) => !isTrue(value!(scope)),
  },
  helper<[Value, Value]>({
    name: 'eq',
    summary: 'Whether two values are the same: of one type, lists and maps by content.',
    arguments: [any('a'), any('b')],
    example: { template: '{{ eq input.count 3 }}', scope: { input: { count: 3 } }, result: true },
    seesAbsent: true,
    run: (a, b) => equal(a, b),
  }),
  helper<[Value, Value]>({
    name: 'ne',
    summary: 'Whether two values differ.',
    arguments: [any('a'), any('b')],
    example: { template: '{{ ne input.count "3" }}', scope: { input: { count: 3 } }, result: true },
    seesAbsent: true,
    run: (a, b) => !equal(a, b),
  }),
  helper<[number | string, number | string]>({
    name: 'gt',
    summary: 'Whether the first is greater than the second: two numbers, or two texts.',
    arguments: [ordered('a'), ordered('b')],
    example: { template: '{{ gt input.count 2 }}', scope: { input: { count: 3 } }, result: true },
    run: compare('gt', (order) => order > 0),
  }),
  helper<[number | string, number | string]>({
    name: 'gte',
    summary: 'Whether the first is greater than the second, or the same.',
    arguments: [ordered('a'), ordered('b')],
    example: { template: '{{ gte input.status 400 }}', scope: { input: { status: 400 } }, result: true },
    run: compare('gte', (order) => order >= 0),
  }),
  helper<[number | string, number | string]>({
    name: 'lt',
    summary: 'Whether the first is less than the second: two numbers, or two texts.',
    arguments: [ordered('a'), ordered('b')],
    example: {
      template: '{{ lt input.day "2026-02-01" }}',
      scope: { input: { day: '2026-01-31' } },
      result: true,
    },
    run: compare('lt', (order) => order < 0),
  }),
  helper<[number | string, number | string]>({
    name: 'lte',
    summary: 'Whether the first is less than the second, or the same.',
    arguments: [ordered('a'), ordered('b')],
    example: { template: '{{ lte input.count 3 }}', scope: { input: { count: 4 } }, result: false },
    run: compare('lte', (order) => order <= 0),
  }),
  helper<[Value, Exclude<Json, null | number | boolean> | typeof ABSENT]>({
    name: 'in',
    summary: 'Whether a value is in a list, a text in a text, or a key in a map.',
    arguments: [any('value'), { name: 'container', kinds: ['list', 'text', 'map'] }],
    example: { template: '{{ in "b" input.tags }}', scope: { input: { tags: ['a', 'b'] } }, result: true },
    seesAbsent: true,
    run(value, container) {
      if (value === ABSENT || container === ABSENT) return false;
      if (Array.isArray(container)) return container.some((item) => equal(item, value));
      if (typeof value !== 'string')
        throw new HelperRefusal(
          `"in" looks for text in text and in the keys of a map, and got ${show(value)}.`,
        );
      return typeof container === 'string'
        ? container.includes(value)
        : member(container, value) !== undefined;
    },
  }),
];
