import { tenantOwned, type Migration } from './migration.ts';

/** Whose rows shards are: the operator's, who stands under the nil UUID. */
const OPERATOR = `'00000000-0000-0000-0000-000000000000'::uuid`;

export const migration: Migration = {
  name: '0006-create-logs',
  up: `
    -- The servers that hold logs.
    CREATE TABLE log_shards (
      name text PRIMARY KEY,
      -- The plugin that speaks its protocol.
      store text NOT NULL,
      -- An administrator's URL, sealed with a data key of its own; master_key_id names what wraps that.
      url bytea NOT NULL,
      data_key bytea NOT NULL,
      master_key_id text NOT NULL,
      weight bigint NOT NULL DEFAULT 1 CHECK (weight >= 0),
      state text NOT NULL DEFAULT 'active' CHECK (state IN ('active', 'draining', 'down')),
      created_at timestamptz NOT NULL DEFAULT now()
    );
    ${tenantOwned('log_shards', OPERATOR)}

    -- A tenant on a shard: the password of its users there, sealed, and the bytes its tables take.
    CREATE TABLE log_tenants (
      tenant_id uuid NOT NULL REFERENCES tenants (id),
      shard text NOT NULL REFERENCES log_shards (name),
      password bytea NOT NULL,
      bytes bigint NOT NULL DEFAULT 0,
      created_at timestamptz NOT NULL DEFAULT now(),
      PRIMARY KEY (tenant_id, shard)
    );
    ${tenantOwned('log_tenants')}

    -- Where all new families of a tenant go.
    CREATE TABLE log_pins (
      tenant_id uuid PRIMARY KEY REFERENCES tenants (id),
      shard text NOT NULL REFERENCES log_shards (name)
    );
    ${tenantOwned('log_pins')}

    CREATE TABLE log_families (
      tenant_id uuid NOT NULL REFERENCES tenants (id),
      name text NOT NULL,
      -- Raised by every addition of columns; a column carries the version that brought it.
      version bigint NOT NULL DEFAULT 1,
      -- The version that the table on the shard is known to have.
      applied bigint NOT NULL DEFAULT 0,
      -- Ids below are given out, in blocks.
      next_id bigint NOT NULL DEFAULT 1 CHECK (next_id BETWEEN 1 AND 9007199254740992),
      retention_days bigint CHECK (retention_days > 0),
      created_at timestamptz NOT NULL DEFAULT now(),
      PRIMARY KEY (tenant_id, name)
    );
    CREATE UNIQUE INDEX log_families_by_name ON log_families (tenant_id, lower(name));
    ${tenantOwned('log_families')}

    CREATE TABLE log_columns (
      tenant_id uuid NOT NULL,
      family text NOT NULL,
      name text NOT NULL,
      type text NOT NULL,
      position bigint NOT NULL,
      version bigint NOT NULL,
      PRIMARY KEY (tenant_id, family, name),
      FOREIGN KEY (tenant_id, family) REFERENCES log_families (tenant_id, name) ON DELETE CASCADE
    );
    CREATE UNIQUE INDEX log_columns_by_name ON log_columns (tenant_id, family, lower(name));
    ${tenantOwned('log_columns')}

    -- Each family has 64 slices from birth; a slice's epoch rises when it moves.
    CREATE TABLE log_slices (
      tenant_id uuid NOT NULL,
      family text NOT NULL,
      slice bigint NOT NULL CHECK (slice BETWEEN 0 AND 63),
      shard text NOT NULL REFERENCES log_shards (name),
      epoch bigint NOT NULL DEFAULT 1,
      PRIMARY KEY (tenant_id, family, slice),
      FOREIGN KEY (tenant_id, family) REFERENCES log_families (tenant_id, name) ON DELETE CASCADE
    );
    CREATE INDEX log_slices_by_shard ON log_slices (shard);
    ${tenantOwned('log_slices')}

    -- What a tenant used on a day (UTC).
    CREATE TABLE usage_days (
      tenant_id uuid NOT NULL REFERENCES tenants (id),
      day date NOT NULL,
      events bigint NOT NULL DEFAULT 0,
      bytes bigint NOT NULL DEFAULT 0,
      queries bigint NOT NULL DEFAULT 0,
      storage bigint NOT NULL DEFAULT 0,
      PRIMARY KEY (tenant_id, day)
    );
    ${tenantOwned('usage_days')}

    -- The most a tenant may use in a day; null is no limit.
    CREATE TABLE usage_quotas (
      tenant_id uuid PRIMARY KEY REFERENCES tenants (id),
      events bigint CHECK (events >= 0),
      bytes bigint CHECK (bytes >= 0),
      queries bigint CHECK (queries >= 0)
    );
    ${tenantOwned('usage_quotas')}`,
};
