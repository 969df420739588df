import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { startCluster } from '../../support/cluster.ts';
import { createDatabase } from '../../support/database.ts';
import { startSluice, type Sluice } from '../sluice.ts';
import { SHOP, writeShop } from './shop.ts';

/** The real program on a PostgreSQL whose commits reach the disk, with the benches' dataset turned on. */
export interface Stand {
  readonly sluice: Sluice;
  /** Of the database of the control plane and the operational store. */
  readonly url: string;
  /** Where its objects are. */
  readonly objects: string;
  readonly landing: string;
  readonly folder: string;
  /** What the warehouse may take, as DuckDB is told. */
  readonly memory: string;
}

/** @param memory what the warehouse may take; as it is where nobody says anything, unless given */
export async function withStand(use: (stand: Stand) => Promise<void>, memory = '256MB'): Promise<void> {
  const folder = await mkdtemp(join(tmpdir(), 'sluice-bench-'));
  const cluster = await startCluster({ durable: true });
  process.env['SLUICE_TEST_CLUSTER'] = cluster.url;
  let sluice: Sluice | undefined;
  try {
    const { url } = await createDatabase();
    await writeShop(join(folder, 'definitions'));
    sluice = await startSluice({
      SLUICE_DATABASE_URL: url,
      SLUICE_DATA_DIR: join(folder, 'data'),
      SLUICE_DEFINITIONS: join(folder, 'definitions'),
      SLUICE_WAREHOUSE: `duckdb:?memory=${memory}`,
    });
    const made = await sluice.call('POST', '/v1/connections', { definition: SHOP, name: 'Bench', config: {} });
    const { landingFolder } = made['dataset'] as { landingFolder: string };
    await use({ sluice, url, objects: join(folder, 'data', 'objects'), landing: landingFolder, folder, memory });
  } finally {
    await sluice?.stop();
    await cluster.stop();
    delete process.env['SLUICE_TEST_CLUSTER'];
    await rm(folder, { recursive: true, force: true });
  }
}
