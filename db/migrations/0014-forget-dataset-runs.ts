import type { Migration } from './migration.ts';

export const migration: Migration = {
  name: '0014-forget-dataset-runs',
  up: `
    -- Retirements of datasets come every hour, and some loads find nothing: they are forgotten like other routine runs.
    DROP INDEX runs_routine;
    CREATE INDEX runs_routine ON runs (finished_at) WHERE state = 'succeeded'
      AND (kind IN ('forward', 'read', 'retire') OR kind = 'load' AND outputs ->> 'files' = '0');`,
};
