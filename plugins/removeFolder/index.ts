import { rm } from 'node:fs/promises';
import { definePlugin, environmentId, hostOf, refusalOfHost, Type, type Static } from '../../core/sdk.ts';

const config = Type.Object({ environment: environmentId }, { additionalProperties: false });
type Config = Static<typeof config>;

const result = Type.Object({});

export default definePlugin<Config>({
  type: 'stepType',
  name: 'removeFolder',
  summary: 'Removes the folder of an environment with all that is in it.',
  config,
  result,
  example: `id: removeFolder
use: removeFolder
with: { environment: "{{ environment.id }}" }
`,
  // What is gone already is as it should be.
  repeat: { mode: 'safe' },
  preflight: refusalOfHost,
  async run({ environment }, { services }) {
    // Links are removed, never followed: what they point to stays.
    await rm(hostOf(services).folderOf(environment), { recursive: true, force: true, maxRetries: 3 });
    return {};
  },
});
