import { isJsonObject, type Json, type JsonObject } from '../../kernel/json.ts';
import { didYouMean } from '../../kernel/suggest.ts';
import { DATASET_PIPELINES } from '../compile/dataset-pipelines.ts';
import { rulePointers } from '../compile/rule-pointers.ts';
import { TARGETS } from '../definition-test.ts';
import { childPointer } from '../load/document.ts';
import type { Outline } from '../outline.ts';
import type { Report } from '../report.ts';
import { asText, listOf } from '../schema/show.ts';
import type { LintRule } from './subject.ts';

export const tests: LintRule = {
  name: 'tests',
  summary: 'Tests of actions, steps and rules that are not there.',
  check({ outline }, report) {
    checkTests(outline.root['tests'], '/tests', outline, report);
  },
};

/** Checks tests against the definition they belong to; they may stand in a file of their own. */
export function checkTests(list: Json | undefined, pointer: string, outline: Outline, report: Report): void {
  if (!Array.isArray(list)) return;
  const names = new Map<string, string>();
  for (const [i, test] of (list as readonly Json[]).entries()) {
    if (!isJsonObject(test)) continue;
    const here = childPointer(pointer, i);
    checkTarget(test, here, outline, report);
    checkGiven(test, here, report);
    const name = asText(test['name']);
    if (names.has(name))
      report.error(childPointer(here, 'name'), `Another test is named "${name}"; give each its own name.`);
    names.set(name, here);
    checkAsserted(test, childPointer(here, 'assert'), outline, report);
  }
}

function checkTarget(test: JsonObject, pointer: string, outline: Outline, report: Report): void {
  const { action } = test;
  const [first, second] = ['action', ...TARGETS].filter((key) => key in test);
  if (first !== undefined && second !== undefined) {
    report.error(childPointer(pointer, second), `A test runs one thing, and this one names "${first}" and "${second}".`, { onKey: true });
  } else if (first === undefined || first === 'verify') {
    if (outline.root['verify'] === undefined) report.error(pointer, noTarget(outline));
  } else if (first === 'action') {
    checkAction(asText(action), childPointer(pointer, 'action'), outline, report);
  } else if (!runs(first, test, outline)) {
    report.error(childPointer(pointer, first), `There is no ${what(first, test)} in this definition. ${advice(outline)}`, { onKey: true });
  }
}

function checkAction(action: string, pointer: string, outline: Outline, report: Report): void {
  const actions = actionsOf(outline);
  if (actions.includes(action)) return;
  if (outline.root['kind'] !== 'integration') {
    report.error(pointer, `There are no actions in a ${asText(outline.root['kind'])}. ${advice(outline)}`);
    return;
  }
  report.error(
    pointer,
    `There is no action "${action}"; there are: ${actions.join(', ') || 'none'}.${didYouMean(action, actions)}`,
  );
}

function runs(target: string, test: JsonObject, { root, pipelines }: Outline): boolean {
  if (target === 'dataset') return root['kind'] === 'dataset';
  if (target !== 'sink') return pipelines.some(({ name }) => name === target);
  return test['sink'] === 'purge' ? 'store' in root : pipelines.some(({ name }) => name === 'batch');
}

function what(target: string, test: JsonObject): string {
  if (target === 'dataset') return `\`${asText(test['dataset'])}\``;
  if (target !== 'sink') return `\`${target}\``;
  return test['sink'] === 'purge' ? 'store to purge' : 'batch of a sink';
}

function noTarget(outline: Outline): string {
  const noun = outline.root['kind'] === 'integration' ? 'no action' : 'nothing to run';
  return `The test names ${noun}, and there is no "verify" to test. ${advice(outline)}`;
}

function advice(outline: Outline): string {
  const { root, pipelines } = outline;
  if (root['kind'] === 'sink') return `Write sink: ${'store' in root ? 'purge' : 'true'}.`;
  if (root['kind'] === 'dataset') return `Write dataset: one of ${DATASET_PIPELINES.join(', ')}.`;
  if (root['kind'] === 'integration') return `Write action: one of ${actionsOf(outline).join(', ')}.`;
  const names = pipelines.map(({ name }) => name).filter((name) => name !== 'verify');
  return `Write ${listOf(names.map((name) => `${name}: true`))}.`;
}

function actionsOf({ pipelines }: Outline): string[] {
  return pipelines.flatMap(({ name }) => (name.startsWith('actions/') ? [name.slice('actions/'.length)] : []));
}

/** What a test gives that what it runs has no use for. */
function checkGiven(test: JsonObject, pointer: string, report: Report): void {
  if ('events' in test && test['sink'] !== true)
    report.error(childPointer(pointer, 'events'), '"events" are for a test of a sink; write sink: true.', { onKey: true });
  if ('input' in test && ('read' in test || 'delete' in test)) {
    const message = '`read` and `delete` have no input of their own; write environment: { input: ... }.';
    report.error(childPointer(pointer, 'input'), message, { onKey: true });
  }
  for (const [i, exchange] of listIn(test['exchanges']).entries()) {
    if (isJsonObject(exchange)) checkExchange(exchange, childPointer(pointer, 'exchanges', i), report);
  }
}

function checkExchange(exchange: JsonObject, pointer: string, report: Report): void {
  const expect = isJsonObject(exchange['expect']) ? exchange['expect'] : {};
  const reply = isJsonObject(exchange['reply']) ? exchange['reply'] : {};
  const ofUse = 'use' in expect;
  const foreign = Object.keys(expect).find((key) => !['use', 'with', 'times'].includes(key));
  if (ofUse && foreign !== undefined)
    report.error(childPointer(pointer, 'expect', foreign), `With "use" no request is sent; expect takes use and with.`, { onKey: true });
  if (!ofUse && 'with' in expect)
    report.error(childPointer(pointer, 'expect', 'with'), '"with" is what a step type is given; name it with "use".', { onKey: true });
  if (!ofUse && 'error' in reply)
    report.error(childPointer(pointer, 'reply', 'error'), '"error" is the fault of a step type; answer a request with "status", or name a step type with expect: { use: ... }.', { onKey: true });
  const wrong = ['status', 'headers', 'text'].find((key) => key in reply);
  if (ofUse && wrong !== undefined)
    report.error(childPointer(pointer, 'reply', wrong), `A step type answers with json: its result, or with error or fault.`, { onKey: true });
}

function checkAsserted(test: JsonObject, pointer: string, outline: Outline, report: Report): void {
  const asserted = isJsonObject(test['assert']) ? test['assert'] : {};
  const { rule } = asserted;
  if (typeof rule === 'string') checkRule(rule, childPointer(pointer, 'rule'), outline, report);
  const undoing = outline.pipelines.flatMap(({ steps }) => steps.filter(({ node }) => 'undo' in node).map(({ path }) => path));
  for (const key of ['undone', 'leaked']) {
    for (const [i, step] of listIn(asserted[key]).entries()) {
      if (undoing.includes(asText(step))) continue;
      report.error(
        childPointer(pointer, key, i),
        `There is no step "${asText(step)}" with an undo; there are: ${undoing.join(', ') || 'none'}.${didYouMean(asText(step), undoing)}`,
      );
    }
  }
}

function listIn(node: Json | undefined): readonly Json[] {
  return Array.isArray(node) ? (node as readonly Json[]) : [];
}

function checkRule(rule: string, pointer: string, { root }: Outline, report: Report): void {
  const rules = rulePointers(root);
  if (rule.startsWith('default/') || rules.includes(rule)) return;
  report.error(
    pointer,
    `There is no errors rule "${rule}"; there are: ${[...rules, 'default/<status>'].join(', ')}.${didYouMean(rule, rules)}`,
  );
}
