import { StepFault } from '../../kernel/errors.ts';
import { ABSENT, type Scope } from '../plan.ts';
import type { Json } from '../../kernel/json.ts';
import type { Node } from './expression.ts';
import { type GuardHelper, type PlainHelper, HelperRefusal, checkArgument } from './helper.ts';
import { TEXT_LIMIT } from './limits.ts';
import { type Closure, type Value, asValue, member } from './values.ts';

type Path = Extract<Node, { type: 'path' }>;
type Call = Extract<Node, { type: 'call' }>;

/**
 * Makes a function of an expression.
 * @param guarded true where a missing value is tolerated: it makes the expression absent instead of failing the step
 */
export function compile(node: Node, guarded: boolean): Closure {
  switch (node.type) {
    case 'literal': {
      const { value } = node;
      return () => value;
    }
    case 'path':
      return guarded ? lookup(node.path) : present(node);
    case 'call':
      return 'choose' in node.helper ? guard(node, node.helper) : plain(node, node.helper, guarded);
  }
}

/** Own members only, at every level; the scope itself is such a map. */
function lookup(path: readonly string[]): Closure {
  const [first = '', second, third] = path;
  const root = (scope: Scope): unknown => (Object.hasOwn(scope, first) ? scope[first] : undefined);
  if (second === undefined) return (scope) => asValue(root(scope));
  if (third === undefined) return (scope) => asValue(member(root(scope), second));
  if (path.length === 3) return (scope) => asValue(member(member(root(scope), second), third));
  const rest = path.slice(1);
  return (scope) => {
    let here = root(scope);
    for (const key of rest) here = member(here, key);
    return asValue(here);
  };
}

function present(node: Path): Closure {
  const find = lookup(node.path);
  const { text } = node;
  return (scope) => {
    const value = find(scope);
    if (value === ABSENT) throw missing(node.path, text, find, scope);
    return value;
  };
}

function missing(path: readonly string[], text: string, find: Closure, scope: Scope): StepFault {
  const whole = path.at(-1) === 'length' ? lookup(path.slice(0, -1))(scope) : ABSENT;
  const remedy =
    Array.isArray(whole) || typeof whole === 'string'
      ? `The length of a list or text is \`length ${text.replace(/\.length$/, '')}\`.`
      : `Where it may be absent write {{ optional ${text} }}, or {{ default ${text} "..." }}.`;
  return new StepFault('config', `{{ ${text} }}: there is no value "${text}" here. ${remedy}`);
}

function guard(node: Call, helper: GuardHelper): Closure {
  const args = node.args.map((arg) => compile(arg, true));
  return (scope) => helper.choose(args, scope);
}

function plain(node: Call, helper: PlainHelper, guarded: boolean): Closure {
  const args = node.args.map((arg) => compile(arg, guarded));
  const sees = helper.seesAbsent === true;
  return (scope) => {
    const values: Value[] = [];
    for (let i = 0; i < args.length; i++) {
      const value = args[i]!(scope);
      if (value === ABSENT) {
        if (!sees) return ABSENT;
      } else {
        const wrong = checkArgument(helper, i, value);
        if (wrong !== undefined) throw new StepFault('config', `{{ ${node.text} }}: ${wrong}`);
      }
      values.push(value);
    }
    const result = run(node, helper, values as Json[]);
    if (result === ABSENT && !guarded) throw nothing(node);
    return result;
  };
}

function run(node: Call, helper: PlainHelper, values: readonly Json[]): Value {
  let result: Value;
  try {
    result = helper.run(...values);
  } catch (error) {
    if (!(error instanceof HelperRefusal)) throw error;
    throw new StepFault('config', `{{ ${node.text} }}: ${error.message}`);
  }
  if (typeof result === 'string' && result.length > TEXT_LIMIT) throw tooLong(node.text);
  return result;
}

function nothing(node: Call): StepFault {
  const remedy = `Where that may happen write {{ default (${node.text}) "..." }}, or {{ optional (${node.text}) }}.`;
  return new StepFault('config', `{{ ${node.text} }}: "${node.helper.name}" found no value. ${remedy}`);
}

export function tooLong(expression: string): StepFault {
  return new StepFault('config', `{{ ${expression} }}: the text is longer than ${TEXT_LIMIT} characters.`);
}
