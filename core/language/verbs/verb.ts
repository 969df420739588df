import type { Json, JsonObject } from '../../kernel/json.ts';
import type { Grammar } from '../grammar.ts';
import type { StepContexts } from '../modifiers/modifier.ts';
import type { Registry } from '../../kernel/registry.ts';
import type { AuthChoice, EffectStep, ErrorRule, RetryPolicy, Step } from '../plan.ts';
import type { Field, Fields } from '../schema/field.ts';
import type { Place } from '../scope/place.ts';

/** A step as it was written, and where. */
export interface WrittenStep {
  readonly id: string;
  /** Ids from the outside in, joined by `/`. */
  readonly path: string;
  readonly pointer: string;
  readonly node: JsonObject;
}

/** A list of steps inside a step: a branch. */
export interface InnerSteps {
  readonly pointer: string;
  readonly steps: Json;
}

/** What the steps of one pipeline are compiled with. */
export interface StepCompiler {
  readonly registry: Registry;
  /** Of the definition, which a step's own come before. */
  readonly errors: readonly ErrorRule[];
  readonly retry: RetryPolicy;
  readonly timeout: Json | undefined;
  readonly idempotency: Json | undefined;
  readonly headers: Json | undefined;
  readonly query: Json | undefined;
  steps(list: Json, pointer: string, path: string): Step[];
  /** What a lookup asks. */
  effect(step: WrittenStep): EffectStep;
  auth(node: Json, pointer: string): 'none' | readonly AuthChoice[];
}

/** What a step does. Everything about a verb but its execution is in its own file. */
export interface Verb {
  readonly name: string;
  /** Names of the modifiers it takes. */
  readonly modifiers: readonly string[];
  field(grammar: Grammar): Field;
  /** Where templates stand in its own keys of the step at `pointer`, the steps inside it left out. */
  places(step: JsonObject, pointer: string, contexts: StepContexts): Place[];
  /** Names of the outputs that later steps see. */
  outputs(step: JsonObject): readonly string[];
  /** Lists of steps inside the step at `pointer`. */
  inner?(step: JsonObject, pointer: string): InnerSteps[];
  /** Further keys beside the verb's own. */
  companions?(grammar: Grammar): Fields;
  compile(step: WrittenStep, compiler: StepCompiler): Step;
}
