import { notFound, SluiceError } from '../../kernel/errors.ts';
import { uuid7 } from '../../kernel/ids.ts';
import type { Json, JsonObject } from '../../kernel/json.ts';
import { followPointer } from '../../kernel/json.ts';
import type { Connection, ConnectionSecrets } from '../../kernel/stores/connections.ts';
import type { Stores } from '../../kernel/stores/stores.ts';
import { audit, type Actor } from '../audit/record.ts';
import { turnOn, type IntakeDeps } from '../datasets/turning-on.ts';
import type { Catalogue } from '../definitions/catalogue.ts';
import { completeConfig, planNamed, splitSecrets, type CheckUrl } from './config.ts';

export interface ConnectionDeps extends Pick<IntakeDeps, 'objects'> {
  readonly catalogue: Catalogue;
  readonly checkUrl: CheckUrl;
}

/** A connection and the names of the secrets that are kept for it: all that ever leaves of them. */
export interface ShownConnection {
  readonly connection: Connection;
  readonly secretNames: readonly string[];
}

/** Makes a connection; one of a dataset turns that on. */
export async function createConnection(
  deps: ConnectionDeps,
  stores: Stores,
  who: Actor,
  wanted: { readonly definition: string; readonly name: string; readonly config: JsonObject },
): Promise<ShownConnection> {
  const plan = planNamed(deps.catalogue, wanted.definition);
  const { config, secrets } = splitSecrets(plan, completeConfig(plan, wanted.config, deps.checkUrl));
  const now = new Date();
  const connection: Connection = {
    tenantId: who.tenantId,
    id: uuid7(now.getTime()),
    definition: plan.id,
    name: wanted.name,
    config,
    state: 'active',
    stateReason: undefined,
    version: 1,
    createdAt: now,
    updatedAt: now,
  };
  await stores.connections.insert(connection, secrets);
  await audit(stores, who, 'connection.create', `connection:${connection.id}`, {
    name: connection.name,
    definition: plan.id,
  });
  if (plan.dataset) await turnOn(deps, stores, who, connection);
  return { connection, secretNames: namesOf(secrets) };
}

export async function findConnection(stores: Stores, tenantId: string, id: string): Promise<Connection> {
  const connection = await stores.connections.find(tenantId, id);
  if (!connection) throw notFound('connection');
  return connection;
}

export async function showConnection(stores: Stores, connection: Connection): Promise<ShownConnection> {
  const secrets = await stores.connections.secrets(connection.tenantId, connection.id);
  return { connection, secretNames: namesOf(secrets) };
}

/**
 * Changes name or configuration. `config` is merged as RFC 7396 says: a key given replaces, null removes, and secrets
 * not named stay. What comes of it is checked whole.
 */
export async function changeConnection(
  { catalogue, checkUrl }: ConnectionDeps,
  stores: Stores,
  who: Actor,
  before: Connection,
  change: { readonly name?: string; readonly config?: JsonObject },
): Promise<ShownConnection> {
  const plan = planNamed(catalogue, before.definition);
  const kept = await stores.connections.secrets(before.tenantId, before.id);
  const given = mergePatch(withSecrets(before.config, kept), change.config ?? {}) as JsonObject;
  const { config, secrets } = splitSecrets(plan, completeConfig(plan, given, checkUrl));
  const connection = await stores.connections.update(
    // New credentials may work where the old ones did not; the next request tells.
    {
      ...before,
      name: change.name ?? before.name,
      config,
      ...(change.config && { state: 'active', stateReason: undefined }),
    },
    secrets,
  );
  await audit(stores, who, 'connection.change', `connection:${before.id}`, {
    keys: Object.keys(change.config ?? {}),
  });
  await stores.changed({ noun: 'connection', tenantId: before.tenantId, id: before.id });
  return { connection, secretNames: namesOf(secrets) };
}

/**
 * Throws IN_USE naming the automations, compute environments and log routes that use it. A dataset that it has turned on
 * is off from then on, and keeps what it has.
 */
export async function deleteConnection(stores: Stores, who: Actor, connection: Connection): Promise<void> {
  const { tenantId, id, name } = connection;
  const users = await stores.connections.users(tenantId, id);
  if (users.length > 0) {
    const detail = `The connection "${name}" is used by ${users.length} action${users.length > 1 ? 's' : ''}. Detach them first.`;
    throw inUse(detail, 'action', users);
  }
  const environments = await stores.environments.byConnection(tenantId, id, 100);
  if (environments.length > 0) {
    const detail = `The connection "${name}" is used by compute environments. Delete them first: it takes the connection to do so.`;
    throw inUse(detail, 'compute environment', environments);
  }
  const routes = await stores.logRoutes.byConnection(tenantId, id, 100);
  if (routes.length > 0) {
    throw inUse(`The connection "${name}" is used by log routes. Delete them first.`, 'log route', routes);
  }
  await stores.connections.delete(connection.tenantId, connection.id);
  await audit(stores, who, 'connection.delete', `connection:${connection.id}`, { name: connection.name });
  await stores.changed({ noun: 'connection', tenantId: connection.tenantId, id: connection.id });
}

function inUse(detail: string, noun: string, ids: readonly string[]): SluiceError {
  const errors = ids.map((id) => ({ path: '', message: `It is used by the ${noun} ${id}.` }));
  return new SluiceError('IN_USE', detail, { errors });
}

function namesOf(secrets: ConnectionSecrets): string[] {
  return Object.keys(secrets).map((pointer) => pointer.slice(1));
}

function withSecrets(config: JsonObject, secrets: ConnectionSecrets): JsonObject {
  return Object.entries(secrets).reduce<JsonObject>((whole, [pointer, value]) => {
    if (followPointer(whole, pointer) !== undefined) return whole;
    const path = pointer
      .slice(1)
      .split('/')
      .map((key) => key.replaceAll('~1', '/').replaceAll('~0', '~'));
    const patch = path.reduceRight<Json>((inner, key) => ({ [key]: inner }), value);
    return mergePatch(whole, patch) as JsonObject;
  }, config);
}

/** RFC 7396, section 2. */
function mergePatch(target: Json, patch: Json): Json {
  if (!isMap(patch)) return patch;
  const merged: Record<string, Json> = isMap(target) ? { ...target } : {};
  for (const [key, value] of Object.entries(patch)) {
    if (value === null) delete merged[key];
    else merged[key] = mergePatch(Object.hasOwn(merged, key) ? merged[key]! : null, value);
  }
  return merged;
}

function isMap(value: Json): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
