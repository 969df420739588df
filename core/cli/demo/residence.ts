import { access, readFile } from 'node:fs/promises';
import path from 'node:path';
import pg from 'pg';
import { isJsonObject, type JsonObject } from '../../kernel/json.ts';
import { CommandFailure } from '../failure.ts';
import { textOf } from './customer.ts';

/** Logs in to an environment with the credentials of its file; what it says of itself there. */
export async function logIn(outputs: JsonObject): Promise<{ readonly user: string; readonly database: string }> {
  const [row] = await query<{ user: string; database: string }>(
    await ownUrl(outputs),
    'SELECT current_user AS user, current_database() AS database',
  );
  return row!;
}

/** What the server says to another password. */
export async function logInWrongly(outputs: JsonObject): Promise<string> {
  const url = new URL(await ownUrl(outputs));
  url.password = 'guessed';
  return refusalOf(url.href);
}

/** What the server says where the environment asks for the control plane's database. */
export async function logInElsewhere(outputs: JsonObject): Promise<string> {
  const url = new URL(await ownUrl(outputs));
  url.pathname = '/sluice';
  return refusalOf(url.href);
}

/** What is left of an environment, as the operator of the host sees it. */
export async function leftOf(outputs: JsonObject, dataDir: string): Promise<readonly string[]> {
  const url = new URL(textOf(outputs, '/databaseUrl'));
  const name = url.username;
  [url.username, url.password] = ['sluice', (await readFile(path.join(dataDir, 'postgres.password'), 'utf8')).trim()];
  url.pathname = '/postgres';
  const rows = await query<{ what: string }>(
    url.href,
    `SELECT 'database' AS what FROM pg_database WHERE datname = $1 UNION ALL SELECT 'role' FROM pg_roles WHERE rolname = $1`,
    [name],
  );
  const folder = await access(textOf(outputs, '/folder')).then(
    () => ['folder'],
    () => [],
  );
  return [...rows.map(({ what }) => what), ...folder];
}

async function ownUrl(outputs: JsonObject): Promise<string> {
  const value: unknown = JSON.parse(await readFile(textOf(outputs, '/credentialsFile'), 'utf8'));
  if (!isJsonObject(value)) throw new CommandFailure('The credentials file holds no JSON object.', 1);
  return textOf(value, '/databaseUrl');
}

async function refusalOf(url: string): Promise<string> {
  try {
    await query(url, 'SELECT 1');
  } catch (error) {
    if (error instanceof pg.DatabaseError) return error.message;
    throw error;
  }
  throw new CommandFailure('The server let in somebody it should have refused.', 1);
}

async function query<Row extends pg.QueryResultRow>(url: string, sql: string, values: readonly string[] = []): Promise<Row[]> {
  const client = new pg.Client({ connectionString: url });
  client.on('error', () => {});
  try {
    await client.connect();
    return (await client.query<Row>(sql, [...values])).rows;
  } finally {
    await client.end().catch(() => undefined);
  }
}
