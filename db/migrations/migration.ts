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

/**
 * A role that the pools take on, and that the login may take on. Roles belong to the whole server: another database
 * of it may have made this one, perhaps in this moment. A login that may not make roles finds them made by hand.
 */
export function groupRole(role: string): string {
  return `
    DO $$ BEGIN
      IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = '${role}') THEN
        CREATE ROLE ${role} NOLOGIN;
      END IF;
    EXCEPTION
      WHEN duplicate_object OR unique_violation THEN NULL;
      WHEN insufficient_privilege THEN
        RAISE insufficient_privilege USING
          MESSAGE = format('The login %s may not create the role ${role}.', current_user),
          HINT = format('As an administrator: CREATE ROLE ${role} NOLOGIN; GRANT ${role} TO %I;', current_user);
    END $$;
    DO $$ BEGIN
      IF NOT pg_has_role('${role}', 'USAGE') THEN
        GRANT ${role} TO CURRENT_USER;
      END IF;
    EXCEPTION
      WHEN unique_violation THEN NULL;
      WHEN insufficient_privilege THEN
        IF NOT pg_has_role('${role}', 'MEMBER') THEN
          RAISE insufficient_privilege USING
            MESSAGE = format('The login %s may not take on the role ${role}.', current_user),
            HINT = format('As an administrator: GRANT ${role} TO %I;', current_user);
        END IF;
    END $$;`;
}
