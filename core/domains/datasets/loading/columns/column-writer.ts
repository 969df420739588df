import type { Column } from '../../../../kernel/columns.ts';
import { writeBoolean } from './boolean.ts';
import { decimalWriter } from './decimal.ts';
import type { FieldWriter } from './field-writer.ts';
import { writeBigint, writeInteger } from './integers.ts';
import { writeJson, writeText } from './texts.ts';
import { writeDate, writeTimestamp } from './times.ts';

/** A column of a source and how its values are written; `null` is what is wrong with one that is null. */
export interface ColumnWriter {
  readonly column: Column;
  readonly write: FieldWriter;
  readonly null: string | undefined;
}

/** Writers of a source's columns, in their order. No value is cast: it is one of its column's type as it stands, or none. */
export function columnWriters({ columns }: { readonly columns: readonly Column[] }): readonly ColumnWriter[] {
  return columns.map((column) => ({
    column,
    write: writerOf(column),
    null: column.nullable ? undefined : nullProblem(column),
  }));
}

function writerOf({ type, precision = 0, scale = 0 }: Column): FieldWriter {
  switch (type) {
    case 'text':
      return writeText;
    case 'integer':
      return writeInteger;
    case 'bigint':
      return writeBigint;
    case 'decimal':
      return decimalWriter(precision, scale);
    case 'boolean':
      return writeBoolean;
    case 'date':
      return writeDate;
    case 'timestamp':
      return writeTimestamp;
    case 'json':
      return writeJson;
  }
}

function nullProblem({ type }: Column): string {
  const hint = type === 'text' ? ' An empty text is written "".' : '';
  return `The value is empty, and the column takes no null.${hint}`;
}
