/** One step of the schema. Numbered files, never edited once released; each runs in one transaction. */
export interface Migration {
  readonly name: string;
  /** Plain SQL, run as the owner of the schema. */
  readonly up: string;
}

/**
 * The second lock of every tenant-owned table: forced row-level security. `sluice_app` sees the tenants named in
 * the transaction's `sluice.tenants` (a list: coalesced submissions span tenants), `sluice_engine` sees all.
 */
export function tenantOwned(table: string, key = 'tenant_id'): string {
  return `
    ALTER TABLE ${table} ENABLE ROW LEVEL SECURITY;
    ALTER TABLE ${table} FORCE ROW LEVEL SECURITY;
    CREATE POLICY app ON ${table} TO sluice_app
      USING (${key} = ANY (string_to_array(NULLIF(current_setting('sluice.tenants', true), ''), ',')::uuid[]));
    CREATE POLICY engine ON ${table} TO sluice_engine USING (true);
    GRANT SELECT, INSERT, UPDATE, DELETE ON ${table} TO sluice_app, sluice_engine;`;
}
