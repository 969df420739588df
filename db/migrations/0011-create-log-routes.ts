import { tenantOwned, type Migration } from './migration.ts';

export const migration: Migration = {
  name: '0011-create-log-routes',
  up: `
    -- Where events are forwarded: through a connection of a sink.
    CREATE TABLE log_routes (
      tenant_id uuid NOT NULL REFERENCES tenants (id),
      id uuid NOT NULL,
      connection_id uuid NOT NULL,
      -- Null is all families.
      families text[],
      enabled boolean NOT NULL DEFAULT true,
      version bigint NOT NULL DEFAULT 1,
      created_at timestamptz NOT NULL DEFAULT now(),
      updated_at timestamptz NOT NULL DEFAULT now(),
      PRIMARY KEY (tenant_id, id),
      FOREIGN KEY (tenant_id, connection_id) REFERENCES connections (tenant_id, id)
    );
    CREATE INDEX log_routes_by_connection ON log_routes (tenant_id, connection_id);
    ${tenantOwned('log_routes')}

    -- Batches that were noted on a shard with their rows, until they are part of a run. seq is the shard's.
    CREATE TABLE log_pending (
      tenant_id uuid NOT NULL,
      route_id uuid NOT NULL,
      shard text NOT NULL REFERENCES log_shards (name),
      seq bigint NOT NULL,
      family text NOT NULL,
      first_id bigint NOT NULL,
      events bigint NOT NULL,
      bytes bigint NOT NULL,
      noted_at timestamptz NOT NULL DEFAULT now(),
      PRIMARY KEY (tenant_id, route_id, shard, seq),
      FOREIGN KEY (tenant_id, route_id) REFERENCES log_routes (tenant_id, id) ON DELETE CASCADE
    );
    CREATE INDEX log_pending_by_age ON log_pending (tenant_id, route_id, noted_at);
    CREATE INDEX log_pending_by_family ON log_pending (tenant_id, route_id, family, noted_at);
    ${tenantOwned('log_pending')}

    -- Batches of a connection that have not ended: a sink that is behind gets no more.
    CREATE INDEX runs_forwarding ON runs (tenant_id, connection_id)
      WHERE kind = 'forward' AND state IN ('queued', 'running', 'waiting');

    -- What the platform makes by itself, over and over, and nobody asks for once it has gone well.
    CREATE INDEX runs_routine ON runs (finished_at) WHERE kind IN ('forward', 'read') AND state = 'succeeded';`,
};
