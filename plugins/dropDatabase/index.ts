import { definePlugin, environmentId, hostOf, refusalOfHost, Type, type Static } from '../../core/sdk.ts';

const config = Type.Object({ environment: environmentId }, { additionalProperties: false });
type Config = Static<typeof config>;

const result = Type.Object({});

export default definePlugin<Config>({
  type: 'stepType',
  name: 'dropDatabase',
  summary: "Cuts the sessions of an environment's database, and drops the database and its role.",
  config,
  result,
  example: `id: dropDatabase
use: dropDatabase
with: { environment: "{{ environment.id }}" }
`,
  // What is gone already is as it should be.
  repeat: { mode: 'safe' },
  preflight: refusalOfHost,
  async run({ environment }, { services }) {
    await hostOf(services).databases.drop(environment);
    return {};
  },
});
