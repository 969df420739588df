import { chmod, mkdtemp, rm } from 'node:fs/promises';
import { connect, createServer, type AddressInfo, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect } from 'chai';
import pg from 'pg';
import { startEmbedded } from '../../db/embedded.ts';
import plugin from '../../plugins/postgres/index.ts';
import { namesOf } from '../../plugins/postgres/names.ts';
import { createDatabase } from '../support/database.ts';
import { rejection } from '../support/rejection.ts';
import {
  logStoreContract,
  newTenant,
  storeOf,
  type LogStoreStand,
  type PrivateServer,
} from './log-store.contract.ts';

let database: { url: string; drop(): Promise<void> };

async function run(url: string, ...statements: readonly string[]): Promise<unknown> {
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  try {
    let rows: unknown;
    for (const sql of statements) ({ rows } = await client.query(sql));
    return rows;
  } finally {
    await client.end();
  }
}

/** A cluster of its own behind a relay, which keeps its port over restarts and can stop passing anything on. */
async function privateServer(): Promise<PrivateServer> {
  const dataDir = await mkdtemp(join(tmpdir(), 'sluice-test-'));
  await chmod(dataDir, 0o711);
  let embedded = await startEmbedded({ dataDir });
  const relay = await startRelay(() => Number(new URL(embedded.url).port));
  const url = new URL(embedded.url);
  url.port = String(relay.port);
  let running = true;
  return {
    url: url.href,
    async stop() {
      await embedded.stop();
      running = false;
    },
    async start() {
      embedded = await startEmbedded({ dataDir });
      running = true;
    },
    freeze: () => relay.freeze(true),
    thaw: () => relay.freeze(false),
    async remove() {
      relay.close();
      if (running) await embedded.stop();
      await rm(dataDir, { recursive: true, force: true });
    },
  };
}

async function startRelay(
  target: () => number,
): Promise<{ port: number; freeze(frozen: boolean): void; close(): void }> {
  const sockets = new Set<Socket>();
  let frozen = false;
  const server = createServer((client) => {
    const upstream = connect(target(), '127.0.0.1');
    for (const [from, to] of [
      [client, upstream],
      [upstream, client],
    ] as const) {
      sockets.add(from);
      from.on('data', (chunk) => to.write(chunk));
      from.on('error', () => to.destroy());
      from.on('close', () => {
        sockets.delete(from);
        to.destroy();
      });
      if (frozen) from.pause();
    }
  });
  await new Promise<void>((listening) => server.listen(0, '127.0.0.1', listening));
  return {
    port: (server.address() as AddressInfo).port,
    freeze(value) {
      frozen = value;
      for (const socket of sockets) {
        if (value) socket.pause();
        else socket.resume();
      }
    },
    close() {
      server.close();
      for (const socket of sockets) socket.destroy();
    },
  };
}

const stand: LogStoreStand = {
  plugin,
  url: async () => database.url,
  privateServer,
  parameter: (position) => `$${position}`,
  bools: { true: true, false: false },
  async asUser(tenant, user, sql) {
    const names = namesOf(tenant);
    return run(
      database.url,
      `SET SESSION AUTHORIZATION "${names[user]}"`,
      `SET search_path = "${names.schema}", pg_catalog`,
      sql,
    );
  },
  asAdministrator: (tenant, sql) => run(database.url, `SET search_path = "${namesOf(tenant).schema}"`, sql),
  forbidden(other) {
    const { schema, readOnly } = namesOf(other);
    return [
      'INSERT INTO events (id) VALUES (9)',
      'UPDATE events SET n = 0',
      'DELETE FROM events',
      'TRUNCATE TABLE events',
      'DROP TABLE events',
      'ALTER TABLE events ADD COLUMN x INT',
      'CREATE TABLE mine (x INT)',
      'CREATE TABLE public.mine (x INT)',
      'CREATE TEMPORARY TABLE mine (x INT)',
      'CREATE VIEW mine AS SELECT 1',
      'CREATE SCHEMA mine',
      'CREATE ROLE mine',
      'CREATE FUNCTION f() RETURNS int LANGUAGE sql RETURN 1',
      'LOCK TABLE events IN EXCLUSIVE MODE',
      `GRANT "${readOnly}" TO CURRENT_USER`,
      `SELECT * FROM "${schema}".events`,
      `SELECT * FROM "${schema}"._keys`,
      `INSERT INTO "${schema}".events (id) VALUES (9)`,
      'SELECT * FROM pg_authid',
      'SELECT rolpassword FROM pg_authid',
      "SELECT pg_read_file('/etc/passwd')",
      "SELECT pg_ls_dir('/')",
      "SELECT lo_import('/etc/passwd')",
      "COPY events TO '/tmp/sluice-copy'",
      "COPY events FROM '/etc/passwd'",
      "COPY events TO PROGRAM 'cat'",
      'SELECT pg_reload_conf()',
      "ALTER SYSTEM SET work_mem = '1GB'",
    ];
  },
  async connections() {
    // A tenant has no connections of its own, but the use of some. Each test has one tenant at work.
    const sql =
      "SELECT COUNT(*) FILTER (WHERE state <> 'idle')::int AS open, COUNT(*) FILTER (WHERE state = 'active')::int AS running " +
      "FROM pg_stat_activity WHERE datname = current_database() AND application_name = 'sluice-logs'";
    const [row] = (await run(database.url, sql)) as { open: number; running: number }[];
    return row ?? { open: 0, running: 0 };
  },
};

describe('postgres', () => {
  before(async () => {
    database = await createDatabase();
  });

  logStoreContract('postgres', stand);

  describe('PostgreSQL servers', () => {
    it('let nobody log in as a tenant’s role', async () => {
      const shard = storeOf(plugin).open(database.url, { name: 'own' });
      const tenant = newTenant();
      await shard.openTenant(tenant);
      for (const user of [namesOf(tenant).readOnly, namesOf(tenant).readWrite]) {
        const url = new URL(database.url);
        url.username = user;
        url.password = encodeURIComponent(tenant.password);
        expect(await rejection(run(url.href, 'SELECT 1'))).to.have.property('code', '28P01');
      }
      await shard.dropTenant(tenant);
      await shard.close();
    });

    it('may hold two shards, which share a tenant’s roles', async () => {
      const other = await createDatabase();
      const shards = [database.url, other.url].map((url, index) =>
        storeOf(plugin).open(url, { name: `s${index}` }),
      );
      const tenant = newTenant();
      await Promise.all([...shards, ...shards].map((shard) => shard.openTenant(tenant)));
      await shards[0]!.dropTenant(tenant);
      await shards[1]!.ensureTable(tenant, 'events', [{ name: 'n', type: 'int' }], 1);
      const query = { sql: 'SELECT n FROM events', values: [] };
      await shards[1]!.query(tenant, query, { timeoutMs: 5000, maxRows: 1, maxBytes: 10 });
      await shards[1]!.dropTenant(tenant);
      const left = await run(
        database.url,
        `SELECT FROM pg_roles WHERE rolname LIKE '${namesOf(tenant).schema}%'`,
      );
      expect(left).to.deep.equal([]);
      for (const shard of shards) await shard.close();
      await other.drop();
    });
  });

  // Last: hooks run in the order in which they stand, and the contract's drop their tenants.
  after(() => database.drop());
});
