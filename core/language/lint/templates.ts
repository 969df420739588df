import type { LintRule } from './subject.ts';

export const templates: LintRule = {
  name: 'templates',
  summary:
    'Templates and conditions that cannot be read: syntax, unknown helpers, wrong numbers of arguments, `x.0`.',
  check({ places }, report) {
    for (const { pointer, offset, message, onKey } of places.flatMap(({ mistakes }) => mistakes)) {
      report.error(pointer, message, { offset, onKey });
    }
  },
};
