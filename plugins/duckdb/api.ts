/** The package, as a value that is handed on. */
export type Duckdb = typeof import('@duckdb/node-api');

/** Its native library is large, and only those who use it are to load it. */
export function loadDuckdb(): Promise<Duckdb> {
  return import('@duckdb/node-api');
}
