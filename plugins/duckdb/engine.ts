import { mkdir } from 'node:fs/promises';
import path from 'node:path';
import type { DuckDBConnection } from '@duckdb/node-api';
import { loadDuckdb, type Duckdb } from './api.ts';
import type { Settings } from './settings.ts';
import { stoppable } from './stop.ts';
import { listOfTexts } from './text.ts';

export interface Engine {
  readonly connection: DuckDBConnection;
  readonly duckdb: typeof Duckdb;
  /** Uses a connection of its own, for a statement beside others. It is closed behind, and stops with the engine's work. */
  beside<T>(use: (connection: DuckDBConnection) => Promise<T>): Promise<T>;
}

/**
 * A DuckDB in memory for one piece of work. It reads the named files, reads and writes its scratch folder, spills
 * there, and nothing else: no other file, no network, no extension; and no statement can change that. Making one takes
 * a few ms, which is why it is not kept: the files differ from use to use, and cannot be changed afterwards.
 */
export async function withEngine<T>(
  settings: Settings,
  { scratch, files, ordered = false }: { readonly scratch: string; readonly files: readonly string[]; readonly ordered?: boolean },
  signal: AbortSignal,
  use: (engine: Engine) => Promise<T>,
): Promise<T> {
  const duckdb = await loadDuckdb();
  const spill = path.join(scratch, 'spill');
  await mkdir(spill);
  const instance = await duckdb.DuckDBInstance.create(':memory:', {
    memory_limit: settings.memory,
    threads: String(settings.threads),
    temp_directory: spill,
    // Keeping it costs memory; it is for those who have sorted something.
    preserve_insertion_order: String(ordered),
    autoinstall_known_extensions: 'false',
    autoload_known_extensions: 'false',
    allow_community_extensions: 'false',
  });
  try {
    const connect = async <R>(use: (connection: DuckDBConnection) => Promise<R>): Promise<R> => {
      const connection = await instance.connect();
      try {
        return await stoppable(connection, signal, () => use(connection));
      } finally {
        connection.closeSync();
      }
    };
    return await connect(async (connection) => {
      await connection.run(`SET TimeZone = 'UTC';
        SET allowed_directories = ${listOfTexts([`${scratch}/`])};
        SET allowed_paths = ${listOfTexts(files)};
        SET enable_external_access = false;
        SET lock_configuration = true`);
      return use({ connection, duckdb, beside: connect });
    });
  } finally {
    instance.closeSync();
  }
}
