import { StepFault } from '../../../kernel/errors.ts';
import type { DatasetWork } from '../../../kernel/services.ts';
import type { DatasetRef } from '../../../kernel/stores/operational.ts';
import type { DatasetPlan } from '../../../language/plan-dataset.ts';
import type { DatasetDeps } from '../deps.ts';

/** What a run works on. */
export interface OpenWork {
  readonly ref: DatasetRef;
  readonly dataset: DatasetPlan;
  readonly runId: string;
  readonly definitionHash: string;
  readonly signal: AbortSignal;
}

/** The dataset as the definition says that the run has pinned. @throws StepFault where that is none of a dataset */
export async function openWork({ catalogue }: Pick<DatasetDeps, 'catalogue'>, work: DatasetWork): Promise<OpenWork> {
  const { tenantId, dataset: id, definition, runId, signal } = work;
  const plan = await catalogue.planByHash(definition.hash);
  if (!plan?.dataset || plan.id !== id) {
    throw new StepFault('config', `The definition ${definition.id} ${definition.version} of this run is not that of a dataset "${id}".`);
  }
  return { ref: { tenantId, id }, dataset: plan.dataset, runId, definitionHash: definition.hash, signal };
}
