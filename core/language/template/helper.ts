import type { Json } from '../../kernel/json.ts';
import type { Scope } from '../plan.ts';
import { didYouMean } from '../../kernel/suggest.ts';
import { type Closure, type Kind, type Value, KIND_NAMES, kindOf, show } from './values.ts';

/** One argument of a helper. `rest` arguments repeat to the end. */
export interface Argument {
  readonly name: string;
  readonly kinds: readonly Kind[] | 'any';
  readonly optional?: true;
  readonly rest?: true;
  /** Says what is wrong with a value of the right kind. Literals are checked when the template is compiled. */
  readonly check?: (value: Json) => string | undefined;
}

/** An example: documentation, and a test that runs. */
export interface Example {
  readonly template: string;
  readonly scope: Scope;
  readonly result: Json;
}

interface Described {
  readonly name: string;
  readonly summary: string;
  readonly arguments: readonly Argument[];
  readonly example: Example;
}

/** Gets checked values. Where one of them is absent the helper is not run, and its result is absent. */
export interface PlainHelper<
  Args extends readonly (Value | undefined)[] = readonly Json[],
> extends Described {
  /** True where absent values are passed on to `run` like any other. */
  readonly seesAbsent?: true;
  run(...args: Args): Value;
}

/** Evaluates its own arguments, as few of them as it needs, and tolerates absent ones at any depth. */
export interface GuardHelper extends Described {
  choose(args: readonly Closure[], scope: Scope): Value;
}

export type Helper = PlainHelper | GuardHelper;

/** Declares a helper with the types its arguments have once they are checked. */
export function helper<Args extends readonly (Value | undefined)[]>(declaration: PlainHelper<Args>): Helper {
  return declaration as PlainHelper<never>;
}

/** Thrown by `run`; the call adds the expression's text and makes it a fault of the step. */
export class HelperRefusal extends Error {
  override readonly name = 'HelperRefusal';
}

/** `replace text old new`, with `?` after optional arguments and `...` after repeated ones. */
export function signature(helper: Helper): string {
  const names = helper.arguments.map((a) => `${a.name}${a.rest ? '...' : a.optional ? '?' : ''}`);
  return [helper.name, ...names].join(' ');
}

/** Says what is wrong with the number of arguments. */
export function checkCount(helper: Helper, count: number): string | undefined {
  const args = helper.arguments;
  const least = args.filter((a) => !a.optional).length;
  const most = args.at(-1)?.rest ? Infinity : args.length;
  if (count >= least && count <= most) return undefined;
  const range = least === most ? `${least}` : most === Infinity ? `${least} or more` : `${least} to ${most}`;
  return `"${helper.name}" takes ${range} argument${range === '1' ? '' : 's'} and got ${count}; write \`${signature(helper)}\`.`;
}

const ORDINALS = ['first', 'second', 'third', 'fourth', 'fifth'];

/** Says what is wrong with the value of the argument at `index`. */
export function checkArgument(helper: Helper, index: number, value: Json): string | undefined {
  const argument = helper.arguments[Math.min(index, helper.arguments.length - 1)];
  if (!argument) return undefined;
  const place = `${ORDINALS[index] ?? `${index + 1}th`} argument of "${helper.name}" (${argument.name})`;
  if (argument.kinds !== 'any' && !argument.kinds.includes(kindOf(value))) {
    const accepted = argument.kinds.map((kind) => KIND_NAMES[kind]).join(' or ');
    return `the ${place} is ${show(value)}; it must be ${accepted}.`;
  }
  const wrong = argument.check?.(value);
  return wrong === undefined ? undefined : `the ${place} is ${show(value)}; ${wrong}`;
}

/** A check for one of a closed list of words. */
export function oneOf(...words: readonly string[]): (value: Json) => string | undefined {
  return (value) => {
    if (typeof value === 'string' && words.includes(value)) return undefined;
    const near = typeof value === 'string' ? didYouMean(value, words) : '';
    return `it must be one of ${words.join(', ')}.${near}`;
  };
}
