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
}

/**
 * A DuckDB in memory for one piece of work. It reads the named files, reads and writes its scratch folder, spills
 * there, and nothing else: no other file, no network, no extension; and no statement can change that. Making one takes
 * a few ms, which is why it is not kept: the files differ from use to use, and cannot be changed afterwards.
 */
export async function withEngine<T>(
  settings: Settings,
  { scratch, files }: { readonly scratch: string; readonly files: readonly string[] },
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
    // Order is asked for where it matters; keeping it everywhere else costs memory.
    preserve_insertion_order: 'false',
    autoinstall_known_extensions: 'false',
    autoload_known_extensions: 'false',
    allow_community_extensions: 'false',
  });
  try {
    const connection = await instance.connect();
    try {
      await connection.run(`SET TimeZone = 'UTC';
        SET allowed_directories = ${listOfTexts([`${scratch}/`])};
        SET allowed_paths = ${listOfTexts(files)};
        SET enable_external_access = false;
        SET lock_configuration = true`);
      return await stoppable(connection, signal, () => use({ connection, duckdb }));
    } finally {
      connection.closeSync();
    }
  } finally {
    instance.closeSync();
  }
}
