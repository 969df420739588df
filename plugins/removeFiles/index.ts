import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { definePlugin, environmentId, hostOf, refusalOfHost, Type, type Static } from '../../core/sdk.ts';

const config = Type.Object(
  {
    environment: environmentId,
    files: Type.Array(Type.String({ pattern: '^[A-Za-z0-9_][A-Za-z0-9._-]*$' }), { minItems: 1, description: 'Their names in its folder.' }),
  },
  { additionalProperties: false },
);
type Config = Static<typeof config>;

const result = Type.Object({});

export default definePlugin<Config>({
  type: 'stepType',
  name: 'removeFiles',
  summary: 'Removes files from the folder of an environment.',
  config,
  result,
  example: `id: removeFiles
use: removeFiles
with: { environment: "{{ environment.id }}", files: [credentials.json] }
`,
  // What is gone already is as it should be.
  repeat: { mode: 'safe' },
  preflight: refusalOfHost,
  async run({ environment, files }, { services }) {
    const folder = hostOf(services).folderOf(environment);
    for (const name of files) await rm(join(folder, name), { force: true });
    return {};
  },
});
