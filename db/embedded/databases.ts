import pg from 'pg';

/**
 * Makes databases on the server of `url` where they are missing.
 * @returns their URLs by name, with the login of `url`
 */
export async function makeDatabases(
  url: string,
  names: readonly string[],
): Promise<Readonly<Record<string, string>>> {
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  try {
    for (const name of names) {
      const { rowCount } = await client.query('SELECT FROM pg_database WHERE datname = $1', [name]);
      if (rowCount === 0) await client.query(`CREATE DATABASE ${pg.escapeIdentifier(name)}`);
    }
  } finally {
    await client.end();
  }
  return Object.fromEntries(names.map((name) => [name, urlOf(url, name)]));
}

function urlOf(url: string, database: string): string {
  const other = new URL(url);
  other.pathname = `/${database}`;
  return other.href;
}
