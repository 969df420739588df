import { childPointer } from '../load/document.ts';
import type { LintRule } from './subject.ts';

export const stepIds: LintRule = {
  name: 'step-ids',
  summary: 'Two steps of one pipeline with the same id.',
  check({ outline, document }, report) {
    for (const { steps, name } of outline.pipelines) {
      const seen = new Map<string, string>();
      for (const { id, pointer, aside } of steps) {
        if (aside?.role === 'lookup') continue;
        const before = seen.get(id);
        if (id && before !== undefined) {
          report.error(
            childPointer(pointer, 'id'),
            `The id "${id}" is taken by ${document.pathOf(before)}; an id is unique in ${nounOf(name)}. Name this step otherwise.`,
          );
        }
        seen.set(id, before ?? pointer);
      }
    }
  },
};

/** A step is looked for under its id: in `undo` and outside of it. */
function nounOf(pipeline: string): string {
  return pipeline.startsWith('actions/') ? 'its action' : `\`${pipeline}\``;
}
