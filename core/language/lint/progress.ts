import type { Json } from '../../kernel/json.ts';
import { didYouMean } from '../../kernel/suggest.ts';
import { childPointer } from '../load/document.ts';
import { forward } from '../outline/steps.ts';
import { asText } from '../schema/show.ts';
import type { LintRule } from './subject.ts';

export const progress: LintRule = {
  name: 'progress',
  summary: 'Steps in `progress` that `create` does not have, or twice.',
  check({ outline: { root, pipelines } }, report) {
    const named = Array.isArray(root['progress']) ? (root['progress'] as readonly Json[]) : [];
    const steps = forward(pipelines.find(({ name }) => name === 'create')?.steps ?? []);
    const ids = [...new Set(steps.map(({ id }) => id))];
    for (const [i, node] of named.entries()) {
      const id = asText(node);
      const place = childPointer('/progress', i);
      if (!ids.includes(id))
        report.error(place, `\`create\` has no step "${id}"; it has: ${ids.join(', ') || 'none'}.${didYouMean(id, ids)}`);
      else if (named.indexOf(node) < i) report.error(place, `"${id}" stands in progress already; each step is shown once.`);
    }
  },
};
