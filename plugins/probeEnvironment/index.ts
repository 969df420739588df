import { readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { definePlugin, environmentId, hostOf, isJsonObject, messageOf, refusalOfHost, StepFault, Type, type Static } from '../../core/sdk.ts';
import { tryDatabase } from './database.ts';
import { tryDuckdb } from './duckdb.ts';

const NAME = Type.String({ pattern: '^[A-Za-z0-9_][A-Za-z0-9._-]*$', description: 'Its name in the folder of the environment.' });
const config = Type.Object(
  { environment: environmentId, credentials: NAME, duckdb: NAME, port: Type.Integer({ minimum: 1, maximum: 65535 }) },
  { additionalProperties: false },
);
type Config = Static<typeof config>;

const result = Type.Object({ port: Type.Enum(['free', 'answered'], { description: 'Whether somebody listens on it by now.' }) });

export default definePlugin<Config>({
  type: 'stepType',
  name: 'probeEnvironment',
  summary: 'Uses an environment as its customer would: logs in with its credentials, writes to its folder, opens its DuckDB file.',
  config,
  result,
  example: `id: ready
use: probeEnvironment
with: { environment: "{{ environment.id }}", credentials: credentials.json, duckdb: warehouse.duckdb, port: "{{ steps.port.port }}" }
`,
  // It leaves nothing behind.
  repeat: { mode: 'safe' },
  preflight: refusalOfHost,
  async run({ environment, credentials, duckdb, port }, { services }) {
    const host = hostOf(services);
    const folder = host.folderOf(environment);
    await proved('its folder cannot be written to', () => tryFolder(folder));
    const url = await proved('its credentials cannot be read', () => urlIn(join(folder, credentials)));
    await proved('its database cannot be used with its credentials', () => tryDatabase(url));
    await proved('its DuckDB file cannot be opened', () => tryDuckdb(join(folder, duckdb)));
    const state = await host.ports.probe(port);
    if (state === 'silent') throw failed(`nobody can listen on port ${port}, and nobody answers there`);
    return { port: state };
  },
});

async function proved<T>(what: string, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    throw failed(`${what}: ${messageOf(error)}`, error);
  }
}

/** Tried again: a server that is busy for a moment is ready after it. */
function failed(what: string, cause?: unknown): StepFault {
  return new StepFault('transient', `The environment is not ready: ${what}.`, { cause, code: 'PROBE_FAILED' });
}

async function tryFolder(folder: string): Promise<void> {
  const file = join(folder, '.probe');
  await writeFile(file, 'ready\n', { mode: 0o600 });
  await rm(file);
}

async function urlIn(file: string): Promise<string> {
  const value: unknown = JSON.parse(await readFile(file, 'utf8'));
  const url = isJsonObject(value) ? value['databaseUrl'] : undefined;
  if (typeof url !== 'string') throw new Error(`${file} has no databaseUrl`);
  return url;
}
