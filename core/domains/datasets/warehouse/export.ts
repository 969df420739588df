import type { WarehouseTable } from '../../../kernel/datasets.ts';
import type { DatasetServices, DatasetWork } from '../../../kernel/services.ts';
import type {
  CurrentPartition,
  Export,
  ExportedTable,
  PartitionContent,
} from '../../../kernel/stores/warehouse-records.ts';
import type { WarehouseInput, WrittenPartition } from '../../../kernel/warehouse.ts';
import type { DatasetDeps } from '../deps.ts';
import { freshKey } from '../keys.ts';
import { dayIn } from '../schedule.ts';
import { dirtyMarks } from './dirty.ts';
import { CHANGES, DELETED, HELD, mergedRows } from './merge.ts';
import { openWork, type OpenWork } from './work.ts';

type Exported = Awaited<ReturnType<DatasetServices['export']>>;

/** What a night exports of a table beside its columns. */
const changedColumns = ({ columns }: WarehouseTable) => [...columns, DELETED];

/**
 * One piece of an export: a table of the night that is open, or its commit. The loads of a night are fixed and its objects
 * have keys of their own, so a piece that was killed is done again, and nothing of it is current before the commit.
 * @param date `YYYY-MM-DD`; undefined is all there is
 */
export async function exportPiece(deps: DatasetDeps, given: DatasetWork, date: string | undefined): Promise<Exported> {
  const work = await openWork(deps, given);
  const { ref, dataset, runId } = work;
  const { timezone, schedule } = dataset;
  const today = dayIn(timezone, deps.clock.now());
  const tables = dataset.tables.map(({ name }) => name);
  const due = { through: date ?? today, today, timezone, catchUp: schedule?.catchUp ?? true, tables };
  const night = await deps.records.openExport(ref, due, runId);
  if (!night) return { loads: 0, rows: 0, done: true };
  const exported = await deps.records.exportedTables(ref, night.id);
  const table = dataset.warehouse.find((one) => !exported.has(one.name) && isConcerned(one, night));
  if (table) return { loads: 0, rows: await exportTable(deps, work, night, table), done: false };
  await deps.records.commitExport(ref, night.id, await dirtyMarks(deps, work, exported, night));
  return { loads: night.loads, rows: 0, done: false };
}

/** Where nothing came in, there is nothing to write but how things stood at the end of a day. */
function isConcerned({ load }: WarehouseTable, { loads, closes }: Export): boolean {
  return loads > 0 || (load === 'snapshot' && closes);
}

/** @returns how many rows the night brought to the table */
async function exportTable(deps: DatasetDeps, work: OpenWork, night: Export, table: WarehouseTable): Promise<number> {
  const changes = night.loads > 0 ? await writeChanges(deps, work, night, table) : undefined;
  const stays = !changes && !isConcerned(table, { ...night, loads: 0 });
  const exported: ExportedTable = {
    ...(changes && { changes: { key: changes.key, rows: changes.rows } }),
    ...(!stays && { partition: await writePartition(deps, work, night, table, changes) }),
  };
  await deps.records.noteExported(work.ref, night.id, table.name, exported);
  return changes?.rows ?? 0;
}

async function writeChanges(
  { operational, warehouse, objects }: DatasetDeps,
  { ref, dataset, signal }: OpenWork,
  { id, night }: Export,
  table: WarehouseTable,
): Promise<WrittenPartition | undefined> {
  const store = await operational.open(ref, dataset.tables);
  const columns = changedColumns(table);
  const key = freshKey(ref, table.name, 'changes');
  const written = await warehouse.writeRows(store.exported(table, columns, id, night), { columns, sortBy: [], key }, signal);
  if (written.rows > 0) return written;
  await objects.delete(key);
  return undefined;
}

async function writePartition(
  { records, warehouse }: DatasetDeps,
  { ref, signal }: OpenWork,
  { night }: Export,
  table: WarehouseTable,
  changes: Pick<WrittenPartition, 'key'> | undefined,
): Promise<PartitionContent> {
  const begins = beginsWith(table, await records.current(ref, [table.name]), night);
  const input = (columns: WarehouseInput['columns'], object: { readonly key: string } | undefined): WarehouseInput => ({
    columns,
    objects: object ? [{ key: object.key }] : [],
  });
  const inputs = { [CHANGES]: input(changedColumns(table), changes), [HELD]: input(table.columns, begins) };
  const { columns, sortBy } = table;
  const target = { columns, sortBy, keyOf: () => freshKey(ref, table.name, night) };
  const [written] = await warehouse.write(inputs, { sql: mergedRows(table, night) }, target, signal);
  const { key, rows, high, low, bytes } = written!;
  return { key, rows, high, low, bytes };
}

/** What a night adds to: its own partition, or of a snapshot the newest one. */
function beginsWith(
  { load }: WarehouseTable,
  current: readonly CurrentPartition[],
  night: string,
): CurrentPartition | undefined {
  if (load === 'incremental') return current.find(({ partition }) => partition === night);
  return current.findLast(({ partition }) => partition <= night);
}
