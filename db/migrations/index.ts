import { migration as createTenancy } from './0001-create-tenancy.ts';
import { migration as createConnections } from './0002-create-connections.ts';
import { migration as createForms } from './0003-create-forms.ts';
import { migration as createRuns } from './0004-create-runs.ts';
import { migration as createClock } from './0005-create-clock.ts';
import { migration as createLogs } from './0006-create-logs.ts';
import type { Migration } from './migration.ts';

/** All migrations, oldest first. A test proves that the folder holds no other. */
export const migrations: readonly Migration[] = [
  createTenancy,
  createConnections,
  createForms,
  createRuns,
  createClock,
  createLogs,
];
