import { definePlugin, environmentId, hostOf, refusalOfHost, Type, type Static } from '../../core/sdk.ts';

const config = Type.Object({ environment: environmentId }, { additionalProperties: false });
type Config = Static<typeof config>;

const result = Type.Object({ port: Type.Integer({ description: 'On 127.0.0.1; nothing listens there yet.' }) });

export default definePlugin<Config>({
  type: 'stepType',
  name: 'leasePort',
  summary: 'Promises an environment a port of this host that no other environment is given, and on which nobody listens.',
  config,
  result,
  example: `id: port
use: leasePort
with: { environment: "{{ environment.id }}" }
response: { outputs: { port: /port } }
undo: [ { id: releasePort, use: releasePort, with: { environment: "{{ environment.id }}" } } ]
`,
  // An environment has one port, however often it asks.
  repeat: { mode: 'safe' },
  preflight: refusalOfHost,
  async run({ environment }, { tenantId, services }) {
    return { port: await hostOf(services).ports.lease(tenantId, environment) };
  },
});
