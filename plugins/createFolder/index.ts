import { chmod, lstat, mkdir } from 'node:fs/promises';
import { dirname } from 'node:path';
import { definePlugin, environmentId, hostOf, refusalOfHost, StepFault, Type, type Static } from '../../core/sdk.ts';

const config = Type.Object({ environment: environmentId }, { additionalProperties: false });
type Config = Static<typeof config>;

const result = Type.Object({ folder: Type.String({ description: 'Absolute path.' }) });

const OWNER_ONLY = 0o700;

export default definePlugin<Config>({
  type: 'stepType',
  name: 'createFolder',
  summary: 'Makes the folder of an environment on this host, closed to other users of the system.',
  config,
  result,
  example: `id: folder
use: createFolder
with: { environment: "{{ environment.id }}" }
response: { outputs: { folder: /folder } }
undo: [ { id: removeFolder, use: removeFolder, with: { environment: "{{ environment.id }}" } } ]
`,
  // The folder that is there is taken over.
  repeat: { mode: 'safe' },
  preflight: refusalOfHost,
  async run({ environment }, { services }) {
    const folder = hostOf(services).folderOf(environment);
    await mkdir(dirname(folder), { recursive: true, mode: OWNER_ONLY });
    await mkdir(folder, { mode: OWNER_ONLY }).catch((error: NodeJS.ErrnoException) => {
      if (error.code !== 'EEXIST') throw error;
    });
    const found = await lstat(folder);
    // What is written into a link lands elsewhere.
    if (!found.isDirectory() || found.uid !== process.getuid?.()) {
      throw new StepFault('config', `${folder} is there already, and is no folder of ours.`, { code: 'ALREADY_EXISTS' });
    }
    await chmod(folder, OWNER_ONLY);
    return { folder };
  },
});
