import { tenantOwned, type Migration } from './migration.ts';

export const migration: Migration = {
  name: '0012-create-datasets',
  up: `
    -- A dataset that a tenant has turned on. Its rows are in a schema of its own.
    CREATE TABLE datasets (
      tenant_id uuid NOT NULL REFERENCES tenants (id),
      -- The definition's.
      id text NOT NULL,
      -- Null where it was turned off.
      connection_id uuid,
      -- The last night whose loads are fixed for good.
      exported_through date,
      created_at timestamptz NOT NULL DEFAULT now(),
      PRIMARY KEY (tenant_id, id),
      FOREIGN KEY (tenant_id, connection_id) REFERENCES connections (tenant_id, id) ON DELETE SET NULL (connection_id)
    );
    CREATE UNIQUE INDEX datasets_by_connection ON datasets (connection_id);
    ${tenantOwned('datasets')}

    -- A night. Which loads it takes is written before anything is read.
    CREATE TABLE dataset_exports (
      tenant_id uuid NOT NULL,
      dataset text NOT NULL,
      id bigint GENERATED ALWAYS AS IDENTITY,
      night date NOT NULL,
      -- The day was over when the loads were fixed: no other export takes loads into it.
      closes boolean NOT NULL,
      run_id uuid NOT NULL,
      opened_at timestamptz NOT NULL DEFAULT now(),
      committed_at timestamptz,
      PRIMARY KEY (tenant_id, id),
      FOREIGN KEY (tenant_id, dataset) REFERENCES datasets (tenant_id, id)
    );
    CREATE UNIQUE INDEX dataset_exports_open ON dataset_exports (tenant_id, dataset) WHERE committed_at IS NULL;
    ${tenantOwned('dataset_exports')}

    -- The ledger: what was taken in, once for an object and etag. The rows carry its id.
    CREATE TABLE dataset_loads (
      tenant_id uuid NOT NULL,
      dataset text NOT NULL,
      id bigint GENERATED ALWAYS AS IDENTITY,
      kind text NOT NULL CHECK (kind IN ('file', 'message', 'change')),
      source text NOT NULL,
      -- A file's key, a message's id, a change's own id.
      object text NOT NULL,
      etag text NOT NULL,
      state text NOT NULL CHECK (state IN ('loaded', 'refused')),
      error text,
      definition_hash text NOT NULL,
      run_id uuid,
      rows bigint NOT NULL DEFAULT 0,
      loaded bigint NOT NULL DEFAULT 0,
      held bigint NOT NULL DEFAULT 0,
      quarantined bigint NOT NULL DEFAULT 0,
      deduplicated bigint NOT NULL DEFAULT 0,
      loaded_at timestamptz NOT NULL DEFAULT now(),
      export_id bigint,
      PRIMARY KEY (tenant_id, id),
      FOREIGN KEY (tenant_id, dataset) REFERENCES datasets (tenant_id, id),
      FOREIGN KEY (tenant_id, export_id) REFERENCES dataset_exports (tenant_id, id)
    );
    CREATE UNIQUE INDEX dataset_loads_by_object ON dataset_loads (tenant_id, dataset, source, object, etag);
    CREATE INDEX dataset_loads_unexported ON dataset_loads (tenant_id, dataset, loaded_at)
      WHERE export_id IS NULL AND state = 'loaded';
    CREATE INDEX dataset_loads_by_export ON dataset_loads (tenant_id, export_id) WHERE export_id IS NOT NULL;
    ${tenantOwned('dataset_loads')}

    -- Rows that were not taken.
    CREATE TABLE dataset_quarantine (
      tenant_id uuid NOT NULL,
      dataset text NOT NULL,
      id bigint GENERATED ALWAYS AS IDENTITY,
      load_id bigint NOT NULL,
      line bigint NOT NULL,
      column_name text,
      value text,
      reason text NOT NULL,
      created_at timestamptz NOT NULL DEFAULT now(),
      PRIMARY KEY (tenant_id, id),
      FOREIGN KEY (tenant_id, load_id) REFERENCES dataset_loads (tenant_id, id)
    );
    CREATE INDEX dataset_quarantine_by_dataset ON dataset_quarantine (tenant_id, dataset, id);
    CREATE INDEX dataset_quarantine_by_load ON dataset_quarantine (tenant_id, load_id);
    ${tenantOwned('dataset_quarantine')}

    -- The engine makes a schema for each of them, and stages loads in temporary tables.
    DO $$ BEGIN
      EXECUTE format('GRANT CREATE, TEMPORARY ON DATABASE %I TO sluice_engine', current_database());
    END $$;`,
};
