import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { systemClock } from '../../core/kernel/clock.ts';
import type { HostServices } from '../../core/kernel/host.ts';
import type { JsonObject } from '../../core/kernel/json.ts';
import type { Plugin, StepType } from '../../core/kernel/plugin.ts';
import { uuid7 } from '../../core/kernel/ids.ts';
import createDatabase from '../../plugins/createDatabase/index.ts';
import createDuckdb from '../../plugins/createDuckdb/index.ts';
import createFolder from '../../plugins/createFolder/index.ts';
import dropDatabase from '../../plugins/dropDatabase/index.ts';
import leasePort from '../../plugins/leasePort/index.ts';
import measureEnvironment from '../../plugins/measureEnvironment/index.ts';
import probeEnvironment from '../../plugins/probeEnvironment/index.ts';
import releasePort from '../../plugins/releasePort/index.ts';
import removeFiles from '../../plugins/removeFiles/index.ts';
import removeFolder from '../../plugins/removeFolder/index.ts';
import writeCredentials from '../../plugins/writeCredentials/index.ts';

/** The step types of which `local` is made. */
export const LOCAL_STEPS: readonly Plugin[] = [
  createDatabase,
  createDuckdb,
  createFolder,
  dropDatabase,
  leasePort,
  measureEnvironment,
  probeEnvironment,
  releasePort,
  removeFiles,
  removeFolder,
  writeCredentials,
];

export const LIMITS = { connectionLimit: 2, tempFileLimit: 1024 * 1024, statementTimeout: 'PT10S' };
export const CREDENTIALS = 'credentials.json';
export const DUCKDB = 'warehouse.duckdb';

/** What any of them gives. */
export interface StepResult {
  readonly folder: string;
  readonly databaseUrl: string;
  readonly duckdbFile: string;
  readonly port: number | string;
  readonly credentialsFile: string;
  readonly missing: readonly string[];
  readonly exceeded: readonly string[];
  readonly open: boolean;
  readonly databaseBytes: number;
  readonly folderBytes: number;
}

/** One attempt of a step type for one environment. */
export type Step = (plugin: Plugin, config?: JsonObject) => Promise<StepResult>;

export function stepType(plugin: Plugin): StepType<JsonObject> {
  return plugin as Plugin & StepType<JsonObject>;
}

export function stepsOf(host: HostServices, tenantId: string, environment: string): Step {
  return async (plugin, config = {}) => {
    const context = {
      clock: systemClock,
      signal: new AbortController().signal,
      tenantId,
      runId: uuid7(),
      definition: { id: 'local', version: '1.0.0', hash: '0'.repeat(64) },
      idempotencyKey: uuid7(),
      services: { host },
    };
    const result: unknown = await stepType(plugin).run({ environment, ...config }, context);
    return result as StepResult;
  };
}

/** Everything that `create` makes; the URL with its password. */
export async function makeEnvironment(step: Step, limits: JsonObject = LIMITS): Promise<string> {
  await step(createFolder);
  await step(createDatabase, limits);
  return credentialsOf(step);
}

/** Writes the credentials, and reads them as the customer does. */
export async function credentialsOf(step: Step): Promise<string> {
  const { credentialsFile } = await step(writeCredentials, { file: CREDENTIALS });
  const text = await readFile(credentialsFile, 'utf8');
  return (JSON.parse(text) as { databaseUrl: string }).databaseUrl;
}

export const fileIn = (host: HostServices, environment: string, name: string): string => join(host.folderOf(environment), name);
