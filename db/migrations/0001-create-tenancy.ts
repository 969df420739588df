import { groupRole, tenantOwned, type Migration } from './migration.ts';

export const migration: Migration = {
  name: '0001-create-tenancy',
  up: `
    ${groupRole('sluice_app')}
    ${groupRole('sluice_engine')}
    GRANT USAGE ON SCHEMA public TO sluice_app, sluice_engine;

    CREATE TABLE tenants (
      id uuid PRIMARY KEY,
      name text NOT NULL,
      -- The tenant's data key, wrapped with the master key (AES-256-GCM); master_key_id names which one.
      data_key bytea NOT NULL,
      master_key_id text NOT NULL,
      created_at timestamptz NOT NULL DEFAULT now()
    );
    ${tenantOwned('tenants', 'id')}

    CREATE TABLE api_keys (
      tenant_id uuid NOT NULL REFERENCES tenants (id),
      id uuid NOT NULL,
      name text NOT NULL,
      role text NOT NULL CHECK (role IN ('owner', 'admin', 'member', 'viewer')),
      scopes text[] NOT NULL,
      -- The first characters of the key, to tell keys apart; the key itself is known by its SHA-256 only.
      prefix text NOT NULL,
      hash bytea NOT NULL UNIQUE,
      expires_at timestamptz,
      revoked_at timestamptz,
      created_at timestamptz NOT NULL DEFAULT now(),
      PRIMARY KEY (tenant_id, id)
    );
    ${tenantOwned('api_keys')}

    CREATE TABLE audit_events (
      tenant_id uuid NOT NULL REFERENCES tenants (id),
      id uuid NOT NULL,
      actor text NOT NULL,
      action text NOT NULL,
      subject text NOT NULL,
      detail json,
      created_at timestamptz NOT NULL DEFAULT now(),
      PRIMARY KEY (tenant_id, id)
    );
    ${tenantOwned('audit_events')}

    -- A POST's first answer, replayed for the same key for 24 hours. The operator's own stand under the nil UUID.
    CREATE TABLE idempotency_keys (
      tenant_id uuid NOT NULL,
      route text NOT NULL,
      key text NOT NULL,
      body_hash bytea NOT NULL,
      status integer NOT NULL,
      location text,
      answer json NOT NULL,
      created_at timestamptz NOT NULL DEFAULT now(),
      PRIMARY KEY (tenant_id, route, key)
    );
    CREATE INDEX idempotency_keys_age ON idempotency_keys (created_at);
    ${tenantOwned('idempotency_keys')}`,
};
