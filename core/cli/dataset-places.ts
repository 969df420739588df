import { mkdir } from 'node:fs/promises';
import path from 'node:path';
import { pathToFileURL } from 'node:url';
import type { DatasetPlaces } from '../domains/datasets/open.ts';
import type { Settings } from './settings.ts';

/** Where datasets are kept. The folder of the default is made; one that the operator names has to be there. */
export async function datasetPlaces({ objects, warehouse, dataDir }: Settings): Promise<DatasetPlaces> {
  const scratch = path.join(dataDir, 'scratch');
  if (objects !== undefined) return { objects, warehouse, scratch };
  const folder = path.join(dataDir, 'objects');
  await mkdir(folder, { recursive: true });
  return { objects: pathToFileURL(folder).href, warehouse, scratch };
}
