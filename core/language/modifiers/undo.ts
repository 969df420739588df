import type { Modifier } from './modifier.ts';

/** Steps that take back what this one did. Where their templates stand is known from the outline: they are steps. */
export const undoModifier: Modifier = { name: 'undo', field: ({ undoSteps }) => undoSteps };
