import { planned } from '../schema/field.ts';
import { errorsModifier } from './errors.ts';
import { idempotencyModifier } from './idempotency.ts';
import { ifModifier } from './if.ts';
import type { Modifier } from './modifier.ts';
import { pollModifier } from './poll.ts';
import { responseModifier } from './response.ts';
import { retryModifier } from './retry.ts';
import { timeoutModifier } from './timeout.ts';
import { undoModifier } from './undo.ts';

/** Modifiers that the language has and this version has not: what to do meanwhile. */
const LATER: Readonly<Record<string, string>> = {
  paginate: 'ask for one page, as large as the system allows.',
};

export const MODIFIERS: readonly Modifier[] = [
  ifModifier,
  responseModifier,
  errorsModifier,
  retryModifier,
  timeoutModifier,
  idempotencyModifier,
  pollModifier,
  undoModifier,
  ...Object.entries(LATER).map(([name, instead]): Modifier => ({ name, field: () => planned(instead) })),
];
