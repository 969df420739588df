import type { DatasetModel } from '../../../kernel/datasets.ts';
import type { BuildRequest } from '../../../kernel/services.ts';
import { WHOLE, type Mark, type PartitionRef, type StagedPartition } from '../../../kernel/stores/warehouse-records.ts';
import type { DatasetPlan } from '../../../language/plan-dataset.ts';
import { daysBetween } from './day.ts';
import { isCutAlike } from './staging.ts';

/** What a build goes by: it is the same in each piece of one run, but for what was staged. */
export interface BuildState {
  readonly what: BuildRequest;
  readonly marks: readonly Mark[];
  readonly staged: readonly StagedPartition[];
  /** What the run had built before it failed and was replayed: of the days asked for only the others are left. */
  readonly built: readonly PartitionRef[];
}

/**
 * The partitions of a model that a run has still to build: those marked, the days asked for, and those that follow what
 * the run has built so far. `WHOLE` of a model with partitions is all of them.
 */
export function leftToBuild(model: DatasetModel, { what, marks, staged, built }: BuildState): readonly string[] {
  if (what.models && !what.models.includes(model.name)) return [];
  const own = staged.filter(({ table }) => table === model.name).map(({ partition }) => partition);
  const before = new Set(built.filter(({ table }) => table === model.name).map(({ partition }) => partition));
  const asked = daysAsked(model, what).filter((day) => !before.has(day));
  const marked = [...marks, ...staged.flatMap(({ follows }) => follows)];
  const wanted = new Set([...marked.filter(({ table }) => table === model.name).map(({ partition }) => partition), ...asked]);
  if (wanted.has(WHOLE)) return own.includes(WHOLE) ? [] : [WHOLE];
  return [...wanted].filter((partition) => !own.includes(partition) && !own.includes(WHOLE)).sort();
}

function daysAsked({ partition }: DatasetModel, { from, to }: BuildRequest): readonly string[] {
  if (from === undefined || to === undefined) return [];
  return partition === undefined ? [WHOLE] : daysBetween(from, to);
}

/**
 * Why partitions of a model are not built: one that they come from, directly or by way of others, could not be.
 * @returns for each of these partitions; under `WHOLE` where none can be built
 */
export function blockedPartitions(
  { models }: Pick<DatasetPlan, 'models'>,
  model: DatasetModel,
  { staged }: Pick<BuildState, 'staged'>,
): ReadonlyMap<string, string> {
  const blocked = new Map<DatasetModel, Map<string, string>>();
  for (const one of models) {
    const own = new Map<string, string>();
    blocked.set(one, own);
    for (const upstream of models.filter(({ name }) => one.dependsOn.includes(name))) {
      for (const [partition, reason] of [...failures(upstream, staged), ...(blocked.get(upstream) ?? [])]) {
        const place = isCutAlike(upstream, one) ? partition : WHOLE;
        if (!own.has(place)) own.set(place, reason);
      }
    }
  }
  return blocked.get(model) ?? new Map<string, string>();
}

function failures({ name }: DatasetModel, staged: readonly StagedPartition[]): readonly (readonly [string, string])[] {
  const failed = staged.filter(({ table, error }) => table === name && error !== undefined);
  return failed.map(({ partition }) => {
    const what = partition === WHOLE ? `"${name}"` : `"${name}" of ${partition}`;
    return [partition, `It was not built, since ${what} was not.`] as const;
  });
}
