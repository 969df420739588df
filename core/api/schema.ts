import { Type, type TObject, type TProperties, type TSchema } from 'typebox';
import type { JsonObject } from '../kernel/json.ts';

/** An object that takes these keys and no others. */
export function closed<Properties extends TProperties>(
  properties: Properties,
  options: object = {},
): TObject<Properties> {
  return Type.Object(properties, { additionalProperties: false, ...options });
}

export const Id = Type.String({ format: 'uuid', description: 'A UUIDv7.' });
export const Time = Type.String({ format: 'date-time', description: 'RFC 3339, UTC.' });
export const Name = Type.String({ minLength: 1, maxLength: 200 });
/** Any JSON object. */
export const AnyObject = Type.Unsafe<JsonObject>({ type: 'object', additionalProperties: true });

/** Or null. */
export const nullable = <Schema extends TSchema>(schema: Schema) => Type.Union([schema, Type.Null()]);

/** Query keys of every list. */
export const paging = {
  limit: Type.Optional(
    Type.Integer({ minimum: 1, maximum: 1000, default: 50, description: 'Items a page.' }),
  ),
  cursor: Type.Optional(Type.String({ description: 'The `nextCursor` of the page before.' })),
};

export function listOf(item: TSchema): TSchema {
  return Type.Object({
    items: Type.Array(item),
    nextCursor: Type.Union([Type.String(), Type.Null()], { description: 'null on the last page.' }),
  });
}

export const Problem = Type.Object({
  type: Type.String(),
  title: Type.String(),
  status: Type.Integer(),
  code: Type.String({ description: 'One of a closed list; see docs/errors.md.' }),
  detail: Type.String(),
  errors: Type.Array(
    Type.Object({
      path: Type.String({ description: 'A JSON Pointer into what was sent.' }),
      message: Type.String(),
    }),
  ),
  requestId: Type.String(),
});
