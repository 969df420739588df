import { createHash } from 'node:crypto';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import type { ClientBase } from 'pg';
import { from as copyFrom } from 'pg-copy-streams';
import type { Column } from '../../core/kernel/columns.ts';
import type { LoadRows, Quarantined } from '../../core/kernel/stores/operational.ts';
import { definitionOf, list, quoted } from './column-sql.ts';
import { namesOf, type Layout } from './layout.ts';
import { indexedTexts } from './structure.ts';

/**
 * Where a load's rows are until they are merged: a temporary table of the connection, which costs no write-ahead log and
 * keeps its (empty) place between transactions. Datasets with the same columns share it. Each row has the `_line` it
 * comes from, and `_held` once it is found to wait.
 */
export interface Staging {
  readonly name: string;
  readonly columns: readonly Column[];
  readonly create: string;
}

/** The rows of a load that are staged for one table. */
export interface Staged {
  readonly layout: Layout;
  readonly staging: Staging;
  /** Id of the load. */
  readonly load: string;
  /** Where no column says it. */
  readonly version: string | undefined;
}

/** @param number tells apart the tables that take from one source */
export function stagingOf(columns: readonly Column[], number: number): Staging {
  const definitions = [
    '_line bigint NOT NULL',
    ...columns.map(definitionOf),
    '_held boolean NOT NULL DEFAULT false',
  ].join(', ');
  const hash = createHash('sha256').update(definitions).digest('hex').slice(0, 32);
  const name = `pg_temp.${quoted(`staged_${hash}_${number}`)}`;
  // The planner takes a table that it knows nothing of for ten pages at least, and for one row would read whole tables.
  const create = `
    DO $do$ BEGIN
      IF to_regclass('${name}') IS NULL THEN
        CREATE TEMPORARY TABLE ${name} (${definitions}) ON COMMIT DELETE ROWS;
        ANALYZE ${name};
      END IF;
    END $do$`;
  return { name, columns, create };
}

export interface Copied {
  readonly rows: number;
  readonly bytes: number;
}

/** Takes rows in. @returns how many, and their bytes as text. @throws what reading them throws, and then nothing is taken in */
export async function copyIn(client: ClientBase, { name }: Staging, { columns, text }: LoadRows): Promise<Copied> {
  let failed: { readonly error: unknown } | undefined;
  let bytes = 0;
  async function* watched(): AsyncIterable<string | Uint8Array> {
    try {
      for await (const chunk of text) {
        bytes += Buffer.byteLength(chunk);
        yield chunk;
      }
    } catch (error) {
      failed = { error };
      throw error;
    }
  }
  const copy = client.query(copyFrom(`COPY ${name} (_line, ${list(namesOf(columns))}) FROM STDIN`));
  try {
    await pipeline(Readable.from(watched(), { objectMode: true }), copy);
  } catch (error) {
    // The server's word for it is only that the copy was broken off.
    throw failed ? failed.error : error;
  }
  return { rows: copy.rowCount, bytes };
}

export async function copyStaged(client: ClientBase, from: Staging, to: Staging): Promise<void> {
  const columns = `_line, ${list(namesOf(from.columns))}`;
  await client.query(`INSERT INTO ${to.name} (${columns}) SELECT ${columns} FROM ${from.name}`);
}

/** Bytes of texts that are indexed together: an entry of an index is at most 2704 bytes. */
const MOST_INDEXED = 2500;

/** Takes rows out that no index could take. @param bytes of all rows as text, where that is known */
export async function withoutOversized(
  client: ClientBase,
  { name }: Staging,
  layouts: readonly Layout[],
  bytes = Infinity,
): Promise<readonly Quarantined[]> {
  const indexes = layouts.flatMap(({ table }) => indexedTexts(table));
  if (indexes.length === 0) return [];
  // A message is seldom so long. JSON may be longer in the table than it was on its way there.
  if (bytes <= MOST_INDEXED && !layouts.some(hasJson)) return [];
  const bytesOf = (column: string): string => `coalesce(octet_length(${quoted(column)}::text), 0)`;
  const tooLong = [...new Set(indexes.map((columns) => columns.map(bytesOf).join(' + ')))].map(
    (sum) => `${sum} > ${MOST_INDEXED}`,
  );
  const columns = [...new Set(indexes.flat())];
  const { rows } = await client.query<{ line: number; bytes: number[] }>(
    `DELETE FROM ${name} WHERE ${tooLong.join(' OR ')} RETURNING _line AS line, ARRAY[${columns.map(bytesOf).join(', ')}] AS bytes`,
  );
  return rows.map(({ line, bytes }) => {
    const longest = Math.max(...bytes);
    const column = columns[bytes.indexOf(longest)]!;
    const reason = `Its ${longest} bytes are too many: what a key or an index consists of has ${MOST_INDEXED} at most.`;
    return { line, column, reason };
  });
}

const hasJson = ({ table }: Layout): boolean => table.columns.some(({ type }) => type === 'json');

/** Leaves one row of those that agree in `columns`: the first in this order. */
export function deleteRepeated(
  { name }: Staging,
  columns: readonly string[],
  order: readonly string[],
  where = 'true',
): string {
  const ordered = order.length > 0 ? ` ORDER BY ${order.join(', ')}` : '';
  return `
    DELETE FROM ${name} WHERE ctid = ANY (ARRAY(
      SELECT place FROM (
        SELECT s.ctid AS place, row_number() OVER (PARTITION BY ${list(columns, 's')}${ordered}) AS number
        FROM ${name} AS s WHERE ${where}
      ) AS numbered WHERE number > 1))`;
}
