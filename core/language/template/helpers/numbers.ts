import { type Argument, type Helper, HelperRefusal, helper } from '../helper.ts';
import { show } from '../values.ts';

const number = (name: string): Argument => ({ name, kinds: ['number'] });

/** Refuses what is no number any more, and whole numbers that have lost digits. */
function sound(name: string, result: number): number {
  if (!Number.isFinite(result)) throw new HelperRefusal(`"${name}" gives no finite number.`);
  if (Number.isInteger(result) && !Number.isSafeInteger(result)) {
    throw new HelperRefusal(
      `"${name}" gives ${result}, beyond the whole numbers that are kept exactly (2^53).`,
    );
  }
  return result;
}

const NUMERAL = /^[+-]?(?:\d+(?:\.\d+)?|\.\d+)(?:e[+-]?\d{1,3})?$/i;

/** Rounds the decimal digits as written: 1.005 to two places is 1.01. Halves go away from zero. */
function round(value: number, places: number): number {
  const shifted = Number(`${Math.abs(value)}e${places}`);
  // The text of a very small or very large number has an exponent already.
  if (!Number.isFinite(shifted)) return Number.isInteger(value) ? value : Number(value.toFixed(places));
  // Adding 0 makes a plain zero of -0.
  return Math.sign(value) * Number(`${Math.round(shifted)}e-${places}`) + 0;
}

export const numbers: readonly Helper[] = [
  helper<number[]>({
    name: 'add',
    summary: 'The sum of numbers.',
    arguments: [number('a'), { ...number('numbers'), rest: true }],
    example: { template: '{{ add input.row 1 }}', scope: { input: { row: 2 } }, result: 3 },
    run: (...values) =>
      sound(
        'add',
        values.reduce((sum, value) => sum + value, 0),
      ),
  }),
  helper<[number, number]>({
    name: 'subtract',
    summary: 'The first number less the second.',
    arguments: [number('a'), number('b')],
    example: { template: '{{ subtract input.total 1 }}', scope: { input: { total: 3 } }, result: 2 },
    run: (a, b) => sound('subtract', a - b),
  }),
  helper<number[]>({
    name: 'multiply',
    summary: 'The product of numbers.',
    arguments: [number('a'), { ...number('numbers'), rest: true }],
    example: { template: '{{ multiply input.amount 100 }}', scope: { input: { amount: 2.5 } }, result: 250 },
    run: (...values) =>
      sound(
        'multiply',
        values.reduce((product, value) => product * value, 1),
      ),
  }),
  helper<[number, number]>({
    name: 'divide',
    summary: 'The first number divided by the second, which must not be 0.',
    arguments: [
      number('a'),
      { ...number('b'), check: (b) => (b === 0 ? 'nothing is divided by 0.' : undefined) },
    ],
    example: { template: '{{ divide input.cents 100 }}', scope: { input: { cents: 250 } }, result: 2.5 },
    run: (a, b) => sound('divide', a / b),
  }),
  helper<[number, number?]>({
    name: 'round',
    summary: 'The number rounded to a number of decimals (0). Halves go away from zero.',
    arguments: [
      number('number'),
      {
        ...number('decimals'),
        optional: true,
        check: (n) =>
          Number.isInteger(n) && Number(n) >= 0 && Number(n) <= 15
            ? undefined
            : 'it must be a whole number from 0 to 15.',
      },
    ],
    example: { template: '{{ round input.amount 2 }}', scope: { input: { amount: 1.005 } }, result: 1.01 },
    run: (value, places = 0) => sound('round', round(value, places)),
  }),
  helper<[number | string]>({
    name: 'toNumber',
    summary: 'The number that a text writes in decimal, for example "12", "-1.5" or "1e3".',
    arguments: [{ name: 'value', kinds: ['text', 'number'] }],
    example: { template: '{{ toNumber input.count }}', scope: { input: { count: ' 12 ' } }, result: 12 },
    run(value) {
      if (typeof value === 'number') return value;
      if (!NUMERAL.test(value.trim()))
        throw new HelperRefusal(
          `${show(value)} is no number; it must be written in decimal, for example "12" or "-1.5".`,
        );
      return sound('toNumber', Number(value));
    },
  }),
];
