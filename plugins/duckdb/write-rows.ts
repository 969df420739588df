import path from 'node:path';
import type { Column, WarehouseSession, WrittenPartition } from '../../core/sdk.ts';
import { typeOf } from './column-types.ts';
import { writeCsv } from './csv-file.ts';
import { withEngine } from './engine.ts';
import { keepRows, writePartitions } from './partitions.ts';
import { literal, quoted } from './text.ts';
import type { Workplace } from './workplace.ts';

/** A line, at most; the engine wants a buffer of more than one. */
const MAX_LINE = 8 * 1024 * 1024;

/** Rows of a CSV as one object. The engine reads files only, so it becomes one first. */
export async function writeRows(
  { settings, objects, scratch, signal }: Workplace,
  csv: AsyncIterable<Uint8Array>,
  { columns, sortBy, key }: Parameters<WarehouseSession['writeRows']>[1],
): Promise<WrittenPartition> {
  const file = path.join(scratch, 'rows.csv');
  await writeCsv(file, csv, signal);
  return withEngine(settings, { scratch, files: [], ordered: true }, signal, async (engine) => {
    const target = { columns, sortBy, keyOf: () => key };
    const select = `SELECT ${columns.map(strictly).join(', ')} FROM ${readCsv(file, columns)}`;
    await keepRows(engine.connection, target, select);
    const [written] = await writePartitions({ engine, objects, scratch, signal, writers: 1 }, target);
    return written!;
  });
}

/** Everything as text, and nothing sniffed. In one thread: several look for the begin of a line, and may guess wrong. */
function readCsv(file: string, columns: readonly Column[]): string {
  const types = columns.map(({ name }) => `${literal(name)}: 'VARCHAR'`).join(', ');
  return `read_csv(${literal(file)}, columns = {${types}}, auto_detect = false, header = false, delim = ',',
    quote = '"', escape = '"', new_line = '\\n', nullstr = '', allow_quoted_nulls = false, strict_mode = true,
    null_padding = false, ignore_errors = false, parallel = false, max_line_size = ${MAX_LINE}, buffer_size = ${2 * MAX_LINE})`;
}

/** How a text of each type is written; what is not so stops the work. A cast alone would round, trim and guess. */
const FORMS: Readonly<Partial<Record<Column['type'], string>>> = {
  integer: '-?[0-9]+',
  bigint: '-?[0-9]+',
  boolean: '[tf]',
  date: '[0-9]{4}-[0-9]{2}-[0-9]{2}',
  timestamp: '[0-9]{4}-[0-9]{2}-[0-9]{2} ([01][0-9]|2[0-3]):[0-5][0-9]:[0-5][0-9](\\.[0-9]{1,6})?(Z|\\+00)?',
};

function strictly(column: Column): string {
  const name = quoted(column.name);
  const form = column.type === 'decimal' ? `-?[0-9]+(\\.[0-9]{1,${column.scale || 1}})?` : FORMS[column.type];
  const value = `CAST(${name} AS ${typeOf(column)})`;
  if (form === undefined) return `${value} AS ${name}`;
  const wrong = `error(${literal(`Column "${column.name}" holds no ${typeOf(column)}: `)} || ${name})`;
  return `CASE WHEN ${name} IS NULL THEN NULL WHEN regexp_full_match(${name}, ${literal(form)}) THEN ${value} ELSE ${wrong} END AS ${name}`;
}
