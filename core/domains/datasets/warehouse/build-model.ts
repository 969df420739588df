import type { Column } from '../../../kernel/columns.ts';
import type { DatasetModel } from '../../../kernel/datasets.ts';
import { WHOLE, type CurrentPartition, type PartitionContent, type StagedPartition } from '../../../kernel/stores/warehouse-records.ts';
import { WarehouseError } from '../../../kernel/warehouse.ts';
import type { DatasetDeps } from '../deps.ts';
import { freshKey } from '../keys.ts';
import { inputsOf, queriesOf } from './inputs.ts';
import type { ColumnsByModel } from './model-columns.ts';
import { runTests } from './model-tests.ts';
import { blockedPartitions } from './needs.ts';
import { asTable, inPartitions, sqlFor, withQueries } from './sql.ts';
import { followersOf, hasChanged, overlaid } from './staging.ts';
import type { OpenWork } from './work.ts';

export interface ModelBuild {
  readonly model: DatasetModel;
  /** Dates, or `WHOLE` alone. */
  readonly partitions: readonly string[];
  /** The day at whose end it has to be fresh. */
  readonly date: string;
  readonly current: readonly CurrentPartition[];
  /** What the run has made so far. */
  readonly staged: readonly StagedPartition[];
  readonly columns: ColumnsByModel;
}

/** What a partition came to. */
type Outcome = Pick<StagedPartition, 'made' | 'error'>;
type Outcomes = ReadonlyMap<string, Outcome>;

/**
 * Builds partitions of a model and tests them. Nothing of it is current yet.
 * @returns each of the partitions; where all were built also those that there are no more, and the note for `WHOLE`
 * @throws WarehouseError, ObjectStoreError where it is no fault of the model's
 */
export async function buildModel(
  deps: Pick<DatasetDeps, 'warehouse'>,
  work: OpenWork,
  build: ModelBuild,
): Promise<readonly StagedPartition[]> {
  const { dataset } = work;
  const { model, partitions, current } = build;
  const blocked = blockedPartitions(dataset, model, build);
  const reason = blocked.get(WHOLE);
  const outcomes = reason === undefined ? await outcomesOf(deps, work, build, blocked) : all(partitions, { error: reason });
  const held = new Map(current.filter(({ table }) => table === model.name).map((one) => [one.partition, one]));
  return [...outcomes].map(([partition, { made, error }]) => {
    const before = held.get(partition);
    const follows = error === undefined && hasChanged(before, made) ? followersOf(dataset, model, partition) : [];
    return { table: model.name, partition, ...(made && { made }), ...(error !== undefined && { error }), follows, marks: [] };
  });
}

async function outcomesOf(
  deps: Pick<DatasetDeps, 'warehouse'>,
  work: OpenWork,
  build: ModelBuild,
  blocked: ReadonlyMap<string, string>,
): Promise<Outcomes> {
  const { model, partitions } = build;
  const free = partitions.filter((partition) => !blocked.has(partition));
  const stopped = isAll(build) ? [...blocked.keys()] : partitions.filter((partition) => blocked.has(partition));
  const outcomes = new Map(stopped.map((partition): [string, Outcome] => [partition, { error: blocked.get(partition)! }]));
  if (free.length === 0) return outcomes;
  for (const [partition, outcome] of await attempt(deps, work, { ...build, partitions: free })) {
    if (!outcomes.has(partition)) outcomes.set(partition, outcome);
  }
  // Of a model with partitions nothing is there under this name: what follows its partitions does not follow this.
  if (isAll(build) && model.partition !== undefined && !outcomes.has(WHOLE)) outcomes.set(WHOLE, {});
  return outcomes;
}

/** A statement that the warehouse refuses, or a value that fits no column, is the model's fault, and nobody else's. */
async function attempt(deps: Pick<DatasetDeps, 'warehouse'>, work: OpenWork, build: ModelBuild): Promise<Outcomes> {
  try {
    const made = await write(deps, work, build);
    return await tested(deps, work, build, made);
  } catch (error) {
    if (!(error instanceof WarehouseError) || !['refused', 'invalid', 'too_large'].includes(error.fault)) throw error;
    return all(build.partitions, { error: error.message });
  }
}

/** Whether a model with partitions is built as a whole: then its rows say which there are. */
function isAll({ model, partitions }: ModelBuild): boolean {
  return model.partition !== undefined && partitions.includes(WHOLE);
}

async function write(
  { warehouse }: Pick<DatasetDeps, 'warehouse'>,
  { dataset, ref, signal }: OpenWork,
  build: ModelBuild,
): Promise<ReadonlyMap<string, PartitionContent>> {
  const { model, partitions, current, staged } = build;
  const columns: readonly Column[] = build.columns.get(model.name) ?? [];
  const where = model.partition === undefined || isAll(build) ? '' : ` where ${inPartitions(model.partition, partitions)}`;
  const select = `select * from ${asTable(sqlFor(model.sql, warehouse.name), '_model')}${where}`;
  const held = overlaid(current, staged);
  const written = await warehouse.write(
    inputsOf(dataset, build.columns, model.dependsOn, held),
    { sql: withQueries(queriesOf(dataset, model, held), select) },
    {
      columns,
      ...(model.partition === undefined ? {} : { partitionBy: model.partition }),
      sortBy: model.sortBy,
      keyOf: (partition = WHOLE) => freshKey(ref, model.name, partition),
    },
    signal,
  );
  return new Map(written.map(({ partition = WHOLE, key, rows, high, low, bytes }) => [partition, { key, rows, high, low, bytes }]));
}

async function tested(
  deps: Pick<DatasetDeps, 'warehouse'>,
  { dataset, signal }: OpenWork,
  build: ModelBuild,
  made: ReadonlyMap<string, PartitionContent>,
): Promise<Outcomes> {
  const { model, current, staged, columns, date } = build;
  const own = current.filter(({ table }) => table === model.name).map(({ partition }) => partition);
  const partitions = isAll(build) ? [...new Set([...made.keys(), ...own])] : build.partitions;
  const fresh = partitions.map((partition): StagedPartition => {
    const content = made.get(partition);
    return { table: model.name, partition, ...(content && { made: content }), follows: [], marks: [] };
  });
  const held = overlaid(current, [...staged, ...fresh]);
  const scope = isAll(build) || model.partition === undefined ? undefined : partitions;
  const failures = await runTests(deps, { dataset, columns, held, date, signal }, model, scope);
  const outcomes = new Map(fresh.map(({ partition, made }): [string, Outcome] => [partition, made ? { made } : {}]));
  for (const { test, partition, message } of failures) {
    for (const one of partition !== undefined ? [partition] : partitions.length > 0 ? partitions : [WHOLE]) {
      const before = outcomes.get(one)?.error;
      outcomes.set(one, { error: `${before === undefined ? '' : `${before} `}${test}: ${message}` });
    }
  }
  return outcomes;
}

function all(partitions: readonly string[], outcome: Outcome): Outcomes {
  return new Map(partitions.map((partition) => [partition, outcome]));
}
