import type { Pool } from 'pg';
import type { Authorization, AuthorizationStore } from '../../core/kernel/stores/connections.ts';
import type { Vault } from '../vault.ts';
import { dataKeyOf } from './tenant-store.ts';
import type { Session } from './transaction.ts';

const place = (connectionId: string): string[] => ['authorizations.secrets', connectionId];

const INSERT = `
  INSERT INTO authorizations (state_hash, tenant_id, connection_id, secrets, expires_at)
  VALUES ($1, $2, $3, $4, now() + $5 * interval '1 millisecond')`;

export function authorizationStore(session: Session): AuthorizationStore {
  const { client, vault } = session;
  return {
    async insert(stateHash, { tenantId, connectionId, redirectUri, verifier }, lifetimeMs) {
      const text = JSON.stringify({ redirectUri, verifier });
      const sealed = vault.seal(tenantId, await dataKeyOf(session, tenantId), place(connectionId), text);
      await client.query(INSERT, [stateHash, tenantId, connectionId, sealed, lifetimeMs]);
    },
  };
}

// Old ones go along: nobody else takes them away.
const TAKE = `
  WITH gone AS (
    DELETE FROM authorizations WHERE state_hash = $1 OR expires_at <= now()
    RETURNING state_hash, tenant_id, connection_id, secrets, expires_at > now() AS valid)
  SELECT g.tenant_id, g.connection_id, g.secrets, t.data_key, t.master_key_id
  FROM gone g JOIN tenants t ON t.id = g.tenant_id WHERE g.state_hash = $1 AND g.valid`;

interface TakenRow {
  tenant_id: string;
  connection_id: string;
  secrets: Buffer;
  data_key: Buffer;
  master_key_id: string;
}

/** Takes a consent away, so that its state parameter serves once. */
export async function takeAuthorization(
  engine: Pool,
  vault: Vault,
  stateHash: Buffer,
): Promise<Authorization | undefined> {
  const { rows } = await engine.query<TakenRow>(TAKE, [stateHash]);
  const [row] = rows;
  if (!row) return undefined;
  const wrapped = { dataKey: row.data_key, masterKeyId: row.master_key_id };
  const text = vault.unseal(row.tenant_id, wrapped, place(row.connection_id), row.secrets);
  const { redirectUri, verifier } = JSON.parse(text) as { redirectUri: string; verifier?: string };
  return { tenantId: row.tenant_id, connectionId: row.connection_id, redirectUri, verifier };
}
