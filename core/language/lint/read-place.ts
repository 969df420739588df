import { compileCondition } from '../condition.ts';
import { pathLeaf, urlLeaf } from '../encode-leaf.ts';
import type { Place } from '../scope/place.ts';
import { parseLeaf, TemplateError, type Leaf } from '../template/leaf.ts';
import { compileTree, type TreeFinding } from '../tree.ts';
import type { ReadPlace } from './subject.ts';

/** Reads the templates of a place, in the way of the place. */
export function readPlace(place: Place): ReadPlace {
  const { node, pointer, form } = place;
  const mistakes: TreeFinding[] = [];
  if (form === 'condition') {
    return { ...place, references: compileCondition(node, mistakes, pointer).references, mistakes };
  }
  if (form === 'tree')
    return { ...place, references: compileTree(node, mistakes, { pointer }).references, mistakes };
  // What is no text has been reported by the schema; a pointer names nothing.
  if (typeof node !== 'string' || (form === 'extractor' && node.startsWith('/')))
    return { ...place, references: [], mistakes };
  const leaf = { leaf: parseLeaf, extractor: parseLeaf, path: pathLeaf, url: urlLeaf }[form];
  try {
    return { ...place, references: placed(leaf(node), pointer), mistakes };
  } catch (error) {
    if (!(error instanceof TemplateError)) throw error;
    return {
      ...place,
      references: [],
      mistakes: [{ pointer, offset: error.offset, message: error.message }],
    };
  }
}

function placed(leaf: Leaf, pointer: string): ReadPlace['references'] {
  return leaf.references.map((reference) => ({ ...reference, pointer, bound: [] }));
}
