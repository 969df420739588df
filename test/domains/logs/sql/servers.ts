import { randomBytes } from 'node:crypto';
import mysql from 'mysql2/promise';
import pg from 'pg';
import type { FamilyShape } from '../../../../core/domains/logs/sql/catalog.ts';
import type { Json } from '../../../../core/kernel/json.ts';
import type { LogStatement, LogType } from '../../../../core/kernel/logs.ts';
import { createDatabase } from '../../../support/database.ts';
import { mysqlServers } from '../../../support/mysql-servers.ts';
import { ROWS } from './sample.ts';

/** A server that holds the sample families. */
export interface SampleServer {
  /** The database or schema they are in. */
  readonly home: string;
  run(statement: LogStatement): Promise<{ columns: readonly string[]; rows: readonly (readonly Json[])[] }>;
  close(): Promise<void>;
}

const MYSQL_TYPES: Readonly<Record<LogType, string>> = {
  string: 'TEXT',
  int: 'BIGINT',
  float: 'DOUBLE',
  bool: 'TINYINT(1)',
  timestamp: 'DATETIME(6)',
  json: 'LONGTEXT',
};

const POSTGRES_TYPES: Readonly<Record<LogType, string>> = {
  string: 'text COLLATE "C"',
  int: 'bigint',
  float: 'double precision',
  bool: 'boolean',
  timestamp: 'timestamp(6)',
  json: 'text COLLATE "C"',
};

function tableOf(family: FamilyShape, types: Readonly<Record<LogType, string>>, quote: string, time: string): string {
  const columns = family.columns.map(({ name, type }) => `${quote}${name}${quote} ${types[type]}`);
  const parts = ['id BIGINT NOT NULL PRIMARY KEY', time, ...columns];
  return `CREATE TABLE ${family.name} (${parts.join(', ')})`;
}

/** The same session as the MySQL store's. */
const SESSION =
  "SET sql_mode = 'STRICT_ALL_TABLES,NO_ENGINE_SUBSTITUTION', time_zone = '+00:00', NAMES utf8mb4 COLLATE utf8mb4_nopad_bin";

export async function mysqlSample(families: readonly FamilyShape[]): Promise<SampleServer> {
  const [url] = await mysqlServers(1);
  const home = `sql_${randomBytes(6).toString('hex')}`;
  const connection = await mysql.createConnection({ uri: url!, charset: 'UTF8MB4_BIN' });
  await connection.query(`CREATE DATABASE ${home} CHARACTER SET utf8mb4 COLLATE utf8mb4_nopad_bin`);
  await connection.query(`USE ${home}`);
  await connection.query(SESSION);
  for (const family of families) {
    await connection.query(tableOf(family, MYSQL_TYPES, '`', '_time DATETIME(6) NOT NULL DEFAULT CURRENT_TIMESTAMP(6) INVISIBLE'));
    const columns = ['id', ...family.columns.map(({ name }) => `\`${name}\``)].join(', ');
    if (ROWS[family.name]!.length > 0) await connection.query(`INSERT INTO ${family.name} (${columns}) VALUES ?`, [ROWS[family.name]]);
  }
  return {
    home,
    async run({ sql, values }) {
      const options = { sql, values: [...values], rowsAsArray: true, typeCast: asText };
      const [rows, fields] = await connection.query<mysql.RowDataPacket[]>(options);
      // A SET answers with neither.
      return { columns: (fields ?? []).map(({ name }) => name), rows: rows as unknown as Json[][] };
    },
    async close() {
      await connection.query(`DROP DATABASE ${home}`);
      await connection.end();
    },
  };
}

const asText: mysql.TypeCast = (field) => field.string();

export async function postgresSample(families: readonly FamilyShape[]): Promise<SampleServer> {
  const database = await createDatabase();
  const client = new pg.Client({ connectionString: database.url });
  await client.connect();
  await client.query('CREATE SCHEMA sample; SET search_path = sample');
  for (const family of families) {
    await client.query(tableOf(family, POSTGRES_TYPES, '"', '_time timestamp'));
    const columns = ['id', ...family.columns.map(({ name }) => `"${name}"`)];
    const places = columns.map((_, index) => `$${index + 1}`).join(', ');
    for (const row of ROWS[family.name]!) {
      await client.query(`INSERT INTO ${family.name} (${columns.join(', ')}) VALUES (${places})`, [...row]);
    }
  }
  await client.query("SET search_path = ''");
  const BOOLEAN = 16;
  const types = { getTypeParser: (oid: number) => (text: string) => (oid === BOOLEAN ? text === 't' : text) };
  // A client takes one query at a time.
  let last: Promise<unknown> = Promise.resolve();
  return {
    home: 'sample',
    async run({ sql, values }) {
      const answer = last.then(() => client.query<Json[]>({ text: sql, values: [...values], rowMode: 'array', types }));
      last = answer.catch(() => undefined);
      const result = await answer;
      return { columns: result.fields.map(({ name }) => name), rows: result.rows };
    },
    async close() {
      await client.end();
      await database.drop();
    },
  };
}
