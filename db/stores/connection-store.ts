import { randomUUID } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { isJsonObject, type Json, type JsonObject } from '../../core/kernel/json.ts';
import type { Renew, Tokens } from '../../core/kernel/plugin.ts';
import type { ConnectionStore, LiveConnection } from '../../core/kernel/ports.ts';
import type { Database } from '../open.ts';
import type { Vault, WrappedKey } from '../vault.ts';
import { secretsPlace, tokensPlace } from './connection-records.ts';

/** Longer than any token request may take; a process that died is waited for no longer than this. */
const LEASE_MS = 60_000;
const POLL_FIRST_MS = 25;
const POLL_MAX_MS = 500;

const COLUMNS = `c.tenant_id, c.id, c.definition, c.name, c.config, c.secrets, c.state, c.tokens, c.version,
  t.data_key, t.master_key_id`;

const LOAD = `
  SELECT ${COLUMNS} FROM connections c JOIN tenants t ON t.id = c.tenant_id WHERE c.tenant_id = $1 AND c.id = $2`;

// The lease is in the database's time alone; what it returns was read after it was taken.
const LEASE = `
  UPDATE connections c SET renewal_owner = $3, renewal_until = now() + $4 * interval '1 millisecond'
  FROM tenants t
  WHERE c.tenant_id = $1 AND c.id = $2 AND t.id = c.tenant_id AND (c.renewal_until IS NULL OR c.renewal_until < now())
  RETURNING ${COLUMNS}`;

// Other processes keep connections at hand: what is saved here is told to them.
const TELL = `SELECT pg_notify('sluice_changes', 'connection:' || tenant_id || ':' || id), version FROM changed`;

const SAVE = `
  WITH changed AS (
    UPDATE connections SET tokens = $4, renewal_until = NULL, version = version + 1, updated_at = now()
    WHERE tenant_id = $1 AND id = $2 AND renewal_owner = $3
    RETURNING tenant_id, id, version)
  ${TELL}`;

const RELEASE = `UPDATE connections SET renewal_until = NULL WHERE tenant_id = $1 AND id = $2 AND renewal_owner = $3`;

// Whoever says that the credentials fail speaks of those it used: new ones given meanwhile are not judged by them.
const SET_STATE = `
  WITH changed AS (
    UPDATE connections SET state = $3, state_reason = $4, version = version + 1, updated_at = now()
    WHERE tenant_id = $1 AND id = $2 AND version = $5 AND (state, state_reason) IS DISTINCT FROM ($3, $4)
    RETURNING tenant_id, id, version)
  ${TELL}`;

interface Row {
  tenant_id: string;
  id: string;
  definition: string;
  name: string;
  config: JsonObject;
  secrets: Buffer;
  state: LiveConnection['state'];
  tokens: Buffer | null;
  version: number | string;
  data_key: Buffer;
  master_key_id: string;
}

type Named = Pick<LiveConnection, 'tenantId' | 'id'>;

interface Renewed {
  readonly tokens: Tokens;
  /** The connection's version with these tokens. */
  readonly version: number;
}

/** Connections as the engine sees them, secrets in the clear. */
export class DatabaseConnectionStore implements ConnectionStore {
  readonly #engine: Database['engine'];
  readonly #vault: Vault;
  /** Renewals under way in this process: its other runs wait for the same one, and share its failure. */
  readonly #renewals = new Map<string, Promise<Renewed>>();
  /** Versions that holders of a connection have come to know since they loaded it: by its renewed tokens. */
  readonly #versions = new WeakMap<LiveConnection, number>();

  constructor(db: Pick<Database, 'engine'>, vault: Vault) {
    this.#engine = db.engine;
    this.#vault = vault;
  }

  async load(tenantId: string, connectionId: string): Promise<LiveConnection | undefined> {
    const row = await this.#row({ tenantId, id: connectionId });
    return row && this.#live(row);
  }

  async tokens(connection: LiveConnection): Promise<Tokens | undefined> {
    const row = await this.#row(connection);
    return row && this.#tokensOf(row);
  }

  async renewTokens(
    connection: LiveConnection,
    stale: (tokens: Tokens | undefined) => boolean,
    renew: Renew,
  ): Promise<Tokens> {
    const { tokens, version } = await this.#inSingleFlight(connection, stale, renew);
    this.#versions.set(connection, version);
    return tokens;
  }

  async setState(connection: LiveConnection, state: LiveConnection['state'], reason?: string): Promise<void> {
    const { tenantId, id } = connection;
    const version = this.#versions.get(connection) ?? connection.version;
    await this.#engine.query(SET_STATE, [tenantId, id, state, reason ?? null, version]);
  }

  async #inSingleFlight(
    connection: Named,
    stale: (tokens: Tokens | undefined) => boolean,
    renew: Renew,
  ): Promise<Renewed> {
    const name = `${connection.tenantId} ${connection.id}`;
    const underWay = this.#renewals.get(name);
    if (underWay) {
      const renewed = await underWay;
      if (!stale(renewed.tokens)) return renewed;
    }
    const renewal = this.#renewals.get(name) ?? this.#renew(connection, stale, renew);
    this.#renewals.set(name, renewal);
    try {
      return await renewal;
    } finally {
      if (this.#renewals.get(name) === renewal) this.#renewals.delete(name);
    }
  }

  /** Until somebody has renewed: this process under the lease, or another one before it. */
  async #renew(
    { tenantId, id }: Named,
    stale: (tokens: Tokens | undefined) => boolean,
    renew: Renew,
  ): Promise<Renewed> {
    const owner = randomUUID();
    for (let pause = POLL_FIRST_MS; ; pause = Math.min(POLL_MAX_MS, pause * 2)) {
      const { rows } = await this.#engine.query<Row>(LEASE, [tenantId, id, owner, LEASE_MS]);
      const [leased] = rows;
      if (leased) return this.#renewUnderLease(leased, owner, stale, renew);
      const row = await this.#row({ tenantId, id });
      if (!row) throw new Error(`The connection ${id} was deleted while its tokens were renewed.`);
      const tokens = this.#tokensOf(row);
      if (tokens && !stale(tokens)) return { tokens, version: Number(row.version) };
      await sleep(pause);
    }
  }

  async #renewUnderLease(
    row: Row,
    owner: string,
    stale: (tokens: Tokens | undefined) => boolean,
    renew: Renew,
  ): Promise<Renewed> {
    const { tenant_id: tenantId, id } = row;
    try {
      const before = this.#tokensOf(row);
      if (before && !stale(before)) return { tokens: before, version: Number(row.version) };
      const tokens = await renew(before);
      const sealed = this.#vault.seal(tenantId, wrapped(row), tokensPlace(id), JSON.stringify(tokens));
      const { rows } = await this.#engine.query<Pick<Row, 'version'>>(SAVE, [tenantId, id, owner, sealed]);
      const [saved] = rows;
      if (saved) return { tokens, version: Number(saved.version) };
      // Somebody consented anew in the meantime, or the lease ran out: what is kept counts.
      const kept = (await this.#row({ tenantId, id })) ?? row;
      return { tokens: this.#tokensOf(kept) ?? tokens, version: Number(kept.version) };
    } finally {
      await this.#engine.query(RELEASE, [tenantId, id, owner]);
    }
  }

  async #row({ tenantId, id }: Named): Promise<Row | undefined> {
    const { rows } = await this.#engine.query<Row>({
      name: 'connection-load',
      text: LOAD,
      values: [tenantId, id],
    });
    return rows[0];
  }

  #live(row: Row): LiveConnection {
    const text = this.#vault.unseal(row.tenant_id, wrapped(row), secretsPlace(row.id), row.secrets);
    const config = withSecrets(row.config, JSON.parse(text) as JsonObject);
    return {
      tenantId: row.tenant_id,
      id: row.id,
      name: row.name,
      definition: row.definition,
      state: row.state,
      // What a token answer said of the account reads like configuration; what the tenant gave goes before it.
      config: { ...this.#tokensOf(row)?.saved, ...config },
      version: Number(row.version),
    };
  }

  #tokensOf(row: Row): Tokens | undefined {
    if (row.tokens === null) return undefined;
    return JSON.parse(
      this.#vault.unseal(row.tenant_id, wrapped(row), tokensPlace(row.id), row.tokens),
    ) as Tokens;
  }
}

function wrapped(row: Row): WrappedKey {
  return { dataKey: row.data_key, masterKeyId: row.master_key_id };
}

/** The configuration with its secrets at their JSON Pointers again. */
function withSecrets(config: JsonObject, secrets: JsonObject): JsonObject {
  const whole = structuredClone(config) as Record<string, Json>;
  for (const [pointer, value] of Object.entries(secrets)) {
    const path = pointer
      .slice(1)
      .split('/')
      .map((key) => key.replaceAll('~1', '/').replaceAll('~0', '~'));
    let here = whole;
    for (const key of path.slice(0, -1)) {
      const inner = Object.hasOwn(here, key) ? here[key] : undefined;
      const next: Record<string, Json> = isJsonObject(inner) ? inner : {};
      here[key] = next;
      here = next;
    }
    here[path.at(-1)!] = value;
  }
  return whole;
}
