import { StepFault } from '../kernel/errors.ts';
import { didYouMean } from '../kernel/suggest.ts';
import type { Json, JsonObject } from '../kernel/json.ts';
import { isJsonObject, pointerSegment } from '../kernel/json.ts';
import { ABSENT, type Evaluator, type Scope } from './plan.ts';
import { HelperRefusal } from './template/helper.ts';
import { HELPERS } from './template/helpers/index.ts';
import { isTrue, setOwn, show } from './template/values.ts';
import { checkTruth } from './truth.ts';
import type { Branch, Builder, Place } from './tree-build.ts';

const EACH = /^each\(\s*([A-Za-z_][\w-]*)\s*\)$/;

interface Operator {
  /** Which keys may stand beside it, as messages show them. */
  readonly beside: string;
  readonly accepts: (key: string) => boolean;
  readonly requires?: string;
  compile(compiler: Builder, node: JsonObject, place: Place): Evaluator;
}

const alone = { beside: 'no other key', accepts: () => false } as const;

const OPERATORS: Readonly<Record<string, Operator>> = {
  $map: {
    beside: 'each(name): the tree of an item',
    accepts: (key) => EACH.test(key),
    requires: 'each(name)',
    compile: compileMap,
  },
  $if: {
    beside: '`then` and `else`',
    accepts: (key) => key === 'then' || key === 'else',
    requires: 'then',
    compile: compileIf,
  },
  $merge: { ...alone, compile: compileMerge },
  $flatten: { ...alone, compile: compileFlatten },
  $json: { ...alone, compile: compileJson },
};

/** The keys of a map that are operators: those that begin with one `$`. */
export function operatorsOf(node: JsonObject): string[] {
  return Object.keys(node).filter((key) => key.startsWith('$') && !key.startsWith('$$'));
}

/** Compiles a map that is an operator and its operands. */
export function compileOperator(
  compiler: Builder,
  node: JsonObject,
  [name = '', ...more]: readonly string[],
  place: Place,
): Branch {
  const operator = Object.hasOwn(OPERATORS, name) ? OPERATORS[name] : undefined;
  const at = (key: string): string => place.pointer + pointerSegment(key);
  if (!operator) {
    const names = Object.keys(OPERATORS);
    compiler.find(
      at(name),
      `There is no operator "${name}"; there are ${names.join(' ')}.${didYouMean(name, names)} A key that begins with "$" is written "$${name}".`,
      true,
    );
    return { evaluate: () => null };
  }
  const odd = [
    ...more,
    ...Object.keys(node).filter((key) => key !== name && !more.includes(key) && !operator.accepts(key)),
  ];
  for (const key of odd)
    compiler.find(at(key), `Beside ${name} stands ${operator.beside}; "${key}" may not.`, true);
  const operands = Object.keys(node).filter(operator.accepts);
  if (operator.requires && !operands.some((key) => key !== 'else')) {
    compiler.find(place.pointer, `${name} takes ${operator.beside}; "${operator.requires}" is missing.`);
    return { evaluate: () => null };
  }
  return { evaluate: operator.compile(compiler, node, place) };
}

function compileMap(compiler: Builder, node: JsonObject, place: Place): Evaluator {
  const key = Object.keys(node).find((name) => EACH.test(name)) ?? '';
  const name = EACH.exec(key)?.[1] ?? '';
  const list = compiler.member(node['$map'] ?? null, '$map', place).evaluate;
  const item = compiler.member(node[key] ?? null, key, place, name).evaluate;
  return (scope) => {
    const items = list(scope);
    if (items === ABSENT) return ABSENT;
    if (!Array.isArray(items)) throw wrong(place, '$map', items, 'a list; for a map use `pairs`');
    // One scope for all items: what an item gives is complete before the next begins.
    const inner: Record<string, unknown> = Object.assign(Object.create(null), scope);
    const out: Json[] = [];
    for (const value of items as readonly Json[]) {
      inner[name] = value;
      const result = item(inner);
      if (result !== ABSENT) out.push(result);
    }
    return out;
  };
}

function compileIf(compiler: Builder, node: JsonObject, place: Place): Evaluator {
  const written = node['$if'] ?? null;
  const at = { ...place, pointer: `${place.pointer}/$if` };
  const wrongCondition =
    typeof written === 'string'
      ? undefined
      : 'In a tree a condition is a template, for example "{{ input.paid }}".';
  if (wrongCondition !== undefined) compiler.find(at.pointer, wrongCondition);
  const condition = compiler.leaf(typeof written === 'string' ? written : '', at, { guarded: true });
  const untrue = wrongCondition === undefined ? checkTruth(condition) : undefined;
  if (untrue !== undefined) compiler.find(at.pointer, untrue);
  const then = compiler.member(node['then'] ?? null, 'then', place).evaluate;
  const otherwise: Evaluator =
    'else' in node ? compiler.member(node['else'] ?? null, 'else', place).evaluate : () => ABSENT;
  return (scope) => (isTrue(condition.evaluate(scope)) ? then(scope) : otherwise(scope));
}

function compileMerge(compiler: Builder, node: JsonObject, place: Place): Evaluator {
  const maps = operands(compiler, node, '$merge', place);
  return (scope) => {
    const list = maps(scope);
    if (list === ABSENT) return ABSENT;
    const out: Record<string, Json> = {};
    for (const map of list) {
      if (!isJsonObject(map)) throw wrong(place, '$merge', map, 'a list of maps');
      for (const key of Object.keys(map)) setOwn(out, key, map[key] ?? null);
    }
    return out;
  };
}

function compileFlatten(compiler: Builder, node: JsonObject, place: Place): Evaluator {
  const lists = operands(compiler, node, '$flatten', place);
  return (scope) => {
    const list = lists(scope);
    if (list === ABSENT) return ABSENT;
    const out: Json[] = [];
    for (const items of list) {
      if (!Array.isArray(items)) throw wrong(place, '$flatten', items, 'a list of lists');
      for (const item of items as readonly Json[]) out.push(item);
    }
    return out;
  };
}

function compileJson(compiler: Builder, node: JsonObject, place: Place): Evaluator {
  const tree = compiler.member(node['$json'] ?? null, '$json', place).evaluate;
  const json = HELPERS.get('json');
  return (scope) => {
    const value = tree(scope);
    if (value === ABSENT) return ABSENT;
    try {
      return json && 'run' in json ? json.run(value) : null;
    } catch (error) {
      if (error instanceof HelperRefusal)
        throw new StepFault('config', `${place.pointer}/$json: ${error.message}`);
      throw error;
    }
  };
}

/** The list of an operator that takes one, written out or given by a template. */
function operands(compiler: Builder, node: JsonObject, name: string, place: Place) {
  const written = node[name] ?? null;
  const tree = compiler.member(written, name, place).evaluate;
  const dynamic = typeof written === 'string' || (isJsonObject(written) && operatorsOf(written).length > 0);
  if (!dynamic && !Array.isArray(written))
    compiler.find(`${place.pointer}/${name}`, `${name} takes a list; this is ${show(written)}.`);
  return (scope: Scope): readonly Json[] | typeof ABSENT => {
    const list = tree(scope);
    if (list === ABSENT) return ABSENT;
    if (!Array.isArray(list)) throw wrong(place, name, list, 'a list');
    return list as readonly Json[];
  };
}

function wrong(place: Place, name: string, value: Json, accepted: string): StepFault {
  return new StepFault('config', `${place.pointer}: ${name} got ${show(value)}; it takes ${accepted}.`);
}
