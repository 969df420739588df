import pg from 'pg';

const TIMEOUT = 10_000;

/** Logs in and uses a table that goes with the session. */
export async function tryDatabase(url: string): Promise<void> {
  const client = new pg.Client({
    connectionString: url,
    application_name: 'sluice-probe',
    connectionTimeoutMillis: TIMEOUT,
    query_timeout: TIMEOUT,
  });
  client.on('error', () => {});
  try {
    await client.connect();
    await client.query('CREATE TEMPORARY TABLE probe (ready boolean); INSERT INTO probe VALUES (true); DROP TABLE probe');
  } finally {
    await client.end().catch(() => undefined);
  }
}
