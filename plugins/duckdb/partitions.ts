import path from 'node:path';
import type { DuckDBConnection } from '@duckdb/node-api';
import {
  duckdbRowHash,
  duckdbSums,
  WarehouseError,
  type Column,
  type ContentHash,
  type Objects,
  type WrittenPartition,
} from '../../core/sdk.ts';
import { definitions } from './column-types.ts';
import type { Bound } from './statement.ts';
import { literal, quoted } from './text.ts';

/** The table of the rows that are to be written, and a column of their hashes. Names of definitions do not begin so. */
const ROWS = '_rows';
const HASH = '_hash';

/** Rows that are read or skipped together: as many as the engine takes into one of its own. */
const ROW_GROUP = 122_880;

export interface PartitionTarget {
  readonly columns: readonly Column[];
  readonly partitionBy?: string;
  readonly sortBy: readonly string[];
  readonly keyOf: (partition: string | undefined) => string;
}

export interface Place {
  readonly connection: DuckDBConnection;
  readonly objects: Objects;
  readonly scratch: string;
  readonly signal: AbortSignal;
}

/**
 * Computes rows once, into a table that goes to files where memory does not hold it, each with its hash. They are
 * sorted later, a partition at a time: that takes less memory, and is no slower, than to sort them all at once.
 * @param select gives the declared columns
 */
export async function keepRows(
  connection: DuckDBConnection,
  { columns }: PartitionTarget,
  select: string,
  { values, types }: Bound = { values: [], types: [] },
): Promise<void> {
  await connection.run(`CREATE TEMP TABLE ${ROWS} (${definitions(columns)}, ${HASH} UHUGEINT)`);
  const hashed = `SELECT *, ${duckdbRowHash(columns)} AS ${HASH} FROM (${select})`;
  await connection.run(`INSERT INTO ${ROWS} ${hashed}`, values, types);
}

/** Writes the rows as objects. Where it fails, those that were put already are taken away: nobody knows of them. */
export async function writePartitions(
  place: Place,
  target: PartitionTarget,
): Promise<readonly WrittenPartition[]> {
  const written: WrittenPartition[] = [];
  try {
    for (const [partition, hash] of await hashesOf(place.connection, target)) {
      place.signal.throwIfAborted();
      written.push(await writeOne(place, target, partition, hash));
    }
    return written;
  } catch (error) {
    for (const { key } of written) await place.objects.delete(key).catch(() => undefined);
    throw error;
  }
}

/** The partitions there are, and what they hold. */
async function hashesOf(
  connection: DuckDBConnection,
  { partitionBy }: PartitionTarget,
): Promise<readonly (readonly [string | undefined, ContentHash])[]> {
  const part = partitionBy === undefined ? 'NULL' : `CAST(${quoted(partitionBy)} AS VARCHAR)`;
  const numbers = `SELECT ${part} AS part, ${HASH} AS number FROM ${ROWS}`;
  const sums =
    partitionBy === undefined ? `SELECT NULL, * FROM (${duckdbSums(numbers)})` : duckdbSums(numbers, 'part');
  const result = await connection.runAndReadAll(sums);
  return result.getRows().map(([partition, rows, high, low]) => {
    if (partition === null && partitionBy !== undefined) {
      throw new WarehouseError(
        'invalid',
        `"${partitionBy}" is null in some rows, which then are of no partition.`,
      );
    }
    const name = typeof partition === 'string' ? partition : undefined;
    return [name, { rows: Number(rows), high: String(high), low: String(low) }] as const;
  });
}

async function writeOne(
  { connection, objects, scratch }: Place,
  { columns, partitionBy, sortBy, keyOf }: PartitionTarget,
  partition: string | undefined,
  hash: ContentHash,
): Promise<WrittenPartition> {
  const file = path.join(scratch, 'partition.parquet');
  // What is the same in `sortBy` is in the order of its hash, so that the same rows always give the same file.
  const by = [...sortBy, HASH].map((name) => `${quoted(name)} ASC NULLS LAST`).join(', ');
  const names = columns.map(({ name }) => quoted(name)).join(', ');
  const where = partition === undefined ? '' : `WHERE ${quoted(partitionBy!)} = ${literal(partition)}`;
  await connection.run(
    `COPY (SELECT ${names} FROM ${ROWS} ${where} ORDER BY ${by}) TO ${literal(file)}
    (FORMAT parquet, COMPRESSION zstd, ROW_GROUP_SIZE ${ROW_GROUP})`,
  );
  const { key, size } = await objects.putFile(keyOf(partition), file, { ifAbsent: true });
  return { ...hash, partition, key, bytes: size };
}
