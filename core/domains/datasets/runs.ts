import { SluiceError, type Violation } from '../../kernel/errors.ts';
import { uuid7 } from '../../kernel/ids.ts';
import type { JsonObject } from '../../kernel/json.ts';
import { ENDED, RUN_STATES, RunExclusion, type NewRun } from '../../kernel/runs.ts';
import type { BuildRequest } from '../../kernel/services.ts';
import { datasetSubject, type Dataset } from '../../kernel/stores/datasets.ts';
import type { Run } from '../../kernel/stores/runs.ts';
import type { Stores } from '../../kernel/stores/stores.ts';
import { didYouMean } from '../../kernel/suggest.ts';
import type { Plan } from '../../language/plan.ts';
import { runOf } from '../../runtime/run-of.ts';
import { audit, type Actor } from '../audit/record.ts';
import type { Catalogue } from '../definitions/catalogue.ts';
import { datasetPlanOf } from './turning-on.ts';

/** Days of one backfill at most. */
const MOST_DAYS = 3660;
const DAY_MS = 86_400_000;

const UNDER_WAY = RUN_STATES.filter((state) => !ENDED.includes(state));

/** The kinds of a dataset's runs, which are names of its pipelines. */
export type DatasetRunKind = 'load' | 'nightly' | 'build' | 'retire';

/** Runs that write the warehouse, one at a time. */
const WRITING: readonly DatasetRunKind[] = ['nightly', 'build'];

/** Of a build that a person asks for: days that are built whether they are marked or not (both or none), and models. */
export type BuildWish = Omit<BuildRequest, 'date'>;

/**
 * A run of a dataset to be. One at a time loads, and the others wait; of those that write the warehouse a second one is
 * not made, and none of the retirements.
 */
export function datasetRun(
  plan: Plan,
  { tenantId, id, connectionId }: Dataset,
  kind: DatasetRunKind,
  input: JsonObject = {},
): NewRun {
  return {
    tenantId,
    id: uuid7(),
    kind,
    ...runOf(plan, kind),
    subject: datasetSubject(id),
    ...(connectionId === undefined ? {} : { connectionId }),
    input,
    ...(kind === 'load' && { concurrency: { key: `dataset-load:${id}`, limit: 1 } }),
    ...(WRITING.includes(kind) && { exclusiveKey: `dataset:${id}` }),
    ...(kind === 'retire' && { exclusiveKey: `dataset-retire:${id}` }),
  };
}

/** Begins to take in what has landed. @throws SluiceError CONFLICT where the dataset is off */
export async function startLoad(
  catalogue: Pick<Catalogue, 'plan'>,
  stores: Stores,
  who: Actor,
  dataset: Dataset,
): Promise<Run> {
  return start(stores, who, datasetRun(planOf(catalogue, dataset), dataset, 'load'));
}

/**
 * Begins to export all there is and to build what it touched, and days again where they are given.
 * @throws SluiceError CONFLICT where the dataset is off, VALIDATION_FAILED, OPERATION_IN_PROGRESS
 */
export async function startBuild(
  catalogue: Pick<Catalogue, 'plan'>,
  stores: Stores,
  who: Actor,
  dataset: Dataset,
  wish: BuildWish,
): Promise<Run> {
  const plan = planOf(catalogue, dataset);
  checkBuild(datasetPlanOf(catalogue, dataset).models.map(({ name }) => name), wish);
  const { items } = await stores.runs.list(
    dataset.tenantId,
    { subject: datasetSubject(dataset.id), kinds: WRITING, states: UNDER_WAY },
    { limit: 1 },
  );
  if (items[0]) throw inProgress(dataset, `the run ${items[0].id} (${items[0].kind})`);
  try {
    return await start(stores, who, datasetRun(plan, dataset, 'build', inputOf(wish)));
  } catch (error) {
    // One that began in this very moment: the transaction is lost, and with it the way to ask for its id.
    if (error instanceof RunExclusion) throw inProgress(dataset, 'another run');
    throw error;
  }
}

/** The input of a run that builds. */
export function inputOf({ from, to, models }: BuildWish): JsonObject {
  return { ...(from !== undefined && { from }), ...(to !== undefined && { to }), ...(models && { models: [...models] }) };
}

/** The definition that new runs are made with. @throws SluiceError CONFLICT where the dataset is off, or rests */
function planOf(catalogue: Pick<Catalogue, 'plan'>, dataset: Dataset): Plan {
  datasetPlanOf(catalogue, dataset);
  if (dataset.connectionId !== undefined) return catalogue.plan(dataset.id)!;
  throw offNow(dataset);
}

/** What is refused of a dataset without a connection. */
export function offNow({ id }: Pick<Dataset, 'id'>): SluiceError {
  const detail = `The dataset "${id}" is off: its connection was deleted. POST /v1/connections turns it on again, with all it has.`;
  return new SluiceError('CONFLICT', detail);
}

async function start(stores: Stores, who: Actor, run: NewRun): Promise<Run> {
  const added = await stores.runs.addOne(run);
  await audit(stores, who, `dataset.${run.kind}`, run.subject, { ...run.input, run: run.id });
  return added;
}

function inProgress({ id }: Dataset, what: string): SluiceError {
  const detail = `The warehouse of "${id}" is being written by ${what}. Wait for its end: GET /v1/runs?subject=${datasetSubject(id)}.`;
  return new SluiceError('OPERATION_IN_PROGRESS', detail);
}

function checkBuild(known: readonly string[], { from, to, models = [] }: BuildWish): void {
  const errors: Violation[] = models.flatMap((name, i) =>
    known.includes(name)
      ? []
      : [{ path: `/models/${i}`, message: `There is no model "${name}"; there are ${known.join(', ') || 'none'}.${didYouMean(name, known)}` }],
  );
  if (from === undefined && to !== undefined) errors.push({ path: '/from', message: 'Give both days, or none.' });
  if (from !== undefined && to === undefined) errors.push({ path: '/to', message: 'Give both days, or none.' });
  if (from !== undefined && to !== undefined) {
    const days = (Date.parse(to) - Date.parse(from)) / DAY_MS + 1;
    if (days < 1) errors.push({ path: '/to', message: `${to} is before ${from}.` });
    if (days > MOST_DAYS) errors.push({ path: '/to', message: `These are ${days} days; ${MOST_DAYS} are the most of one run.` });
  }
  if (errors.length > 0) throw new SluiceError('VALIDATION_FAILED', errors[0]!.message, { errors });
}
