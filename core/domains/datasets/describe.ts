import { notFound } from '../../kernel/errors.ts';
import type { Dataset } from '../../kernel/stores/datasets.ts';
import type { Stores } from '../../kernel/stores/stores.ts';
import { countRows, type TableDeps } from './tables.ts';
import { datasetPlanOf } from './turning-on.ts';

/** An id of a definition; what is none names no dataset. */
const ID = /^[a-z0-9][\w.-]{0,199}$/i;

/** @throws SluiceError NOT_FOUND where the tenant has not turned such a dataset on */
export async function findDataset(stores: Stores, tenantId: string, id: string): Promise<Dataset> {
  const dataset = ID.test(id) ? await stores.datasets.find(tenantId, id) : undefined;
  if (!dataset) throw notFound('dataset');
  return dataset;
}

export interface TableDescription {
  readonly name: string;
  readonly key: readonly string[];
  readonly rows: number;
  readonly held: number;
}

/** The tables of a dataset, and how much they hold. @throws SluiceError CONFLICT, UNAVAILABLE */
export async function describeTables(deps: TableDeps, dataset: Dataset): Promise<readonly TableDescription[]> {
  const counts = await countRows(deps, dataset);
  return datasetPlanOf(deps.catalogue, dataset).tables.map(({ name, key }) => ({
    name,
    key,
    rows: counts[name]?.rows ?? 0,
    held: counts[name]?.held ?? 0,
  }));
}
