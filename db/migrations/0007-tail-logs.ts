import { tenantOwned, type Migration } from './migration.ts';

export const migration: Migration = {
  name: '0007-tail-logs',
  up: `
    -- What next_id was, by and by: id_mark at id_marked_at, and id_floor two minutes before that, or earlier. A process
    -- uses ids for half a minute after it took them, so that none below id_floor comes to be used any more.
    ALTER TABLE log_families
      ADD COLUMN id_floor bigint NOT NULL DEFAULT 1,
      ADD COLUMN id_mark bigint NOT NULL DEFAULT 1,
      ADD COLUMN id_marked_at timestamptz NOT NULL DEFAULT now();

    -- Processes that tail a family for somebody: others tell them when they have written to it.
    CREATE TABLE log_tails (
      tenant_id uuid NOT NULL,
      family text NOT NULL,
      process uuid NOT NULL,
      until timestamptz NOT NULL,
      PRIMARY KEY (tenant_id, family, process),
      FOREIGN KEY (tenant_id, family) REFERENCES log_families (tenant_id, name) ON DELETE CASCADE
    );
    ${tenantOwned('log_tails')}`,
};
