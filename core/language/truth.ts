import type { Leaf } from './template/leaf.ts';

/** Says why a leaf cannot be a condition: only a single expression can be false. */
export function checkTruth(leaf: Leaf): string | undefined {
  if (leaf.shape === 'expression') return undefined;
  const what = leaf.shape === 'literal' ? `"${leaf.literal}" is text` : 'This is text with values in it';
  return `${what}, and always true; a condition is one expression, for example "{{ eq input.kind \\"paid\\" }}".`.replaceAll(
    '\\"',
    "'",
  );
}
