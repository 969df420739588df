import type { DatasetModel } from '../../../kernel/datasets.ts';
import { StepFault } from '../../../kernel/errors.ts';
import type { BuildRequest, DatasetServices, DatasetWork } from '../../../kernel/services.ts';
import { WHOLE, type StagedPartition } from '../../../kernel/stores/warehouse-records.ts';
import type { DatasetDeps } from '../deps.ts';
import { dayIn } from '../schedule.ts';
import { buildModel } from './build-model.ts';
import { modelColumns } from './model-columns.ts';
import { leftToBuild, type BuildState } from './needs.ts';
import { openWork, type OpenWork } from './work.ts';

type Built = Awaited<ReturnType<DatasetServices['build']>>;

/** Partitions that one piece builds at most: each of them is a file that is written on its own. */
const MOST = 366;

/** How many failures the run's error names. */
const TOLD = 5;

/**
 * One piece of a build: a model, or a part of its partitions. What it makes is staged, and read by the models after it; a
 * piece that was killed is done again with other keys. When nothing is left, and something failed, the run fails.
 */
export async function buildPiece(deps: DatasetDeps, given: DatasetWork, what: BuildRequest): Promise<Built> {
  const work = await openWork(deps, given);
  const state = await stateOf(deps, work, what);
  for (const model of work.dataset.models) {
    const left = leftToBuild(model, state);
    if (left.length > 0) return buildSome(deps, work, state, model, left.slice(0, MOST));
  }
  const failed = state.staged.filter(({ error }) => error !== undefined);
  if (failed.length > 0) throw new StepFault('config', failureText(failed));
  return { partitions: 0, failed: 0, done: true };
}

async function stateOf({ records }: DatasetDeps, work: OpenWork, what: BuildRequest): Promise<BuildState> {
  const { ref, runId, definitionHash } = work;
  return {
    what,
    marks: await records.marks(ref),
    staged: await records.staged(ref, runId),
    built: await records.builtBy(ref, runId, definitionHash),
  };
}

async function buildSome(
  deps: DatasetDeps,
  work: OpenWork,
  state: BuildState,
  model: DatasetModel,
  partitions: readonly string[],
): Promise<Built> {
  const { ref, dataset, runId } = work;
  const date = state.what.date ?? dayIn(dataset.timezone, deps.clock.now());
  const built = await buildModel(deps, work, {
    model,
    partitions,
    date,
    staged: state.staged,
    current: await deps.records.current(ref),
    columns: await modelColumns(deps.warehouse, dataset),
  });
  await deps.records.stage(ref, runId, withMarks(built, model, state));
  const real = built.filter(({ partition }) => model.partition === undefined || partition !== WHOLE);
  const failed = built.filter(({ error }) => error !== undefined).length;
  return { partitions: real.filter(({ error }) => error === undefined).length, failed, done: false };
}

/** Each mark is answered by its partition; one of a partition that was never there by the note that all were built. */
function withMarks(
  built: readonly StagedPartition[],
  { name }: DatasetModel,
  { marks }: BuildState,
): readonly StagedPartition[] {
  const known = new Set(built.map(({ partition }) => partition));
  return built.map((staged) => ({
    ...staged,
    marks: marks
      .filter(({ table }) => table === name)
      .filter(({ partition }) => (known.has(partition) ? partition === staged.partition : staged.partition === WHOLE))
      .map(({ id }) => id),
  }));
}

function failureText(failed: readonly StagedPartition[]): string {
  const told = failed.slice(0, TOLD).map(({ table, partition, error }) => {
    return `${table}${partition === WHOLE ? '' : ` ${partition}`}: ${(error ?? '').replace(/\.$/, '')}`;
  });
  if (failed.length > TOLD) told.push(`and ${failed.length - TOLD} more`);
  const what = failed.length === 1 ? 'A partition stays as it was' : `${failed.length} partitions stay as they were`;
  return `${what}: ${told.join('; ')}.`;
}
