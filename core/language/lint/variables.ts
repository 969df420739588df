import { followPointer } from '../../kernel/json.ts';
import { nameTrouble } from '../scope/resolve.ts';
import type { TreeReference } from '../tree.ts';
import type { LintRule, Subject } from './subject.ts';

export const variables: LintRule = {
  name: 'variables',
  summary:
    'Names that are not declared, or not known at their place; steps used before they run; optional values used bare.',
  check({ places, document }, report) {
    for (const { references, scope, remarks, form } of places) {
      for (const reference of references) {
        if (reference.bound.includes(reference.path[0] ?? '')) continue;
        // What an extractor does not find is absent, so all it names may be.
        const use = form === 'extractor' ? { ...reference, guarded: true } : reference;
        const trouble = nameTrouble(use, scope, remarks);
        if (trouble) report.error(reference.pointer, trouble, spotOf(reference, document));
      }
    }
  },
};

/** A reference's place: in the text at its pointer, or in the key of that. */
export function spotOf(
  { pointer, offset, text }: TreeReference,
  document: Subject['document'],
): { offset: number; onKey: boolean } {
  const value = followPointer(document.value, pointer);
  const inValue = typeof value === 'string' && value.startsWith(text, offset);
  const key = pointer
    .slice(pointer.lastIndexOf('/') + 1)
    .replaceAll('~1', '/')
    .replaceAll('~0', '~');
  return { offset, onKey: !inValue && key.startsWith(text, offset) };
}
