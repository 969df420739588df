import type { Registry } from '../kernel/registry.ts';
import type { Field, Fields } from './schema/field.ts';

/** What the parts of the language need of each other, so that a part need not import those around it. */
export interface Grammar {
  readonly registry: Registry;
  /** A list of steps. */
  readonly steps: Field;
  /** The steps of an `undo`: they have none of their own. */
  readonly undoSteps: Field;
  /** What a lookup asks with: the keys of the verbs that have an effect, by verb. */
  readonly questions: Readonly<Record<string, Fields>>;
  /** One auth scheme, or a list of alternatives. */
  readonly auth: Field;
}
