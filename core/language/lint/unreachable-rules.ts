import type { Json } from '../../kernel/json.ts';
import { ruleLists } from '../compile/rule-pointers.ts';
import { rulesIn } from '../modifiers/errors.ts';
import { covers } from './covers.ts';
import type { LintRule } from './subject.ts';

export const unreachableRules: LintRule = {
  name: 'unreachable-rules',
  summary: 'An errors rule whose every answer matches a rule before it.',
  check({ outline, document }, report) {
    for (const list of ruleLists(outline)) checkList(rulesIn(list.node, list.pointer));

    function checkList(rules: ReturnType<typeof rulesIn>): void {
      for (const [i, rule] of rules.entries()) {
        const when: Json = rule.node['when'] ?? null;
        const before = rules
          .slice(0, i)
          .find(({ node }) => 'when' in node && covers(node['when'] ?? null, when));
        if (!before) continue;
        report.error(
          rule.pointer,
          `No answer reaches this rule: whatever it matches, ${document.pathOf(before.pointer)} matches before it. Move it up, or narrow the other.`,
        );
      }
    }
  },
};
