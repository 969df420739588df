import { isJsonObject } from '../../kernel/json.ts';
import { childPointer } from '../load/document.ts';
import { EFFECTS } from '../verbs/all.ts';
import type { LintRule } from './subject.ts';

export const partialResults: LintRule = {
  name: 'partial-results',
  summary: '`response.items` outside of a sink, where there are no events that an answer could speak of.',
  check({ outline }, report) {
    for (const { steps, name } of outline.pipelines) {
      const items = steps.filter(({ node, verb, aside }) => {
        const partial = isJsonObject(node['response']) && 'items' in node['response'];
        return partial && EFFECTS.includes(verb) && (name !== 'batch' || aside !== undefined);
      });
      for (const { pointer } of items) {
        const message = '"items" says what became of each event of a batch, so it stands in the steps of a sink only; take what you need as outputs.';
        report.error(childPointer(pointer, 'response', 'items'), message, { onKey: true });
      }
    }
  },
};
