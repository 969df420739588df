import type { JsonObject } from '../../kernel/json.ts';
import { childPointer } from '../load/document.ts';
import { rulesIn } from '../modifiers/errors.ts';
import { outlineOf } from '../outline.ts';

/** JSON Pointers of all `errors` rules of a definition, in the order of the file. */
export function rulePointers(root: JsonObject): string[] {
  const shared = rulesIn(root['errors'], '/errors');
  const own = outlineOf(root).pipelines.flatMap(({ steps }) =>
    steps.flatMap(({ node, pointer }) => rulesIn(node['errors'], childPointer(pointer, 'errors'))),
  );
  return [...shared, ...own].map(({ pointer }) => pointer);
}
