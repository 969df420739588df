import { fileURLToPath } from 'node:url';
import mysql from 'mysql2/promise';
import pg from 'pg';
import type { Target } from '../client.ts';
import { startProgram, type Program } from '../process.ts';
import { NODE_FLAGS } from '../sluice.ts';
import { FAMILY, Load } from './load.ts';
import { askRound } from './round.ts';
import { versus, type Outcome } from './versus.ts';

const BATCHES = 400;
const SINGLE = 30_000;
const CLIENTS = 64;

/** The server under test, and where its shard is. */
export interface Place {
  readonly target: Target;
  readonly pid: number;
  readonly shard: string;
  /** Seconds of processor time that the shard has used so far. */
  readonly shardCpu: () => number;
}

/** Batches of 1,000, four at a time, beside a loop that inserts the same rows with mysql2 over four connections. */
export async function batchesOnMysql(place: Place): Promise<Outcome> {
  const env = { MYSQL_URL: place.shard, MYSQL_TABLE: await tableOnMysql(place.shard, 'looped') };
  return besideLoop('batches of 1,000, MariaDB: mysql2, multi-row INSERT', 'insert-loop.ts', env, place);
}

/** The same on PostgreSQL, beside COPY. */
export async function batchesOnPostgres(place: Place): Promise<Outcome> {
  const env = { POSTGRES_URL: place.shard, POSTGRES_TABLE: await tableOnPostgres(place.shard, 'looped') };
  return besideLoop('batches of 1,000, PostgreSQL: COPY', 'copy-loop.ts', env, place);
}

async function besideLoop(
  name: string,
  program: string,
  env: NodeJS.ProcessEnv,
  { target, pid, shardCpu }: Place,
): Promise<Outcome> {
  const loop = await start(program, env);
  const load = new Load(target, { events: 1000, clients: 4, distinct: 20 });
  const events = BATCHES * 1000;
  try {
    return await versus({
      name,
      ours: { pid, round: () => load.round(BATCHES) },
      peer: { pid: loop.pid, round: async () => (events * 1000) / (await askRound(loop, BATCHES)) },
      events,
      database: shardCpu,
    });
  } finally {
    await loop.stop();
  }
}

/** One event a request, 64 at a time, beside an express route that inserts it through mysql2's pool. */
export async function singleEvents({ target, pid, shard, shardCpu }: Place): Promise<Outcome> {
  const env = { MYSQL_URL: shard, MYSQL_TABLE: await tableOnMysql(shard, 'routed') };
  const peer = await start('express-peer.ts', env);
  const shape = { events: 1, clients: CLIENTS, distinct: 1000 };
  const ours = new Load(target, shape);
  const theirs = new Load({ url: `${peer.url}/api/log`, headers: {} }, shape);
  try {
    return await versus({
      name: 'one event a request, MariaDB: express, mysql2, INSERT',
      ours: { pid, round: () => ours.round(SINGLE) },
      peer: { pid: peer.pid, round: () => theirs.round(SINGLE) },
      events: SINGLE,
      database: shardCpu,
    });
  } finally {
    await peer.stop();
  }
}

function start(file: string, env: NodeJS.ProcessEnv): Promise<Program> {
  return startProgram([...NODE_FLAGS, '--import', 'tsx', fileURLToPath(new URL(file, import.meta.url))], env);
}

/** A table with the columns and indexes of ours, in a database of its own. */
async function tableOnMysql(uri: string, name: string): Promise<string> {
  const db = await mysql.createConnection({ uri });
  const [rows] = await db.query<mysql.RowDataPacket[]>(
    `SELECT table_schema AS home FROM information_schema.tables WHERE table_name = ? AND table_schema LIKE 't\\_%'`,
    [FAMILY],
  );
  await db.query('CREATE DATABASE IF NOT EXISTS bench');
  await db.query(`CREATE TABLE bench.${name} LIKE \`${String(rows[0]!['home'])}\`.${FAMILY}`);
  await db.end();
  return `bench.${name}`;
}

async function tableOnPostgres(connectionString: string, name: string): Promise<string> {
  const db = new pg.Client({ connectionString });
  await db.connect();
  const { rows } = await db.query<{ home: string }>(
    `SELECT schemaname AS home FROM pg_tables WHERE tablename = $1 AND schemaname LIKE 't\\_%'`,
    [FAMILY],
  );
  await db.query('CREATE SCHEMA IF NOT EXISTS bench');
  await db.query(`CREATE TABLE bench.${name} (LIKE "${rows[0]!.home}".${FAMILY} INCLUDING ALL)`);
  await db.end();
  return `bench.${name}`;
}
