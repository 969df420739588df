import path from 'node:path';
import type { DuckDBConnection } from '@duckdb/node-api';
import {
  contentHashSql,
  WarehouseError,
  type Column,
  type Objects,
  type WrittenPartition,
} from '../../core/sdk.ts';
import { literal, quoted } from './text.ts';

/** The table of the rows that are to be written. No input can have this name: they are declared ones. */
export const ROWS = '_rows';

/** Rows that are read or skipped together: as many as the engine takes into one of its own. */
const ROW_GROUP = 122_880;

export interface PartitionTarget {
  readonly columns: readonly Column[];
  readonly partitionBy?: string;
  readonly sortBy: readonly string[];
  readonly keyOf: (partition: string | undefined) => string;
}

interface Place {
  readonly connection: DuckDBConnection;
  readonly objects: Objects;
  readonly scratch: string;
  readonly signal: AbortSignal;
}

/** Writes the rows as objects. Where it fails, those that were put already are taken away: nobody knows of them. */
export async function writePartitions(
  place: Place,
  target: PartitionTarget,
): Promise<readonly WrittenPartition[]> {
  const written: WrittenPartition[] = [];
  try {
    for (const partition of await partitionsOf(place.connection, target)) {
      place.signal.throwIfAborted();
      written.push(await writeOne(place, target, partition));
    }
    return written;
  } catch (error) {
    for (const { key } of written) await place.objects.delete(key).catch(() => undefined);
    throw error;
  }
}

async function partitionsOf(
  connection: DuckDBConnection,
  { partitionBy }: PartitionTarget,
): Promise<readonly (string | undefined)[]> {
  if (partitionBy === undefined) return [undefined];
  const name = quoted(partitionBy);
  const result = await connection.runAndReadAll(
    `SELECT DISTINCT CAST(${name} AS VARCHAR) AS partition FROM ${ROWS} ORDER BY partition NULLS FIRST`,
  );
  return result.getRows().map(([value]) => {
    if (typeof value === 'string') return value;
    throw new WarehouseError(
      'invalid',
      `"${partitionBy}" is null in some rows, which then are of no partition.`,
    );
  });
}

async function writeOne(
  { connection, objects, scratch }: Place,
  target: PartitionTarget,
  partition: string | undefined,
): Promise<WrittenPartition> {
  const file = path.join(scratch, 'partition.parquet');
  const where = partition === undefined ? '' : `WHERE ${quoted(target.partitionBy!)} = ${literal(partition)}`;
  await connection.run(
    `COPY (SELECT * FROM ${ROWS} ${where} ORDER BY ${orderOf(target)})
    TO ${literal(file)} (FORMAT parquet, COMPRESSION zstd, ROW_GROUP_SIZE ${ROW_GROUP})`,
  );
  // Of the file, not of the table: this is what is certain to be read later.
  const hash = await hashOf(connection, target.columns, file);
  const { key, size } = await objects.putFile(target.keyOf(partition), file, { ifAbsent: true });
  return { ...hash, partition, key, bytes: size };
}

/** By all columns in the end, so that the same rows always give the same file. */
function orderOf({ columns, sortBy, partitionBy }: PartitionTarget): string {
  const rest = columns.map(({ name }) => name).filter((name) => name !== partitionBy);
  return [...new Set([...sortBy, ...rest])].map((name) => `${quoted(name)} ASC NULLS LAST`).join(', ');
}

async function hashOf(
  connection: DuckDBConnection,
  columns: readonly Column[],
  file: string,
): Promise<{ readonly rows: number; readonly high: string; readonly low: string }> {
  const source = `read_parquet(${literal(file)}, hive_partitioning = false) AS written`;
  const result = await connection.runAndReadAll(contentHashSql('duckdb', columns, source));
  const [rows, high, low] = result.getRows()[0]!.map(String);
  return { rows: Number(rows), high: high!, low: low! };
}
