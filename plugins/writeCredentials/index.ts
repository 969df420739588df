import { randomBytes } from 'node:crypto';
import { join } from 'node:path';
import { definePlugin, environmentId, hostOf, refusalOfHost, Type, type JsonObject, type Static } from '../../core/sdk.ts';
import { readPassword, replaceFile } from './file.ts';

const config = Type.Object(
  {
    environment: environmentId,
    file: Type.String({ pattern: '^[A-Za-z0-9_][A-Za-z0-9._-]*$', description: 'Its name in the folder of the environment.' }),
    values: Type.Optional(Type.Unsafe<JsonObject>({ type: 'object', description: 'What it says besides the URL of the database.' })),
  },
  { additionalProperties: false },
);
type Config = Static<typeof config>;

const result = Type.Object({ credentialsFile: Type.String({ description: 'Absolute path.' }) });

export default definePlugin<Config>({
  type: 'stepType',
  name: 'writeCredentials',
  summary: "Gives an environment's database role a password, and writes it to a file (0600) in the folder: it is nowhere else.",
  config,
  result,
  example: `id: credentials
use: writeCredentials
with: { environment: "{{ environment.id }}", file: credentials.json, values: { port: "{{ steps.port.port }}" } }
response: { outputs: { credentialsFile: /credentialsFile } }
undo: [ { id: removeCredentials, use: removeFiles, with: { environment: "{{ environment.id }}", files: [credentials.json] } } ]
`,
  // The password that the file holds stays.
  repeat: { mode: 'safe' },
  preflight: refusalOfHost,
  async run({ environment, file, values = {} }, { services }) {
    const host = hostOf(services);
    const credentialsFile = join(host.folderOf(environment), file);
    const password = (await readPassword(credentialsFile)) ?? randomBytes(24).toString('base64url');
    const url = new URL(host.databases.urlOf(environment));
    url.password = password;
    // First the file: a password that only the server knew would be lost in a crash.
    await replaceFile(credentialsFile, { ...values, databaseUrl: url.href });
    await host.databases.setPassword(environment, password);
    return { credentialsFile };
  },
});
