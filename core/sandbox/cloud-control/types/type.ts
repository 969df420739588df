import type { TSchema } from 'typebox';
import { Type } from 'typebox';
import type { JsonObject } from '../../../kernel/json.ts';

/** What handlers may know of the account: resources that are there, or on their way to or from there. */
export interface Neighbours {
  find(type: string, identifier: string): Neighbour | undefined;
  all(type: string): readonly Neighbour[];
}

export interface Neighbour {
  readonly identifier: string;
  readonly properties: JsonObject;
  readonly deleting: boolean;
}

export interface Place {
  readonly region: string;
  /** A new id such as `vpc-0a1b...`. */
  readonly id: (prefix: string) => string;
}

/** One type of resource, and what its handlers do. */
export interface ResourceType {
  readonly name: string;
  /** The property that identifies a resource. */
  readonly identifier: string;
  /** `region`: identifiers of other regions are others; `everywhere`: there is one name for all regions. */
  readonly reach: 'region' | 'everywhere';
  /** What a caller may write. */
  readonly model: TSchema;
  /** Properties that an update may not change. */
  readonly createOnly: readonly string[];
  /** How long its handlers take, in seconds. The clouds take minutes. */
  readonly seconds: { readonly create: number; readonly update: number; readonly delete: number };
  /** The properties that the cloud adds, the identifier among them. Throws HandlerError. */
  create(desired: JsonObject, place: Place, neighbours: Neighbours): JsonObject;
  /** Throws HandlerError where something needs the resource. */
  beforeDelete?(identifier: string, neighbours: Neighbours): void;
}

export const Tags = Type.Array(
  Type.Object(
    { Key: Type.String({ minLength: 1, maxLength: 128 }), Value: Type.String({ maxLength: 256 }) },
    { additionalProperties: false },
  ),
  { maxItems: 50 },
);

/** A model's text property, or nothing. */
export function textOf(model: JsonObject, name: string): string | undefined {
  const value = model[name];
  return typeof value === 'string' ? value : undefined;
}
