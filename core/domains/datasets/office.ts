import { isDeepStrictEqual } from 'node:util';
import { SluiceError } from '../../kernel/errors.ts';
import { isUuid } from '../../kernel/ids.ts';
import { datasetSubject, type Dataset } from '../../kernel/stores/datasets.ts';
import type { Run } from '../../kernel/stores/runs.ts';
import type { Directory, Stores, UnitOfWork } from '../../kernel/stores/stores.ts';
import type { Tenant } from '../../kernel/stores/tenancy.ts';
import type { Actor } from '../audit/record.ts';
import type { Catalogue } from '../definitions/catalogue.ts';
import { replayRun } from '../runs/replay.ts';
import { findRun } from '../runs/runs.ts';
import { landingOf } from './keys.ts';
import type { Datasets } from './open.ts';
import { inputOf, startBuild, startLoad, type BuildWish } from './runs.ts';
import { modelTests, type TestResult } from './warehouse/test-models.ts';

/** The operator's use-cases, each a transaction of its own: for the command line, which has no request. */
export interface DatasetOffice {
  /**
   * A dataset that is on: of a tenant by its id or name, or of the only one that has turned it on.
   * @throws SluiceError NOT_FOUND, CONFLICT where several have
   */
  find(id: string, tenant?: string): Promise<Dataset>;
  /** Where files of it are dropped. */
  landingFolder(dataset: Dataset): string;
  load(dataset: Dataset): Promise<Run>;
  build(dataset: Dataset, wish: BuildWish): Promise<Run>;
  /** Days built again. Where the build before was the same and failed, that one goes on. */
  backfill(dataset: Dataset, wish: BuildWish): Promise<Run>;
  run(dataset: Dataset, id: string): Promise<Run>;
  /** Runs the tests of its models over what is current; data must be fresh at the end of the last night. */
  test(dataset: Dataset): Promise<readonly TestResult[]>;
}

export interface OfficeDeps {
  readonly datasets: Datasets;
  readonly catalogue: Catalogue;
  readonly work: UnitOfWork;
  readonly directory: Pick<Directory, 'tenant' | 'tenantNamed'>;
}

export function datasetOffice(deps: OfficeDeps): DatasetOffice {
  const { datasets, catalogue, work } = deps;
  const within = <T>({ tenantId }: Dataset, use: (stores: Stores) => Promise<T>): Promise<T> => work.within([tenantId], use);
  const build = (dataset: Dataset, wish: BuildWish): Promise<Run> =>
    within(dataset, (stores) => startBuild(catalogue, stores, operatorFor(dataset), dataset, wish));

  return {
    find: (id, tenant) => findOn(deps, id, tenant),
    landingFolder: (dataset) => datasets.objects.addressOf(landingOf(dataset)),
    load: (dataset) => within(dataset, (stores) => startLoad(catalogue, stores, operatorFor(dataset), dataset)),
    build,
    async backfill(dataset, wish) {
      const resumed = await within(dataset, (stores) => resume(catalogue, stores, dataset, wish));
      return resumed ?? build(dataset, wish);
    },
    run: (dataset, id) => within(dataset, (stores) => findRun(stores, dataset.tenantId, id)),
    test: (dataset) => modelTests(datasets, dataset, dataset.exportedThrough),
  };
}

/** Sets the latest build going again, where it is the same one, by the same text, and has failed. */
async function resume(catalogue: Catalogue, stores: Stores, dataset: Dataset, wish: BuildWish): Promise<Run | undefined> {
  const { tenantId, id } = dataset;
  const { items } = await stores.runs.list(tenantId, { subject: datasetSubject(id), kinds: ['build'] }, { limit: 1 });
  const [last] = items;
  const isSame = last?.state === 'failed' && last.definition.hash === catalogue.plan(id)?.hash && isDeepStrictEqual(last.input, inputOf(wish));
  if (!last || !isSame) return undefined;
  await replayRun(catalogue, stores, last, { from: 'failedStep', definition: 'pinned' });
  return findRun(stores, tenantId, last.id);
}

async function findOn({ datasets, directory }: OfficeDeps, id: string, tenant: string | undefined): Promise<Dataset> {
  const on = (await datasets.directory.datasets()).filter((dataset) => dataset.id === id);
  const whose = tenant === undefined ? undefined : await tenantOf(directory, tenant);
  const found = whose ? on.filter(({ tenantId }) => tenantId === whose.id) : on;
  const [first, ...more] = found;
  if (!first) throw new SluiceError('NOT_FOUND', `${whose ? `The tenant "${whose.name}"` : 'No tenant'} has turned the dataset "${id}" on. POST /v1/connections does.`);
  if (more.length === 0) return first;
  throw new SluiceError('CONFLICT', `${found.length} tenants have turned the dataset "${id}" on. Say which one: --tenant ${first.tenantId}`);
}

async function tenantOf(directory: OfficeDeps['directory'], text: string): Promise<Tenant> {
  const tenant = (isUuid(text) ? await directory.tenant(text) : undefined) ?? (await directory.tenantNamed(text));
  if (tenant) return tenant;
  throw new SluiceError('NOT_FOUND', `There is no tenant "${text}".`);
}

const operatorFor = ({ tenantId }: Dataset): Actor => ({ tenantId, actor: 'root' });
