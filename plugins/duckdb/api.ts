import type * as Duckdb from '@duckdb/node-api';

/** The package, as a value that is handed on. */
export type { Duckdb };

/** Its native library is large, and only those who use it are to load it. */
export function loadDuckdb(): Promise<typeof Duckdb> {
  return import('@duckdb/node-api');
}
