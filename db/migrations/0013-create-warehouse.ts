import { tenantOwned, type Migration } from './migration.ts';

export const migration: Migration = {
  name: '0013-create-warehouse',
  up: `
    -- What an open export has made of each table.
    CREATE TABLE dataset_exported_tables (
      tenant_id uuid NOT NULL,
      export_id bigint NOT NULL,
      table_name text NOT NULL,
      exported json NOT NULL,
      PRIMARY KEY (tenant_id, export_id, table_name),
      FOREIGN KEY (tenant_id, export_id) REFERENCES dataset_exports (tenant_id, id)
    );
    ${tenantOwned('dataset_exported_tables')}

    -- The manifest: which object is current for a partition. The empty text stands for a table without partitions.
    CREATE TABLE dataset_partitions (
      tenant_id uuid NOT NULL,
      dataset text NOT NULL,
      table_name text NOT NULL,
      partition text NOT NULL,
      object_key text NOT NULL,
      rows bigint NOT NULL,
      hash_high numeric(30, 0) NOT NULL,
      hash_low numeric(30, 0) NOT NULL,
      bytes bigint NOT NULL,
      -- Of models: the run that built it, and by which text. One that is replayed does not build it again.
      run_id uuid,
      definition_hash text,
      built_at timestamptz NOT NULL DEFAULT now(),
      PRIMARY KEY (tenant_id, dataset, table_name, partition),
      FOREIGN KEY (tenant_id, dataset) REFERENCES datasets (tenant_id, id)
    );
    ${tenantOwned('dataset_partitions')}

    -- Partitions of models that are to be built; the empty text stands for all. A build takes marks, and what it has made
    -- of them clears them when its run ends.
    CREATE TABLE dataset_marks (
      tenant_id uuid NOT NULL,
      dataset text NOT NULL,
      id bigint GENERATED ALWAYS AS IDENTITY,
      table_name text NOT NULL,
      partition text NOT NULL,
      -- Why it was not built, where a build has tried.
      error text,
      marked_at timestamptz NOT NULL DEFAULT now(),
      PRIMARY KEY (tenant_id, id),
      FOREIGN KEY (tenant_id, dataset) REFERENCES datasets (tenant_id, id)
    );
    CREATE INDEX dataset_marks_by_dataset ON dataset_marks (tenant_id, dataset, table_name, partition);
    ${tenantOwned('dataset_marks')}

    -- What a build has made, until its run ends.
    CREATE TABLE dataset_staged (
      tenant_id uuid NOT NULL,
      dataset text NOT NULL,
      run_id uuid NOT NULL,
      table_name text NOT NULL,
      partition text NOT NULL,
      -- Null where there are no rows, or where it could not be built.
      made json,
      error text,
      -- Partitions that are to be built because of it, and marks that have asked for it.
      follows json NOT NULL,
      marks bigint[] NOT NULL,
      PRIMARY KEY (tenant_id, run_id, table_name, partition),
      FOREIGN KEY (tenant_id, dataset) REFERENCES datasets (tenant_id, id)
    );
    ${tenantOwned('dataset_staged')}

    -- Objects that were current, and go a day after they were replaced.
    CREATE TABLE dataset_replaced (
      tenant_id uuid NOT NULL,
      dataset text NOT NULL,
      object_key text NOT NULL,
      replaced_at timestamptz NOT NULL DEFAULT now(),
      PRIMARY KEY (tenant_id, dataset, object_key),
      FOREIGN KEY (tenant_id, dataset) REFERENCES datasets (tenant_id, id)
    );
    ${tenantOwned('dataset_replaced')}`,
};
