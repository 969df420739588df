import { planned } from '../schema/field.ts';
import { errorsModifier } from './errors.ts';
import { idempotencyModifier } from './idempotency.ts';
import { ifModifier } from './if.ts';
import type { Modifier } from './modifier.ts';
import { responseModifier } from './response.ts';
import { retryModifier } from './retry.ts';
import { timeoutModifier } from './timeout.ts';

/** Modifiers that the language has and this version has not: what to do meanwhile. */
const LATER: Readonly<Record<string, string>> = {
  poll: 'ask again in a later run.',
  paginate: 'ask for one page, as large as the system allows.',
  undo: 'a failed run leaves what its earlier steps did.',
};

export const MODIFIERS: readonly Modifier[] = [
  ifModifier,
  responseModifier,
  errorsModifier,
  retryModifier,
  timeoutModifier,
  idempotencyModifier,
  ...Object.entries(LATER).map(([name, instead]): Modifier => ({ name, field: () => planned(instead) })),
];
