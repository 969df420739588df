import { StepFault } from './errors.ts';
import type { StepContext } from './plugin.ts';
import type { DatasetServices, DatasetWork } from './services.ts';

/** The datasets of the platform, and which one a step is for. @throws StepFault where there is no platform */
export function datasetWork(
  dataset: string,
  { services, tenantId, runId, definition, signal }: StepContext,
): { readonly datasets: DatasetServices; readonly work: DatasetWork } {
  if (!services.datasets) throw new StepFault('config', NO_DATASETS);
  return { datasets: services.datasets, work: { tenantId, dataset, definition, runId, signal } };
}

export const NO_DATASETS = 'There are no datasets here: this needs a running platform.';
