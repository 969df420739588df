import { tenantOwned, type Migration } from './migration.ts';

export const migration: Migration = {
  name: '0009-create-compute',
  up: `
    CREATE TABLE users (
      tenant_id uuid NOT NULL REFERENCES tenants (id),
      id uuid NOT NULL,
      email text NOT NULL,
      name text NOT NULL,
      role text NOT NULL CHECK (role IN ('owner', 'admin', 'member', 'viewer')),
      version bigint NOT NULL DEFAULT 1,
      created_at timestamptz NOT NULL DEFAULT now(),
      updated_at timestamptz NOT NULL DEFAULT now(),
      PRIMARY KEY (tenant_id, id)
    );
    CREATE UNIQUE INDEX users_by_email ON users (tenant_id, lower(email));
    ${tenantOwned('users')}

    -- An environment at a provider. Its operations are runs; what they come to moves with them, in their transactions.
    CREATE TABLE compute_environments (
      tenant_id uuid NOT NULL REFERENCES tenants (id),
      id uuid NOT NULL,
      name text NOT NULL,
      -- The provisioner that made it: it is read and deleted with the same text.
      definition text NOT NULL,
      definition_version text NOT NULL,
      definition_hash text NOT NULL REFERENCES definition_versions (hash),
      connection_id uuid,
      input json NOT NULL,
      state text NOT NULL CHECK (state IN ('CREATING', 'ACTIVE', 'DEGRADED', 'ROLLING_BACK', 'FAILED', 'DELETING',
                                           'DELETE_FAILED', 'DELETED')),
      outputs json,
      -- Outputs of the steps that made it, by their ids.
      steps json NOT NULL DEFAULT '{}',
      error json,
      -- Its latest operation.
      operation_id uuid NOT NULL,
      -- When it was last looked at for drift, or made.
      read_at timestamptz NOT NULL DEFAULT now(),
      created_at timestamptz NOT NULL DEFAULT now(),
      updated_at timestamptz NOT NULL DEFAULT now(),
      deleted_at timestamptz,
      -- Whether repos may stand on it: see the foreign key of repos. Stored, for a virtual column can be in no key.
      attachable boolean GENERATED ALWAYS AS (state IN ('ACTIVE', 'DEGRADED')) STORED,
      -- Its connection, as long as it is needed.
      held_connection_id uuid GENERATED ALWAYS AS (CASE WHEN state <> 'DELETED' THEN connection_id END) STORED,
      PRIMARY KEY (tenant_id, id),
      UNIQUE (tenant_id, id, attachable),
      FOREIGN KEY (tenant_id, operation_id) REFERENCES runs (tenant_id, id),
      FOREIGN KEY (tenant_id, held_connection_id) REFERENCES connections (tenant_id, id)
    );
    CREATE UNIQUE INDEX compute_environments_by_name ON compute_environments (tenant_id, lower(name))
      WHERE state <> 'DELETED';
    CREATE INDEX compute_environments_by_connection ON compute_environments (tenant_id, held_connection_id)
      WHERE held_connection_id IS NOT NULL;
    CREATE INDEX compute_environments_unread ON compute_environments (read_at) WHERE attachable;
    CREATE INDEX compute_environments_deleted ON compute_environments (deleted_at) WHERE deleted_at IS NOT NULL;
    ${tenantOwned('compute_environments')}

    CREATE TABLE repos (
      tenant_id uuid NOT NULL REFERENCES tenants (id),
      id uuid NOT NULL,
      name text NOT NULL,
      compute_environment_id uuid NOT NULL,
      -- Always true: as part of the foreign key it says that a repo stands on an attachable environment, or on none.
      needs_attachable boolean GENERATED ALWAYS AS (true) STORED,
      version bigint NOT NULL DEFAULT 1,
      created_at timestamptz NOT NULL DEFAULT now(),
      updated_at timestamptz NOT NULL DEFAULT now(),
      PRIMARY KEY (tenant_id, id),
      CONSTRAINT repos_environment FOREIGN KEY (tenant_id, compute_environment_id, needs_attachable)
        REFERENCES compute_environments (tenant_id, id, attachable) ON UPDATE RESTRICT ON DELETE RESTRICT
    );
    CREATE UNIQUE INDEX repos_by_name ON repos (tenant_id, lower(name));
    CREATE INDEX repos_by_environment ON repos (tenant_id, compute_environment_id, id);
    ${tenantOwned('repos')}

    CREATE TABLE repo_users (
      tenant_id uuid NOT NULL,
      repo_id uuid NOT NULL,
      user_id uuid NOT NULL,
      created_at timestamptz NOT NULL DEFAULT now(),
      PRIMARY KEY (tenant_id, repo_id, user_id),
      CONSTRAINT repo_users_repo FOREIGN KEY (tenant_id, repo_id) REFERENCES repos (tenant_id, id) ON DELETE CASCADE,
      CONSTRAINT repo_users_user FOREIGN KEY (tenant_id, user_id) REFERENCES users (tenant_id, id) ON DELETE CASCADE
    );
    CREATE INDEX repo_users_by_user ON repo_users (tenant_id, user_id, repo_id);
    ${tenantOwned('repo_users')}

    -- An answer is repeated with all its headers, of which there was one.
    ALTER TABLE idempotency_keys ALTER COLUMN location TYPE json
      USING CASE WHEN location IS NOT NULL THEN json_build_object('Location', location) END;
    ALTER TABLE idempotency_keys RENAME COLUMN location TO headers;

    -- Operations are a few among a tenant's many runs.
    CREATE INDEX runs_operations ON runs (tenant_id, id) WHERE kind IN ('create', 'delete');`,
};
