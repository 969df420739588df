import { mkdir, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { pathToFileURL } from 'node:url';
import { expect } from 'chai';
import { openDatasets, type DatasetPlaces, type Datasets } from '../../../core/domains/datasets/open.ts';
import { systemClock } from '../../../core/kernel/clock.ts';
import { operationalStores } from '../../../db/datasets/operational-stores.ts';
import { datasetDirectory } from '../../../db/stores/dataset-directory.ts';
import { warehouseRecords } from '../../../db/stores/warehouse-records.ts';
import { allPlugins } from '../../cli/command-line.ts';
import { testDatabase, type TestDatabase } from '../../support/database.ts';
import { rejection } from '../../support/rejection.ts';

describe('the places of datasets', () => {
  let test: TestDatabase;
  let folder: string;
  before(async () => {
    test = await testDatabase();
    folder = await mkdtemp(path.join(tmpdir(), 'sluice-places-'));
    await mkdir(path.join(folder, 'objects'));
  });
  after(async () => {
    await test.drop();
    await rm(folder, { recursive: true, force: true });
  });

  const open = async (places: Partial<DatasetPlaces>): Promise<Datasets> => {
    const registry = await allPlugins();
    const { engine } = test.db;
    const on = {
      catalogue: { plan: () => undefined, planByHash: async () => undefined },
      operational: operationalStores(test.db.datasets),
      records: warehouseRecords(engine),
      directory: datasetDirectory(test.db),
      clock: systemClock,
      objectStores: registry.objectStores(),
      warehouses: registry.warehouses(),
      app: () => ({}),
    };
    const objects = pathToFileURL(path.join(folder, 'objects')).href;
    return openDatasets(on, { objects, warehouse: 'duckdb:', scratch: path.join(folder, 'scratch'), ...places });
  };
  const refusal = async (places: Partial<DatasetPlaces>): Promise<string> => (await rejection(open(places))).message;

  it('are opened by the plugin of their URL', async () => {
    const datasets = await open({});
    expect(datasets.objects.addressOf('landing/')).to.equal(path.join(folder, 'objects/landing'));
    await datasets.close();
  });

  it('are refused at the start where nothing opens them, or nothing is there', async () => {
    expect(await refusal({ objects: 'gs://bucket/prefix' }))
      .to.contain('SLUICE_OBJECTS')
      .and.to.contain('"gs:"')
      .and.to.contain('folder (file:///');
    expect(await refusal({ warehouse: 'snowflake://account' })).to.contain('SLUICE_WAREHOUSE').and.to.contain('duckdb');
    expect(await refusal({ objects: pathToFileURL(path.join(folder, 'nowhere')).href })).to.contain('There is no folder');
    expect(await refusal({ warehouse: 'duckdb:?memory=lots' })).to.contain('memory');
  });
});
