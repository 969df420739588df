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
import type { Engine } from './engine.ts';
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
  readonly engine: Engine;
  readonly objects: Objects;
  readonly scratch: string;
  readonly signal: AbortSignal;
  /** Partitions that are written at a time: one of usual size is one group of rows, and so the work of one thread. */
  readonly writers: number;
}

/**
 * Computes rows once, into a table that goes to files where memory does not hold it, each with its hash, and in the order
 * in which they are written: partition by partition. What is the same in `sortBy` is in the order of its hash, so that the
 * same rows always give the same files.
 * @param select gives the declared columns
 */
export async function keepRows(
  connection: DuckDBConnection,
  { columns, partitionBy, sortBy }: PartitionTarget,
  select: string,
  { values, types }: Bound = { values: [], types: [] },
): Promise<void> {
  await connection.run(`CREATE TABLE ${ROWS} (${definitions(columns)}, ${HASH} UHUGEINT)`);
  const hashed = `SELECT *, ${duckdbRowHash(columns)} AS ${HASH} FROM (${select})`;
  const by = [...(partitionBy === undefined ? [] : [partitionBy]), ...sortBy, HASH];
  const order = by.map((name) => `${quoted(name)} ASC NULLS LAST`).join(', ');
  await connection.run(`INSERT INTO ${ROWS} ${hashed} ORDER BY ${order}`, values, types);
}

/** Writes the rows as objects. Where it fails, those that were put already are taken away: nobody knows of them. */
export async function writePartitions(
  place: Place,
  target: PartitionTarget,
): Promise<readonly WrittenPartition[]> {
  const partitions = await hashesOf(place.engine.connection, target);
  const written = new Map<number, WrittenPartition>();
  const left = [...partitions.entries()].reverse();
  const writeLeft = async (connection: DuckDBConnection): Promise<void> => {
    // While one is on its way to the disk, the next is computed.
    let putting = Promise.resolve();
    try {
      for (let next = left.pop(); next; next = left.pop()) {
        const [index, [partition, hash]] = next;
        place.signal.throwIfAborted();
        const file = await writeFile(place, connection, target, partition);
        await putting;
        const put = async (): Promise<void> => {
          written.set(index, { ...hash, ...(await putFile(place, target, partition, file)) });
        };
        putting = put();
        // It is heard further down; until then it must not count as one that nobody handles.
        putting.catch(() => undefined);
      }
    } finally {
      await putting;
    }
  };
  const writers = Array.from({ length: Math.min(place.writers, partitions.length) }, async () => {
    try {
      await place.engine.beside(writeLeft);
    } finally {
      // Where one fails, the others need not go on.
      left.length = 0;
    }
  });
  const failed = (await Promise.allSettled(writers)).find((one) => one.status === 'rejected');
  if (!failed) return partitions.map((_, index) => written.get(index)!);
  for (const { key } of written.values()) await place.objects.delete(key).catch(() => undefined);
  throw failed.reason;
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

async function writeFile(
  { scratch }: Place,
  connection: DuckDBConnection,
  { columns, partitionBy }: PartitionTarget,
  partition: string | undefined,
): Promise<string> {
  const file = path.join(scratch, `${partition ?? 'whole'}.parquet`);
  const names = columns.map(({ name }) => quoted(name)).join(', ');
  const where = partition === undefined ? '' : `WHERE ${quoted(partitionBy!)} = ${literal(partition)}`;
  await connection.run(
    `COPY (SELECT ${names} FROM ${ROWS} ${where}) TO ${literal(file)}
    (FORMAT parquet, COMPRESSION zstd, ROW_GROUP_SIZE ${ROW_GROUP})`,
  );
  return file;
}

async function putFile(
  { objects }: Place,
  { keyOf }: PartitionTarget,
  partition: string | undefined,
  file: string,
): Promise<Pick<WrittenPartition, 'partition' | 'key' | 'bytes'>> {
  const { key, size } = await objects.putFile(keyOf(partition), file, { ifAbsent: true });
  return { partition, key, bytes: size };
}
