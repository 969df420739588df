import { Type } from 'typebox';
import { DURATION, NAME } from '../schema/basics.ts';
import { sqlNames } from '../schema/column-type.ts';
import { field, listOf, mapOf, namedValues, required, type Field } from '../schema/field.ts';

export const NAMES: Field = {
  ...listOf('the list of columns', NAME, { least: 1 }),
  schema: Type.Array(Type.String({ minLength: 1 }), { minItems: 1, uniqueItems: true }),
};

/** One column of an index, or several. */
const index: Field = field(Type.Union([Type.String({ minLength: 1 }), NAMES.schema]), (node, pointer, report) =>
  (Array.isArray(node) ? NAMES : NAME).check?.(node, pointer, report),
);

const reference = mapOf('a reference', {
  table: required(NAME),
  delete: field(Type.Enum(['cascade'])),
  missing: field(Type.Enum(['hold'])),
});

const retention = mapOf('retention', {
  after: required(DURATION),
  by: required(NAME),
  requires: field(Type.Enum(['exported'])),
});

/** The operational store (LANGUAGE 7). Which names these are is for lint. */
export const tablesField: Field = sqlNames(
  'tables',
  mapOf('a table', {
    from: required(NAME),
    key: required(NAMES),
    version: NAME,
    history: field(Type.Boolean()),
    write: field(Type.Array(Type.Enum(['patch', 'delete']), { minItems: 1, uniqueItems: true })),
    references: namedValues('references', reference),
    indexes: listOf('indexes', index),
    retention,
  }),
);

/** What the nights export. */
export const warehouseField: Field = sqlNames(
  'warehouse',
  mapOf('a table of the warehouse', {
    from: required(NAME),
    load: required(field(Type.Enum(['incremental', 'snapshot']))),
  }),
);
