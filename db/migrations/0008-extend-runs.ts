import type { Migration } from './migration.ts';

export const migration: Migration = {
  name: '0008-extend-runs',
  up: `
    ALTER TABLE runs
      -- Further variables of its templates, by name.
      ADD COLUMN context json,
      ADD COLUMN exclusive_key text,
      -- When the way it is on, forward or back, ends.
      ADD COLUMN deadline timestamptz,
      -- Its steps have undo: what it began is not left standing where it is cancelled.
      ADD COLUMN compensates boolean NOT NULL DEFAULT false;
    -- A run that is needs_review has not ended: it keeps its key.
    CREATE UNIQUE INDEX runs_exclusive ON runs (tenant_id, exclusive_key)
      WHERE exclusive_key IS NOT NULL AND state NOT IN ('succeeded', 'failed', 'cancelled');

    -- A step that polls has one row, which says how often it has asked.
    ALTER TABLE run_steps ADD COLUMN polls integer;
    CREATE UNIQUE INDEX run_steps_polls ON run_steps (tenant_id, run_id, step, idempotency_key)
      WHERE polls IS NOT NULL;`,
};
