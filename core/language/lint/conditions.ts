import { isJsonObject } from '../../kernel/json.ts';
import type { LintRule } from './subject.ts';

export const conditions: LintRule = {
  name: 'conditions',
  summary: 'Conditions that ask for an answer where none has come yet.',
  check({ places }, report) {
    for (const { form, node, pointer, scope } of places) {
      if (form !== 'condition' || !isJsonObject(node) || Object.hasOwn(scope.members, 'response')) continue;
      const message =
        'A map of status, body, headers and network is about an answer, and here there is none yet. Write a template, for example "{{ eq steps.find.count 0 }}".';
      report.error(pointer, message);
    }
  },
};
