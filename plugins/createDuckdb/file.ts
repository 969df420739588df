import { lstat, rename, rm } from 'node:fs/promises';
import { StepFault } from '../../core/sdk.ts';

/** One thread and little memory: the worker has more to do, and the file is closed again at once. */
const MODEST = { threads: '1', memory_limit: '128MB' };

const CATALOGUE = `
  CREATE SCHEMA IF NOT EXISTS sluice;
  CREATE TABLE IF NOT EXISTS sluice.environment (id UUID PRIMARY KEY, created_at TIMESTAMPTZ NOT NULL DEFAULT now());
  COMMENT ON TABLE sluice.environment IS 'The environment that this file belongs to.';`;

/** Makes the file beside its place and moves it there when whole: a crash leaves nothing half made. */
export async function makeFile(file: string, environment: string): Promise<void> {
  const found = await lstat(file).catch((error: NodeJS.ErrnoException) => {
    if (error.code !== 'ENOENT') throw error;
    return undefined;
  });
  if (found?.isFile()) return;
  if (found) throw new StepFault('config', `${file} is there already, and is no file.`, { code: 'ALREADY_EXISTS' });
  const draft = `${file}.new`;
  for (const rest of [draft, `${draft}.wal`]) await rm(rest, { force: true });
  await fill(draft, environment);
  await rename(draft, file);
}

async function fill(file: string, environment: string): Promise<void> {
  // Its native library is large, and only those who use it are to load it.
  const { DuckDBInstance } = await import('@duckdb/node-api');
  const instance = await DuckDBInstance.create(file, MODEST);
  try {
    const connection = await instance.connect();
    try {
      await connection.run(CATALOGUE);
      await connection.run('INSERT INTO sluice.environment (id) VALUES ($1)', [environment]);
      await connection.run('CHECKPOINT');
    } finally {
      connection.closeSync();
    }
  } finally {
    instance.closeSync();
  }
}
