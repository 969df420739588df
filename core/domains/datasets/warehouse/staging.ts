import type { DatasetModel } from '../../../kernel/datasets.ts';
import {
  WHOLE,
  type CurrentPartition,
  type PartitionContent,
  type PartitionRef,
  type StagedPartition,
} from '../../../kernel/stores/warehouse-records.ts';
import type { DatasetPlan } from '../../../language/plan-dataset.ts';
import type { HeldPartition } from './inputs.ts';

/** What is current with what a run has made in its place: what is built after it reads, and what will be current. */
export function overlaid(
  current: readonly CurrentPartition[],
  staged: readonly StagedPartition[],
): readonly HeldPartition[] {
  const good = staged.filter(({ error }) => error === undefined);
  const replaced = new Set(good.map(nameOf));
  const made = good.flatMap(({ table, partition, made }) => (made ? [{ table, partition, key: made.key }] : []));
  return [...current.filter((one) => !replaced.has(nameOf(one))), ...made];
}

function nameOf({ table, partition }: PartitionRef): string {
  return `${table} ${partition}`;
}

/**
 * Partitions that have to be built because a model holds something else in one of its own: the same ones of models that
 * are cut as it is, others as a whole.
 */
export function followersOf(
  { models }: Pick<DatasetPlan, 'models'>,
  model: DatasetModel,
  partition: string,
): readonly PartitionRef[] {
  return models
    .filter(({ dependsOn }) => dependsOn.includes(model.name))
    .map((follower) => ({ table: follower.name, partition: isCutAlike(model, follower) ? partition : WHOLE }));
}

/** Whether a partition of the one concerns the same partition of the other, and no other. */
export function isCutAlike(one: DatasetModel, other: DatasetModel): boolean {
  return one.partition !== undefined && other.partition !== undefined;
}

/** Whether a partition holds something else than before. What is not there holds nothing. */
export function hasChanged(before: PartitionContent | undefined, made: PartitionContent | undefined): boolean {
  if (!before || !made) return before !== made;
  return before.rows !== made.rows || before.high !== made.high || before.low !== made.low;
}
