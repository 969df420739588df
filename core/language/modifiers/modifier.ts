import type { Json } from '../../kernel/json.ts';
import type { Grammar } from '../grammar.ts';
import type { Field } from '../schema/field.ts';
import type { Place, PlaceContext } from '../scope/place.ts';

/** What templates see at the places of one step. */
export interface StepContexts {
  /** Before the step: conditions. */
  readonly before: PlaceContext;
  /** In its request. */
  readonly request: PlaceContext;
  /** Once an answer is there. */
  readonly answer: PlaceContext;
  /** Where an answer speaks of each event of a batch. */
  readonly item: PlaceContext;
}

/** A key that changes how a step is done. Its meaning is in its own file, and in the engine. */
export interface Modifier {
  readonly name: string;
  readonly field: (grammar: Grammar) => Field;
  /** Where templates stand in its value. */
  readonly places?: (value: Json, pointer: string, contexts: StepContexts) => Place[];
}
