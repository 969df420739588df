import type { Json } from '../kernel/json.ts';
import { isJsonObject, pointerSegment } from '../kernel/json.ts';
import { didYouMean } from '../kernel/suggest.ts';
import { ABSENT, type Scope } from './plan.ts';
import { PatternError, compilePattern } from './regexp.ts';
import { equal, show } from './template/values.ts';
import type { Tree, TreeFinding } from './tree.ts';

/** A test of one value of an answer; `undefined` is a value that is not there. */
export type Test = (scope: Scope, found: unknown) => boolean;

interface Place {
  readonly findings: TreeFinding[];
  readonly pointer: string;
}

const MATCHERS = ['matches', 'exists'];

/**
 * Compiles what a condition says of one value: a value, a list of which one must be it, or `{matches, exists}`. A map
 * to compare with stands in a list, so that a misspelt test is not taken for one.
 * @param tree compiles a value to compare with
 * @param as `text` for headers: numbers and booleans are compared by their text
 */
export function compileTest(
  expected: Json,
  tree: (node: Json) => Tree,
  place: Place,
  as: 'json' | 'text' = 'json',
): Test {
  if (Array.isArray(expected)) return oneOf(tree(expected), place, as);
  if (isJsonObject(expected)) {
    if (Object.keys(expected).length === 0) {
      place.findings.push({
        ...at(place),
        message: `An empty map tests nothing; it takes ${MATCHERS.join(' and ')}.`,
      });
      return () => false;
    }
    const tests = Object.entries(expected).map(([key, value]) =>
      matcher(key, value, { ...place, pointer: place.pointer + pointerSegment(key) }),
    );
    return (scope, found) => tests.every((test) => test(scope, found));
  }
  const { evaluate } = tree(expected);
  return (scope, found) => same(found, evaluate(scope), as);
}

function at(place: Place): { pointer: string; offset: number } {
  return { pointer: place.pointer, offset: 0 };
}

function oneOf(values: Tree, place: Place, as: 'json' | 'text'): Test {
  if (values.constant && (values.evaluate({}) as readonly Json[]).length === 0) {
    place.findings.push({
      ...at(place),
      message: 'An empty list holds for no value; name one, or write [[]] for an empty list.',
    });
  }
  return (scope, found) => {
    const list = values.evaluate(scope);
    return Array.isArray(list) && (list as readonly Json[]).some((value) => same(found, value, as));
  };
}

function same(found: unknown, expected: Json | typeof ABSENT, as: 'json' | 'text'): boolean {
  if (found === undefined || expected === ABSENT) return false;
  if (as === 'text' && (typeof expected === 'number' || typeof expected === 'boolean'))
    return found === String(expected);
  return equal(found, expected);
}

function matcher(key: string, value: Json, place: Place): Test {
  if (key === 'exists') {
    if (typeof value !== 'boolean')
      place.findings.push({ ...at(place), message: `\`exists\` is true or false; this is ${show(value)}.` });
    return (_, found) => (found !== undefined) === value;
  }
  if (key === 'matches') return pattern(value, place);
  place.findings.push({
    ...at(place),
    onKey: true,
    message: `"${key}" is no test of a value; there are ${MATCHERS.join(' and ')}. A map to compare with stands in a list.${didYouMean(key, MATCHERS)}`,
  });
  return () => false;
}

function pattern(value: Json, place: Place): Test {
  if (typeof value !== 'string') {
    place.findings.push({
      ...at(place),
      message: `\`matches\` is a regular expression in text; this is ${show(value)}.`,
    });
    return () => false;
  }
  try {
    const test = compilePattern(value);
    return (_, found) => typeof found === 'string' && test(found);
  } catch (error) {
    if (!(error instanceof PatternError)) throw error;
    place.findings.push({ ...at(place), message: error.message });
    return () => false;
  }
}
