import { migration as createTenancy } from './0001-create-tenancy.ts';
import { migration as createConnections } from './0002-create-connections.ts';
import { migration as createForms } from './0003-create-forms.ts';
import { migration as createRuns } from './0004-create-runs.ts';
import { migration as createClock } from './0005-create-clock.ts';
import { migration as createLogs } from './0006-create-logs.ts';
import { migration as tailLogs } from './0007-tail-logs.ts';
import { migration as extendRuns } from './0008-extend-runs.ts';
import { migration as createCompute } from './0009-create-compute.ts';
import { migration as createPortLeases } from './0010-create-port-leases.ts';
import { migration as createLogRoutes } from './0011-create-log-routes.ts';
import { migration as createDatasets } from './0012-create-datasets.ts';
import { migration as createWarehouse } from './0013-create-warehouse.ts';
import { migration as forgetDatasetRuns } from './0014-forget-dataset-runs.ts';
import type { Migration } from './migration.ts';

/** All migrations, oldest first. A test proves that the folder holds no other. */
export const migrations: readonly Migration[] = [
  createTenancy,
  createConnections,
  createForms,
  createRuns,
  createClock,
  createLogs,
  tailLogs,
  extendRuns,
  createCompute,
  createPortLeases,
  createLogRoutes,
  createDatasets,
  createWarehouse,
  forgetDatasetRuns,
];
