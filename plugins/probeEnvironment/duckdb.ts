const MODEST = { threads: '1', memory_limit: '128MB', access_mode: 'READ_ONLY' };

/** Opens the file and reads whose it is. */
export async function tryDuckdb(file: string): Promise<void> {
  // Its native library is large, and only those who use it are to load it.
  const { DuckDBInstance } = await import('@duckdb/node-api');
  const instance = await DuckDBInstance.create(file, MODEST);
  try {
    const connection = await instance.connect();
    try {
      await connection.run('SELECT id FROM sluice.environment');
    } finally {
      connection.closeSync();
    }
  } finally {
    instance.closeSync();
  }
}
