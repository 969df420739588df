import { tenantOwned, type Migration } from './migration.ts';

export const migration: Migration = {
  name: '0010-create-port-leases',
  up: `
    -- Ports of this host that were promised to environments. Nothing listens on them for the platform.
    CREATE TABLE port_leases (
      tenant_id uuid NOT NULL REFERENCES tenants (id),
      environment_id uuid NOT NULL,
      port integer NOT NULL UNIQUE CHECK (port BETWEEN 1 AND 65535),
      leased_at timestamptz NOT NULL DEFAULT now(),
      PRIMARY KEY (tenant_id, environment_id)
    );
    ${tenantOwned('port_leases')}`,
};
