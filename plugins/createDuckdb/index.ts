import { join } from 'node:path';
import { definePlugin, environmentId, hostOf, refusalOfHost, Type, type Static } from '../../core/sdk.ts';
import { makeFile } from './file.ts';

const config = Type.Object(
  {
    environment: environmentId,
    file: Type.String({ pattern: '^[A-Za-z0-9_][A-Za-z0-9._-]*$', description: 'Its name in the folder of the environment.' }),
  },
  { additionalProperties: false },
);
type Config = Static<typeof config>;

const result = Type.Object({ duckdbFile: Type.String({ description: 'Absolute path.' }) });

export default definePlugin<Config>({
  type: 'stepType',
  name: 'createDuckdb',
  summary: 'Makes a DuckDB file in the folder of an environment, with a catalogue that says whose it is.',
  config,
  result,
  example: `id: duckdb
use: createDuckdb
with: { environment: "{{ environment.id }}", file: warehouse.duckdb }
response: { outputs: { duckdbFile: /duckdbFile } }
undo: [ { id: removeDuckdb, use: removeFiles, with: { environment: "{{ environment.id }}", files: [warehouse.duckdb, warehouse.duckdb.wal] } } ]
`,
  // The file that is there is taken over.
  repeat: { mode: 'safe' },
  preflight: refusalOfHost,
  async run({ environment, file }, { services }) {
    const duckdbFile = join(hostOf(services).folderOf(environment), file);
    await makeFile(duckdbFile, environment);
    return { duckdbFile };
  },
});
