import { randomUUID } from 'node:crypto';
import { SluiceError } from '../../core/kernel/errors.ts';
import type { JsonObject } from '../../core/kernel/json.ts';
import type { Connection, ConnectionRecords } from '../../core/kernel/stores/connections.ts';
import type { Connection as ConnectionRow } from '../models/connection.ts';
import { explained } from './constraint.ts';
import { cut, pageOptions } from './page.ts';
import { dataKeyOf } from './tenant-store.ts';
import { orConflict, type Session } from './transaction.ts';

/** Where sealed values stand: part of what they are bound to. */
export const secretsPlace = (id: string): string[] => ['connections.secrets', id];
export const tokensPlace = (id: string): string[] => ['connections.tokens', id];

const USERS = `SELECT id FROM automations WHERE tenant_id = $1 AND connection_id = $2 ORDER BY id`;

// A new consent ends whatever renewal was under way with the old tokens.
const SAVE_TOKENS = `
  UPDATE connections SET tokens = $3, state = 'active', state_reason = NULL, renewal_owner = $4, renewal_until = NULL,
    version = version + 1, updated_at = now()
  WHERE tenant_id = $1 AND id = $2`;

export function connectionRecords(session: Session): ConnectionRecords {
  const { models, transaction, client, vault } = session;
  const seal = async (tenantId: string, place: readonly string[], value: unknown): Promise<Buffer> =>
    vault.seal(tenantId, await dataKeyOf(session, tenantId), place, JSON.stringify(value));
  const find = (tenantId: string, id: string): Promise<ConnectionRow | null> =>
    models.Connection.findOne({ where: { tenantId, id }, transaction });

  return {
    async insert({ stateReason, ...connection }, secrets) {
      const sealed = await seal(connection.tenantId, secretsPlace(connection.id), secrets);
      await models.Connection.create(
        { ...connection, stateReason: stateReason ?? null, secrets: sealed },
        { transaction, silent: true },
      );
    },
    async find(tenantId, id) {
      const row = await find(tenantId, id);
      return row === null ? undefined : showConnection(row);
    },
    async secrets(tenantId, id) {
      const row = await find(tenantId, id);
      if (row === null) return {};
      const text = vault.unseal(tenantId, await dataKeyOf(session, tenantId), secretsPlace(id), row.secrets);
      return JSON.parse(text) as JsonObject;
    },
    async list(tenantId, filter, page) {
      const rows = await models.Connection.findAll({
        ...pageOptions({ tenantId, ...filter }, page),
        transaction,
      });
      return cut(rows, page, showConnection);
    },
    async update(connection, secrets) {
      const { tenantId, id, name, config, state, stateReason } = connection;
      const row = await models.Connection.findOne({
        where: { tenantId, id },
        transaction,
        rejectOnEmpty: true,
      });
      const sealed = await seal(tenantId, secretsPlace(id), secrets);
      row.set({ name, config, state, stateReason: stateReason ?? null, secrets: sealed });
      return orConflict('connection', async () => showConnection(await row.save({ transaction })));
    },
    async saveTokens(tenantId, id, tokens) {
      await client.query(SAVE_TOKENS, [
        tenantId,
        id,
        await seal(tenantId, tokensPlace(id), tokens),
        randomUUID(),
      ]);
    },
    async users(tenantId, id) {
      const { rows } = await client.query<{ id: string }>(USERS, [tenantId, id]);
      return rows.map((row) => row.id);
    },
    async delete(tenantId, id) {
      await explained(
        () => models.Connection.destroy({ where: { tenantId, id }, transaction }),
        (_broken, cause) => new SluiceError('IN_USE', 'The connection has come to be used a moment ago.', { cause }),
      );
    },
  };
}

function showConnection(row: ConnectionRow): Connection {
  const { tenantId, id, definition, name, config, state, stateReason, createdAt, updatedAt } = row;
  return {
    tenantId,
    id,
    definition,
    name,
    config,
    state,
    stateReason: stateReason ?? undefined,
    version: Number(row.version),
    createdAt,
    updatedAt,
  };
}
