import type { Form } from '../../core/kernel/stores/forms.ts';
import type { Directory } from '../../core/kernel/stores/stores.ts';
import type { ApiKey, Tenant } from '../../core/kernel/stores/tenancy.ts';
import type { Database } from '../open.ts';
import type { Vault } from '../vault.ts';
import { showKey } from './api-key-store.ts';
import { takeAuthorization } from './authorization-store.ts';
import { addDefinitions, findDefinition } from './definition-store.ts';
import { cut } from './page.ts';

const KEY = `
  SELECT tenant_id AS "tenantId", id, name, role, scopes, prefix, expires_at AS "expiresAt",
    revoked_at AS "revokedAt", created_at AS "createdAt"
  FROM api_keys WHERE hash = $1`;

const FORM = `
  SELECT tenant_id AS "tenantId", id, title, questions, published, version, created_at AS "createdAt",
    updated_at AS "updatedAt"
  FROM forms WHERE id = $1 AND published`;

const TENANT = `SELECT id, name, created_at AS "createdAt" FROM tenants WHERE id = $1`;

const TENANT_NAMED = `
  SELECT id, name, created_at AS "createdAt" FROM tenants WHERE name = $1 ORDER BY created_at, id LIMIT 1`;

const TENANTS = `
  SELECT id, name, created_at AS "createdAt" FROM tenants WHERE $1::uuid IS NULL OR id < $1
  ORDER BY id DESC LIMIT $2`;

const PURGE = `DELETE FROM idempotency_keys WHERE created_at < now() - interval '24 hours'`;

type KeyRow = Parameters<typeof showKey>[0];

export function directory({ engine }: Pick<Database, 'engine'>, vault: Vault): Directory {
  return {
    async keyByHash(hash): Promise<ApiKey | undefined> {
      const { rows } = await engine.query<KeyRow>(KEY, [hash]);
      return rows[0] && showKey(rows[0]);
    },
    async publishedForm(id) {
      const { rows } = await engine.query<Form>(FORM, [id]);
      return rows[0];
    },
    takeAuthorization: (stateHash) => takeAuthorization(engine, vault, stateHash),
    async tenant(id) {
      const { rows } = await engine.query<Tenant>(TENANT, [id]);
      return rows[0];
    },
    async tenantNamed(name) {
      const { rows } = await engine.query<Tenant>(TENANT_NAMED, [name]);
      return rows[0];
    },
    async tenants(page) {
      const { rows } = await engine.query<Tenant>(TENANTS, [page.after ?? null, page.limit + 1]);
      return cut(rows, page, (row) => row);
    },
    definition: (hash) => findDefinition(engine, hash),
    addDefinitions: (versions) => addDefinitions(engine, versions),
    async purgeIdempotencyKeys() {
      const { rowCount } = await engine.query(PURGE);
      return rowCount ?? 0;
    },
    async ping() {
      await engine.query('SELECT 1');
    },
  };
}
