import type { Json } from '../../kernel/json.ts';
import type { RenderedRequest } from '../../kernel/runs.ts';
import type { Scope } from '../plan.ts';
import type { Field } from '../schema/field.ts';
import type { PlaceForm } from '../scope/place.ts';

export type RenderedBody = NonNullable<RenderedRequest['body']>;

/** One way to write a request's body. */
export interface Body {
  readonly name: string;
  readonly field: Field;
  /** Sent unless the author names another. */
  readonly contentType: string;
  readonly form: PlaceForm;
  /** Undefined is no body: what the template gave is absent. */
  compile(node: Json, pointer: string): (scope: Scope) => RenderedBody | undefined;
}
