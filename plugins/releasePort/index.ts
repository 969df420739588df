import { definePlugin, environmentId, hostOf, refusalOfHost, Type, type Static } from '../../core/sdk.ts';

const config = Type.Object({ environment: environmentId }, { additionalProperties: false });
type Config = Static<typeof config>;

const result = Type.Object({});

export default definePlugin<Config>({
  type: 'stepType',
  name: 'releasePort',
  summary: 'Gives back the port that an environment was promised.',
  config,
  result,
  example: `id: releasePort
use: releasePort
with: { environment: "{{ environment.id }}" }
`,
  // What was given back already is as it should be.
  repeat: { mode: 'safe' },
  preflight: refusalOfHost,
  async run({ environment }, { tenantId, services }) {
    await hostOf(services).ports.release(tenantId, environment);
    return {};
  },
});
