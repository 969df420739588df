import { Type } from 'typebox';
import type { TableDescription } from '../domains/datasets/describe.ts';
import {
  PARTITION_STATES,
  type Dataset,
  type DatasetLoad,
  type DatasetPartition,
  type QuarantinedRow,
} from '../kernel/stores/datasets.ts';
import type { StoredRow } from '../kernel/stores/operational.ts';
import { AnyObject, Id, nullable, Time } from './schema.ts';

const Day = Type.String({ format: 'date' });

export const IntakeSchema = Type.Object({
  id: Type.String({ description: 'Id of its definition.' }),
  landingFolder: Type.String({ description: 'Where files are dropped: the prefixes of the sources are below it.' }),
  webhooks: Type.Record(Type.String(), Type.String(), { description: 'Where each source of messages takes them.' }),
});

export const DatasetSchema = Type.Object({
  id: Type.String({ description: 'Id of its definition.' }),
  connectionId: nullable(Id),
  exportedThrough: nullable(Day),
  createdAt: Time,
});

export const DescribedDataset = Type.Intersect([
  DatasetSchema,
  IntakeSchema,
  Type.Object({
    tables: Type.Array(
      Type.Object({
        name: Type.String(),
        key: Type.Array(Type.String()),
        rows: Type.Integer(),
        held: Type.Integer({ description: 'Rows that wait for the one they refer to.' }),
      }),
    ),
    quarantined: Type.Integer({ description: 'Rows that were not taken.' }),
  }),
]);

export function showDataset({ id, connectionId, exportedThrough, createdAt }: Dataset): object {
  return { id, connectionId: connectionId ?? null, exportedThrough: exportedThrough ?? null, createdAt };
}

export function showTables(tables: readonly TableDescription[]): object[] {
  return tables.map(({ name, key, rows, held }) => ({ name, key, rows, held }));
}

export const PartitionSchema = Type.Object({
  table: Type.String(),
  partition: nullable(Day),
  state: Type.Enum([...PARTITION_STATES], {
    description: 'dirty: it is to be built. failed: a build has tried, and what was there stayed.',
  }),
  rows: nullable(Type.Integer()),
  bytes: nullable(Type.Integer()),
  contentHash: nullable(Type.String({ description: 'The same for the same rows; see docs/datasets.md.' })),
  builtAt: nullable(Time),
  error: nullable(Type.String()),
});

export function showPartition({ table, partition, state, holds, error }: DatasetPartition): object {
  return {
    table,
    partition: partition === '' ? null : partition,
    state,
    rows: holds?.rows ?? null,
    bytes: holds?.bytes ?? null,
    contentHash: holds ? `${holds.rows}:${holds.high}:${holds.low}` : null,
    builtAt: holds?.builtAt ?? null,
    error: error ?? null,
  };
}

export const LoadSchema = Type.Object({
  id: Type.String(),
  kind: Type.Enum(['file', 'message', 'change']),
  source: Type.String(),
  object: Type.String({ description: "A file's key, or a message's id." }),
  state: Type.Enum(['loaded', 'refused']),
  error: nullable(Type.String()),
  rows: Type.Integer({ description: 'loaded + held + quarantined + deduplicated.' }),
  loaded: Type.Integer(),
  held: Type.Integer(),
  quarantined: Type.Integer(),
  deduplicated: Type.Integer(),
  runId: nullable(Id),
  loadedAt: Time,
  exported: Type.Boolean(),
});

export function showLoad(load: DatasetLoad): object {
  const { id, kind, source, object, state, error, rows, loaded, held, quarantined, deduplicated, runId, loadedAt, exported } = load;
  const counts = { rows, loaded, held, quarantined, deduplicated };
  return { id, kind, source, object, state, error: error ?? null, ...counts, runId: runId ?? null, loadedAt, exported };
}

export const QuarantineSchema = Type.Object({
  id: Type.String(),
  loadId: Type.String(),
  source: Type.String(),
  object: Type.String(),
  line: Type.Integer(),
  column: nullable(Type.String()),
  value: nullable(Type.String()),
  reason: Type.String(),
  at: Time,
});

export function showQuarantined({ column, value, ...row }: QuarantinedRow): object {
  return { ...row, column: column ?? null, value: value ?? null };
}

export const RowSchema = Type.Intersect([
  AnyObject,
  Type.Object({
    _load_id: Type.String({ description: 'Id of the load it came with. In quotes it is the ETag of the row.' }),
  }),
]);

export function showRow({ values, load }: StoredRow): object {
  return { ...values, _load_id: load };
}
