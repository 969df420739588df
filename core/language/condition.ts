import { didYouMean } from '../kernel/suggest.ts';
import type { Json } from '../kernel/json.ts';
import { isJsonObject, pointerSegment } from '../kernel/json.ts';
import type { AnswerView, Condition } from './plan.ts';
import { compileTest } from './condition-test.ts';
import { type Tree, type TreeFinding, compileTree } from './tree.ts';
import { isTrue, member, show } from './template/values.ts';
import { parseLeaf, TemplateError } from './template/leaf.ts';
import { checkTruth } from './truth.ts';

/** What one condition gives besides its function. */
export interface CompiledCondition {
  readonly evaluate: Condition;
  readonly references: Tree['references'];
}

const KEYS = ['status', 'body', 'headers', 'network', 'any'];
const NETWORK = ['timeout', 'reset', 'dns', 'tls', 'any'];

/**
 * Compiles a condition: one template, or a map in which all must hold (LANGUAGE 3). Without an answer a map's
 * tests do not hold, nor do tests of status, body and headers where no whole answer came.
 */
export function compileCondition(node: Json, findings: TreeFinding[], pointer = ''): CompiledCondition {
  const references: Tree['references'][number][] = [];
  const evaluate = condition(node, { findings, pointer, references });
  return { evaluate, references };
}

/** Where findings and references go while one condition is compiled. */
interface Sink {
  readonly findings: TreeFinding[];
  readonly pointer: string;
  readonly references: Tree['references'][number][];
}

const never: Condition = () => false;

function into(sink: Sink, key: string | number): Sink {
  return { ...sink, pointer: sink.pointer + pointerSegment(key) };
}

function refuse(sink: Sink, message: string): Condition {
  sink.findings.push({ pointer: sink.pointer, offset: 0, message });
  return never;
}

function condition(node: Json, sink: Sink): Condition {
  if (typeof node === 'string') return template(node, sink);
  if (!isJsonObject(node)) {
    return refuse(
      sink,
      `A condition is a template such as "{{ input.paid }}", or a map of ${KEYS.join(', ')}; this is ${show(node)}.`,
    );
  }
  const entries = Object.entries(node);
  if (entries.length === 0)
    return refuse(sink, `An empty map holds for every answer; name one of ${KEYS.join(', ')}.`);
  const all = entries.map(([key, value]) => part(key, value, into(sink, key)));
  return (scope, answer) => all.every((holds) => holds(scope, answer));
}

/** A missing value is false, as LANGUAGE 2 says of absent ones: conditions look at answers of every form. */
function template(text: string, sink: Sink): Condition {
  try {
    const leaf = parseLeaf(text, { absent: 'drop' });
    const untrue = checkTruth(leaf);
    if (untrue !== undefined) return refuse(sink, untrue);
    for (const reference of leaf.references)
      sink.references.push({ ...reference, guarded: true, pointer: sink.pointer, bound: [] });
    return (scope) => isTrue(leaf.evaluate(scope));
  } catch (error) {
    if (!(error instanceof TemplateError)) throw error;
    sink.findings.push({ pointer: sink.pointer, offset: error.offset, message: error.message });
    return never;
  }
}

function part(key: string, value: Json, sink: Sink): Condition {
  switch (key) {
    case 'status':
      return status(value, sink);
    case 'body':
      return body(value, sink);
    case 'headers':
      return headers(value, sink);
    case 'network':
      return network(value, sink);
    case 'any':
      return anyOf(value, sink);
    default:
      sink.findings.push({
        pointer: sink.pointer,
        offset: 0,
        message: `"${key}" is no test of a condition; there are ${KEYS.join(', ')}.${didYouMean(key, KEYS)}`,
        onKey: true,
      });
      return never;
  }
}

function status(value: Json, sink: Sink): Condition {
  const accepted = (Array.isArray(value) ? value : [value]) as readonly Json[];
  const exact = new Set<number>();
  const classes = new Set<number>();
  for (const one of accepted) {
    if (typeof one === 'number' && Number.isInteger(one) && one >= 100 && one <= 599) exact.add(one);
    else if (typeof one === 'string' && /^[1-5]xx$/i.test(one)) classes.add(Number(one[0]));
    else
      return refuse(
        sink,
        `${show(one)} is no status; write a number from 100 to 599, a class such as 4xx, or a list of them.`,
      );
  }
  if (accepted.length === 0) return refuse(sink, 'An empty list holds for no status; name one.');
  return (_, answer) => {
    const seen = answer?.status;
    return seen !== undefined && (exact.has(seen) || classes.has(Math.floor(seen / 100)));
  };
}

function body(value: Json, sink: Sink): Condition {
  if (!isJsonObject(value) || Object.keys(value).length === 0) {
    return refuse(
      sink,
      '`body` is a map of JSON Pointers and what stands there, for example { /error/status: NOT_FOUND }.',
    );
  }
  const tests = Object.entries(value).map(([pointer, expected]) => {
    const at = into(sink, pointer);
    if (pointer !== '' && !pointer.startsWith('/')) {
      at.findings.push({
        pointer: at.pointer,
        offset: 0,
        onKey: true,
        message: `"${pointer}" is no JSON Pointer; it begins with "/": "/${pointer.replaceAll('.', '/')}".`,
      });
    }
    return { keys: keysOf(pointer), test: compileTest(expected, (node) => tree(node, at), at) };
  });
  return (scope, answer) =>
    whole(answer) && tests.every(({ keys, test }) => test(scope, keys.reduce(member, answer.body)));
}

/** A JSON Pointer's keys (RFC 6901, section 4), split once: conditions look at every answer. */
function keysOf(pointer: string): string[] {
  const keys = pointer.split('/').slice(1);
  return keys.map((key) => key.replaceAll('~1', '/').replaceAll('~0', '~'));
}

function headers(value: Json, sink: Sink): Condition {
  if (!isJsonObject(value) || Object.keys(value).length === 0) {
    return refuse(
      sink,
      '`headers` is a map of header names and what they hold, for example { x-quota: exceeded }.',
    );
  }
  const tests = Object.entries(value).map(([name, expected]) => {
    const at = into(sink, name);
    return { name: name.toLowerCase(), test: compileTest(expected, (node) => tree(node, at), at, 'text') };
  });
  return (scope, answer) =>
    whole(answer) && tests.every(({ name, test }) => test(scope, header(answer, name)));
}

/** True where an answer, or a delivery, is there to be looked at. */
function whole(answer: AnswerView | undefined): answer is AnswerView {
  return answer !== undefined && answer.network === undefined;
}

function header(answer: AnswerView, name: string): string | undefined {
  return Object.hasOwn(answer.headers, name) ? answer.headers[name] : undefined;
}

function network(value: Json, sink: Sink): Condition {
  const accepted = (Array.isArray(value) ? value : [value]) as readonly Json[];
  for (const one of accepted) {
    if (typeof one === 'string' && NETWORK.includes(one)) continue;
    const near = typeof one === 'string' ? didYouMean(one, NETWORK) : '';
    return refuse(sink, `${show(one)} is no network fault; there are ${NETWORK.join(', ')}.${near}`);
  }
  if (accepted.length === 0)
    return refuse(sink, `An empty list holds for no fault; name one of ${NETWORK.join(', ')}.`);
  const any = accepted.includes('any');
  return (_, answer) => answer?.network !== undefined && (any || accepted.includes(answer.network));
}

function anyOf(value: Json, sink: Sink): Condition {
  if (!Array.isArray(value) || value.length === 0)
    return refuse(sink, '`any` is a list of conditions, of which one must hold.');
  const some = (value as readonly Json[]).map((one, i) => condition(one, into(sink, i)));
  return (scope, answer) => some.some((holds) => holds(scope, answer));
}

/** A value to compare with: its templates are filled when the condition is looked at. */
function tree(node: Json, sink: Sink): Tree {
  const made = compileTree(node, sink.findings, { pointer: sink.pointer, absent: 'drop' });
  sink.references.push(...made.references.map((reference) => ({ ...reference, guarded: true })));
  return made;
}
