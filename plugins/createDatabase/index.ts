import { definePlugin, environmentId, hostOf, parseDuration, refusalOfHost, StepFault, Type, type Static } from '../../core/sdk.ts';

const config = Type.Object(
  {
    environment: environmentId,
    connectionLimit: Type.Integer({ minimum: 1, maximum: 1000, description: 'Sessions at a time, of the role and of the database.' }),
    tempFileLimit: Type.Integer({ minimum: 1024, description: 'Bytes of temporary files of one session.' }),
    statementTimeout: Type.String({ description: 'How long a statement may take, ISO 8601; a default that the role may change.' }),
  },
  { additionalProperties: false },
);
type Config = Static<typeof config>;

const result = Type.Object({
  databaseUrl: Type.String({ description: 'postgres:// URL of the database and its role, without a password.' }),
});

export default definePlugin<Config>({
  type: 'stepType',
  name: 'createDatabase',
  summary: 'Makes an environment a PostgreSQL database of its own, and the login role that can connect to it and to no other.',
  config,
  result,
  example: `id: database
use: createDatabase
with: { environment: "{{ environment.id }}", connectionLimit: 10, tempFileLimit: 1073741824, statementTimeout: PT5M }
response: { outputs: { databaseUrl: /databaseUrl } }
undo: [ { id: dropDatabase, use: dropDatabase, with: { environment: "{{ environment.id }}" } } ]
`,
  // What is there is taken over, and what is missing made.
  repeat: { mode: 'safe' },
  preflight: async (services) => (await refusalOfHost(services)) ?? hostOf(services).databases.refusal(),
  async run({ environment, connectionLimit, tempFileLimit, statementTimeout }, { services }) {
    const { databases } = hostOf(services);
    const statementTimeoutMs = parseDuration(statementTimeout);
    if (statementTimeoutMs === undefined) {
      const message = `"${statementTimeout}" is not a duration; write ISO 8601, for example PT30S or PT5M.`;
      throw new StepFault('config', message, { code: 'INVALID_REQUEST' });
    }
    await databases.create(environment, { connections: connectionLimit, tempFileBytes: tempFileLimit, statementTimeoutMs });
    return { databaseUrl: databases.urlOf(environment) };
  },
});
