import { isJsonObject, type Json } from '../../kernel/json.ts';
import { didYouMean } from '../../kernel/suggest.ts';
import { childPointer } from '../load/document.ts';
import { rulePointers } from '../compile/rule-pointers.ts';
import type { Outline } from '../outline.ts';
import type { Report } from '../report.ts';
import type { LintRule } from './subject.ts';
import { asText } from '../schema/show.ts';

export const tests: LintRule = {
  name: 'tests',
  summary: 'Tests of actions and rules that are not there.',
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
    const name = asText(test['name']);
    if (names.has(name))
      report.error(childPointer(here, 'name'), `Another test is named "${name}"; give each its own name.`);
    names.set(name, here);
    const rule = isJsonObject(test['assert']) ? test['assert']['rule'] : undefined;
    if (typeof rule === 'string') checkRule(rule, childPointer(here, 'assert', 'rule'), outline, report);
  }
}

function checkTarget(
  test: { readonly [key: string]: Json },
  pointer: string,
  outline: Outline,
  report: Report,
): void {
  const { action } = test;
  const actions = outline.pipelines
    .filter(({ name }) => name !== 'verify')
    .map(({ name }) => name.slice('actions/'.length));
  if (action === undefined) {
    if (outline.root['verify'] !== undefined) return;
    report.error(
      pointer,
      `The test names no action, and there is no "verify" to test. Write action: one of ${actions.join(', ')}.`,
    );
  } else if (!actions.includes(asText(action))) {
    report.error(
      childPointer(pointer, 'action'),
      `There is no action "${asText(action)}"; there are: ${actions.join(', ') || 'none'}.${didYouMean(asText(action), actions)}`,
    );
  }
}

function checkRule(rule: string, pointer: string, { root }: Outline, report: Report): void {
  const rules = rulePointers(root);
  if (rule.startsWith('default/') || rules.includes(rule)) return;
  report.error(
    pointer,
    `There is no errors rule "${rule}"; there are: ${[...rules, 'default/<status>'].join(', ')}.${didYouMean(rule, rules)}`,
  );
}
