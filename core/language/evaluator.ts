import type { Json } from '../kernel/json.ts';

/** The variables templates see, by name. Which names exist at which place is in `scope/variables.ts`. */
export type Scope = Readonly<Record<string, unknown>>;

/** A value that is declared but missing. It drops its key where a tree is built, and is an error elsewhere. */
export const ABSENT: unique symbol = Symbol('absent');

/** A compiled template or tree. Throws StepFault (config) with the expression's text where it cannot be evaluated. */
export type Evaluator = (scope: Scope) => Json | typeof ABSENT;
