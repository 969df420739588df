import { isJsonObject, type Json, type JsonObject } from '../../kernel/json.ts';
import { asText } from '../schema/show.ts';

/** What a linter knows of a value that templates name, before there is one. */
export type Shape =
  /** Nothing is known: an answer's body. */
  | { readonly kind: 'any' }
  /** Text, number, boolean: nothing can be named inside. */
  | { readonly kind: 'value' }
  | { readonly kind: 'list'; readonly item: Shape }
  | MapShape;

export interface MapShape {
  readonly kind: 'map';
  readonly members: Readonly<Record<string, Member>>;
  /** Further members than those listed may be there. */
  readonly open?: boolean;
}

export interface Member {
  readonly shape: Shape;
  /** May be absent: used bare, it fails a run. */
  readonly optional?: boolean;
  /** Why, where no schema says so. */
  readonly why?: string;
  readonly secret?: boolean;
}

export const ANY: Shape = { kind: 'any' };
export const VALUE: Shape = { kind: 'value' };

export function mapShape(members: Readonly<Record<string, Member>>): MapShape {
  return { kind: 'map', members };
}

/** A map whose members are all there and of which nothing more is known. */
export function namesShape(names: readonly string[]): MapShape {
  return mapShape(Object.fromEntries(names.map((name) => [name, { shape: ANY }])));
}

/** The same names, each of which may be absent. */
export function perhaps({ members }: MapShape, why: string): MapShape {
  const optional = Object.entries(members).map(([name, member]): [string, Member] => [name, { ...member, optional: true, why }]);
  return mapShape(Object.fromEntries(optional));
}

/** The shape of what a JSON Schema describes. What it composes (`anyOf`, `$ref`) counts as unknown. */
export function shapeOf(schema: Json | undefined): Shape {
  if (!isJsonObject(schema)) return ANY;
  const properties = schema['properties'];
  if (isJsonObject(properties)) return propertiesShape(schema, properties);
  const types = [schema['type']].flat();
  if (types.length === 1 && types[0] === 'array') return { kind: 'list', item: shapeOf(schema['items']) };
  const plain = types.every((type) => ['string', 'number', 'integer', 'boolean'].includes(asText(type)));
  return plain ? VALUE : ANY;
}

const OPENING = ['patternProperties', '$ref', 'allOf', 'anyOf', 'oneOf', 'if'];

function propertiesShape(schema: JsonObject, properties: JsonObject): MapShape {
  const required = Array.isArray(schema['required']) ? schema['required'] : [];
  const members = Object.entries(properties).map(([name, inner]): [string, Member] => {
    const details = isJsonObject(inner) ? inner : {};
    const optional = !required.includes(name) && !('default' in details);
    return [name, { shape: shapeOf(inner), optional, secret: details['secret'] === true }];
  });
  const additional = schema['additionalProperties'];
  const open = OPENING.some((key) => key in schema) || (additional !== undefined && additional !== false);
  return { kind: 'map', members: Object.fromEntries(members), ...(open ? { open } : {}) };
}

/** Members of several shapes as one: optional where any of them lacks it. */
export function unionOf(shapes: readonly Shape[]): Shape {
  const maps = shapes.filter((shape) => shape.kind === 'map');
  if (maps.length < shapes.length) return ANY;
  const names = new Set(maps.flatMap(({ members }) => Object.keys(members)));
  const members = [...names].map((name): [string, Member] => {
    const there = maps.flatMap((map) => (Object.hasOwn(map.members, name) ? [map.members[name]!] : []));
    const optional = there.length < maps.length || there.some((member) => member.optional);
    const secret = there.some((member) => member.secret);
    return [
      name,
      {
        shape: there.length === 1 ? there[0]!.shape : unionOf(there.map(({ shape }) => shape)),
        optional,
        secret,
      },
    ];
  });
  return { kind: 'map', members: Object.fromEntries(members), open: maps.some(({ open }) => open === true) };
}
