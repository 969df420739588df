import type { RunStore } from '../../kernel/ports.ts';
import { RunExclusion, type NewRun } from '../../kernel/runs.ts';
import { datasetSubject, type Dataset } from '../../kernel/stores/datasets.ts';
import type { Run } from '../../kernel/stores/runs.ts';
import type { UnitOfWork } from '../../kernel/stores/stores.ts';
import type { Plan } from '../../language/plan.ts';
import { hasLanded } from './loading/file-loads.ts';
import type { Datasets } from './open.ts';
import { datasetRun, type DatasetRunKind } from './runs.ts';
import { nightDue } from './schedule.ts';

/** What has failed is tried again after this. Its run can be replayed at any time. */
const NIGHT_AGAIN_MS = 3_600_000;
const LOAD_AGAIN_MS = 600_000;

export interface PeriodicDeps {
  readonly datasets: Pick<Datasets, 'catalogue' | 'clock' | 'directory' | 'objects' | 'operational'>;
  readonly work: UnitOfWork;
  readonly queue: Pick<RunStore, 'enqueue'>;
}

/** What the timetable does for datasets; `every` is its own. */
export function datasetJobs(deps: PeriodicDeps) {
  return [
    { name: 'begin-nights', every: '30 seconds', run: () => beginNights(deps) },
    { name: 'load-files', every: '1 minute', run: () => loadFiles(deps) },
    { name: 'retire-datasets', every: '1 hour', run: () => retireDatasets(deps) },
  ];
}

/** One run for the latest night that is due: it closes those before it that were missed. */
export function beginNights(deps: PeriodicDeps): Promise<void> {
  return forEachOn(deps, async (dataset, plan) => {
    const date = nightDue(plan.dataset!, dataset, deps.datasets.clock.now());
    if (date === undefined || (await wasTried(deps, dataset, date))) return undefined;
    return datasetRun(plan, dataset, 'nightly', { date });
  });
}

/** A run where a file has landed that is not known, so that quiet datasets make none. */
export function loadFiles(deps: PeriodicDeps): Promise<void> {
  return forEachOn(deps, async (dataset, plan) => {
    if (!(await hasLanded(deps.datasets, dataset, { plan: plan.dataset!, definitionHash: plan.hash }))) return undefined;
    const last = await lastRun(deps, dataset, 'load');
    if (last?.state === 'failed' && last.createdAt.getTime() > deps.datasets.clock.now() - LOAD_AGAIN_MS) return undefined;
    // Others wait for the one that is under way; of these there is no second one.
    return { ...datasetRun(plan, dataset, 'load'), exclusiveKey: `dataset-load:${dataset.id}` };
  });
}

export function retireDatasets(deps: PeriodicDeps): Promise<void> {
  return forEachOn(deps, async (dataset, plan) => datasetRun(plan, dataset, 'retire'));
}

/** Whether a run for this night is so young that another one is not made. */
async function wasTried(deps: PeriodicDeps, dataset: Dataset, date: string): Promise<boolean> {
  const last = await lastRun(deps, dataset, 'nightly');
  return last?.input['date'] === date && last.createdAt.getTime() > deps.datasets.clock.now() - NIGHT_AGAIN_MS;
}

async function lastRun({ work }: PeriodicDeps, { tenantId, id }: Dataset, kind: DatasetRunKind): Promise<Run | undefined> {
  const filter = { subject: datasetSubject(id), kinds: [kind] };
  const { items } = await work.within([tenantId], (stores) => stores.runs.list(tenantId, filter, { limit: 1 }));
  return items[0];
}

/** Makes the run that is asked for of each dataset that is on; the trouble of one stands in no other's way. */
async function forEachOn(
  { datasets, queue }: PeriodicDeps,
  ask: (dataset: Dataset, plan: Plan) => Promise<NewRun | undefined>,
): Promise<void> {
  const troubles: unknown[] = [];
  for (const dataset of await datasets.directory.datasets()) {
    const plan = datasets.catalogue.plan(dataset.id);
    if (!plan?.dataset) continue;
    try {
      const run = await ask(dataset, plan);
      if (run) await enqueued(queue, run);
    } catch (error) {
      troubles.push(error);
    }
  }
  if (troubles.length > 0) throw troubles[0];
}

/** One that is under way already has its key. */
async function enqueued(queue: PeriodicDeps['queue'], run: NewRun): Promise<void> {
  try {
    await queue.enqueue([run]);
  } catch (error) {
    if (!(error instanceof RunExclusion)) throw error;
  }
}
