import type { Registry } from '../kernel/registry.ts';
import type { Field } from './schema/field.ts';

/** What the parts of the language need of each other, so that a part need not import those around it. */
export interface Grammar {
  readonly registry: Registry;
  /** A list of steps. */
  readonly steps: Field;
  /** One auth scheme, or a list of alternatives. */
  readonly auth: Field;
}
