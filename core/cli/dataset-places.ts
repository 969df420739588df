import { mkdir } from 'node:fs/promises';
import path from 'node:path';
import { pathToFileURL } from 'node:url';
import type { DatasetPlaces } from '../domains/datasets/open.ts';
import type { Settings } from './settings.ts';

/** Where datasets are kept. The folder of the default is made; one that the operator names has to be there. */
export async function datasetPlaces({ objects, s3Endpoint, warehouse, dataDir }: Settings): Promise<DatasetPlaces> {
  const scratch = path.join(dataDir, 'scratch');
  if (objects !== undefined) return { objects: atEndpoint(objects, s3Endpoint), warehouse, scratch };
  const folder = path.join(dataDir, 'objects');
  await mkdir(folder, { recursive: true });
  return { objects: pathToFileURL(folder).href, warehouse, scratch };
}

/** An address of S3 that names a server of its own keeps it. */
function atEndpoint(objects: string, endpoint: string | undefined): string {
  if (endpoint === undefined || !objects.startsWith('s3:')) return objects;
  const url = new URL(objects);
  if (!url.searchParams.has('endpoint')) url.searchParams.set('endpoint', endpoint);
  return url.href;
}
