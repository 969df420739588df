import { OperationalError } from '../../core/kernel/stores/operational.ts';
import type { Column } from '../../core/kernel/columns.ts';
import type { FoundColumn, FoundTable } from './catalogue.ts';
import { definitionOf, list, literal, quoted, typeOf } from './column-sql.ts';
import { fitting } from './schema-name.ts';
import type { StructuredIndex, StructuredTable } from './structure.ts';

/**
 * The statements that are lacking to make a schema what it is to be: tables, columns that may be null, indexes.
 * @throws OperationalError `incompatible` where what is there would have to be changed
 */
export function extensionOf(
  schema: string,
  wanted: readonly StructuredTable[],
  found: ReadonlyMap<string, FoundTable>,
): readonly string[] {
  return wanted.flatMap((table) => {
    const there = found.get(table.name);
    return there ? extended(schema, table, there) : created(schema, table, found);
  });
}

function created(schema: string, table: StructuredTable, found: ReadonlyMap<string, FoundTable>): string[] {
  const place = placeOf(schema, table);
  const { beginsWith } = table;
  const filled = beginsWith !== undefined && found.has(beginsWith);
  const columns = list(table.columns.map(({ name }) => name));
  const parts = [
    ...table.columns.map(definitionOf),
    ...(table.primaryKey.length > 0 ? [`PRIMARY KEY (${list(table.primaryKey)})`] : []),
    // Checked when the transaction commits: the order in which a load writes its tables does not matter.
    ...table.references.map(
      ({ column, table: to, key }) =>
        `FOREIGN KEY (${quoted(column)}) REFERENCES ${quoted(schema)}.${quoted(to)} (${quoted(key)}) ` +
        'ON DELETE CASCADE DEFERRABLE INITIALLY DEFERRED',
    ),
  ];
  return [
    `CREATE TABLE ${place} (${parts.join(', ')})`,
    `COMMENT ON COLUMN ${place}._version IS ${literal(table.versionedBy)}`,
    ...(filled
      ? [`INSERT INTO ${place} (${columns}) SELECT ${columns} FROM ${quoted(schema)}.${quoted(beginsWith)}`]
      : []),
    ...table.indexes.map((index) => indexed(schema, table, index)),
  ];
}

function extended(schema: string, table: StructuredTable, there: FoundTable): string[] {
  refuseOthers(table, there);
  const place = placeOf(schema, table);
  const columns = table.columns.filter(({ name }) => !there.columns.has(name));
  const indexes = table.indexes.filter((index) => !there.indexes.has(nameOf(table, index)));
  return [
    ...columns.map((column) => `ALTER TABLE ${place} ADD COLUMN ${definitionOf(column)}`),
    ...indexes.map((index) => indexed(schema, table, index)),
  ];
}

const placeOf = (schema: string, { name }: StructuredTable): string => `${quoted(schema)}.${quoted(name)}`;

/** Found by its name, which therefore says all there is to it. */
function nameOf({ name }: StructuredTable, { columns, kind }: StructuredIndex): string {
  return fitting([name, ...columns, kind].join('_'));
}

function indexed(schema: string, table: StructuredTable, index: StructuredIndex): string {
  const name = quoted(nameOf(table, index));
  const on = `ON ${placeOf(schema, table)}`;
  const columns = list(index.columns);
  if (index.kind === 'unique') return `CREATE UNIQUE INDEX ${name} ${on} (${columns}) NULLS NOT DISTINCT`;
  return `CREATE INDEX ${name} ${on} USING ${index.kind} (${columns})`;
}

function refuseOthers(table: StructuredTable, there: FoundTable): void {
  for (const column of table.columns) refuseColumn(table, column, there.columns.get(column.name));
  const declared = new Set(table.columns.map(({ name }) => name));
  for (const { name, notNull } of there.columns.values())
    if (notNull && !declared.has(name))
      throw incompatible(table, name, `is there, and takes no null`, 'is not declared', 'Declare it again');
  if (table.primaryKey.join() !== there.primaryKey.join())
    throw incompatible(
      table,
      undefined,
      `has the key ${shownKey(there.primaryKey)}`,
      `is declared with ${shownKey(table.primaryKey)}`,
      'Take the key that is there',
    );
  const references = new Map(table.references.map(({ column, table: to }) => [column, to]));
  for (const column of new Set([...references.keys(), ...there.references.keys()])) {
    const [is, declaredTo] = [there.references.get(column), references.get(column)];
    if (is !== declaredTo)
      throw incompatible(
        table,
        column,
        shownReference(is),
        `is declared so that it ${shownReference(declaredTo)}`,
        'Refer as it does',
      );
  }
}

function refuseColumn(table: StructuredTable, column: Column, there: FoundColumn | undefined): void {
  if (!there) {
    if (column.nullable) return;
    throw incompatible(
      table,
      column.name,
      'is not there',
      `is declared as ${typeOf(column)}`,
      'Declare it with "?", since rows that are there have no value for it',
    );
  }
  const [is, declared] = [shownType(there.type, !there.notNull), shownType(typeOf(column), column.nullable)];
  if (is !== declared)
    throw incompatible(table, column.name, `is ${is}`, `is declared as ${declared}`, 'Declare it as it is');
  if (column.name === '_version' && there.comment !== table.versionedBy)
    throw incompatible(
      table,
      column.name,
      `is taken from ${there.comment}`,
      `is declared to come from ${table.versionedBy}`,
      'Take the version that is there',
    );
}

const shownType = (type: string, nullable: boolean): string => `${type}${nullable ? ', null allowed' : ''}`;
const shownKey = (key: readonly string[]): string => `(${key.join(', ')})`;
const shownReference = (to: string | undefined): string =>
  to === undefined ? 'refers to no table' : `refers to "${to}"`;

function incompatible(
  table: StructuredTable,
  column: string | undefined,
  is: string,
  declared: string,
  remedy: string,
): OperationalError {
  const subject = column === undefined ? `Table "${table.name}"` : `Column "${column}" of table "${table.name}"`;
  return new OperationalError(
    'incompatible',
    `${subject} ${is} in the operational store, and ${declared}. What is there is not changed, only added to: tables, ` +
      `columns that may be null, and indexes. ${remedy}, or give the new one another name.`,
    column === undefined ? {} : { column },
  );
}
