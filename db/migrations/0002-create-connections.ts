import { tenantOwned, type Migration } from './migration.ts';

export const migration: Migration = {
  name: '0002-create-connections',
  up: `
    -- The exact text of every definition ever loaded, so that a run can pin one. Shared by all tenants.
    CREATE TABLE definition_versions (
      hash text PRIMARY KEY,
      definition text NOT NULL,
      version text NOT NULL,
      kind text NOT NULL,
      file text NOT NULL,
      source text NOT NULL,
      -- Other files that it names, by their path beside it.
      files jsonb NOT NULL DEFAULT '{}',
      created_at timestamptz NOT NULL DEFAULT now()
    );
    CREATE INDEX definition_versions_by_id ON definition_versions (definition, created_at DESC);
    GRANT SELECT, INSERT ON definition_versions TO sluice_app, sluice_engine;

    CREATE TABLE connections (
      tenant_id uuid NOT NULL REFERENCES tenants (id),
      id uuid NOT NULL,
      definition text NOT NULL,
      name text NOT NULL,
      -- What is not secret, in the clear; what is, in an AES-256-GCM envelope bound to tenant and connection.
      config jsonb NOT NULL,
      secrets bytea NOT NULL,
      state text NOT NULL CHECK (state IN ('active', 'needs_reauth')),
      state_reason text,
      tokens bytea,
      -- Single flight of token renewal: who renews, and until when others wait for it.
      renewal_owner uuid,
      renewal_until timestamptz,
      version bigint NOT NULL DEFAULT 1,
      created_at timestamptz NOT NULL DEFAULT now(),
      updated_at timestamptz NOT NULL DEFAULT now(),
      PRIMARY KEY (tenant_id, id)
    );
    CREATE INDEX connections_by_definition ON connections (tenant_id, definition);
    ${tenantOwned('connections')}

    -- A consent under way: the state parameter is known by its SHA-256 only.
    CREATE TABLE authorizations (
      state_hash bytea PRIMARY KEY,
      tenant_id uuid NOT NULL,
      connection_id uuid NOT NULL,
      -- Redirect URI and PKCE verifier, in the tenant's envelope.
      secrets bytea NOT NULL,
      expires_at timestamptz NOT NULL,
      FOREIGN KEY (tenant_id, connection_id) REFERENCES connections (tenant_id, id) ON DELETE CASCADE
    );
    ${tenantOwned('authorizations')}`,
};
