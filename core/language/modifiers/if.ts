import { CONDITION } from '../schema/basics.ts';
import type { Modifier } from './modifier.ts';

/** Skips the step unless the condition holds; its outputs are absent then. */
export const ifModifier: Modifier = {
  name: 'if',
  field: () => CONDITION,
  places: (node, pointer, { before }) => [{ ...before, pointer, node, form: 'condition' }],
};
