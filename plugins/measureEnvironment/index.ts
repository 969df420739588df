import { definePlugin, environmentId, hostOf, refusalOfHost, Type, type Static } from '../../core/sdk.ts';
import { measureFolder } from './folder.ts';
import { overBy } from './quota.ts';

const QUOTA = Type.Integer({ minimum: 0, description: 'Bytes.' });
const config = Type.Object(
  {
    environment: environmentId,
    files: Type.Array(Type.String({ pattern: '^[A-Za-z0-9_][A-Za-z0-9._-]*$' }), { description: 'Names of files that its folder must hold.' }),
    databaseQuota: Type.Optional(QUOTA),
    folderQuota: Type.Optional(QUOTA),
  },
  { additionalProperties: false },
);
type Config = Static<typeof config>;

const result = Type.Object({
  missing: Type.Array(Type.String(), { description: 'What should be there and is not: role, database, folder, port lease, names of files.' }),
  exceeded: Type.Array(Type.String(), { description: 'A sentence for each quota that is exceeded.' }),
  open: Type.Boolean({ description: 'The role may log in to the database.' }),
  databaseUrl: Type.String({ description: 'Without a password.' }),
  databaseBytes: Type.Integer(),
  folderBytes: Type.Integer(),
});

export default definePlugin<Config>({
  type: 'stepType',
  name: 'measureEnvironment',
  summary: 'Looks at what there is of an environment on this host, and how much room it takes.',
  config,
  result,
  example: `id: measure
use: measureEnvironment
with: { environment: "{{ environment.id }}", files: [credentials.json], databaseQuota: 1073741824 }
response: { outputs: { missing: /missing, exceeded: /exceeded } }
`,
  repeat: { mode: 'safe' },
  preflight: refusalOfHost,
  async run({ environment, files, databaseQuota, folderQuota }, { tenantId, services, signal }) {
    const host = hostOf(services);
    const database = await host.databases.look(environment);
    const folder = await measureFolder(host.folderOf(environment), files, signal);
    const lease = await host.ports.find(tenantId, environment);
    return {
      missing: [
        ...(['role', 'database'] as const).filter((part) => database[part] === 'missing'),
        ...folder.missing,
        ...(lease === undefined ? ['port lease'] : []),
      ],
      exceeded: [...overBy('database', database.bytes, databaseQuota), ...overBy('folder', folder.bytes, folderQuota)],
      open: database.role === 'open' && database.database === 'open',
      databaseUrl: host.databases.urlOf(environment),
      databaseBytes: database.bytes,
      folderBytes: folder.bytes,
    };
  },
});
