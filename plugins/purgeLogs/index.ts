import { definePlugin, isJsonObject, StepFault, Type, type Json, type Static } from '../../core/sdk.ts';

const config = Type.Object(
  {
    family: Type.String({ minLength: 1, description: 'Family whose events go.' }),
    before: Type.Optional(Type.String({ format: 'date-time', description: 'Only events received before this time.' })),
    where: Type.Optional(Type.String({ minLength: 1, description: 'Only events that match, a filter as search takes it.' })),
    chunk: Type.Integer({ minimum: 1, description: 'How many events go at most in one statement.' }),
  },
  { additionalProperties: false },
);
type Config = Static<typeof config>;

const result = Type.Object({
  purged: Type.Integer({ minimum: 0, description: 'How many events went so far.' }),
  done: Type.Boolean({ description: 'None is left.' }),
});

export default definePlugin<Config>({
  type: 'stepType',
  name: 'purgeLogs',
  summary: 'Deletes one chunk of a family of events from the typed tables; a poll goes on until none is left.',
  config,
  result,
  example: `id: purge
use: purgeLogs
with: { family: web, before: "{{ addDuration now '-P30D' }}", chunk: 5000 }
poll: { every: PT0S, timeout: P1D, until: '{{ response.body.done }}' }
`,
  // What is gone cannot go twice.
  repeat: { mode: 'safe' },
  preflight: async ({ logs }) => (logs ? undefined : 'There are no typed tables here: this needs a running platform.'),
  async run({ family, before, where, chunk }, { tenantId, services, previous }) {
    if (!services.logs) throw new StepFault('config', 'purgeLogs needs the typed tables of a running platform, and there are none here.');
    const what = {
      family,
      chunk,
      ...(before === undefined ? {} : { before: Date.parse(before) }),
      ...(where === undefined ? {} : { where }),
    };
    const { purged, done } = await services.logs.purge(tenantId, what);
    return { purged: purged + purgedBefore(previous), done };
  },
});

function purgedBefore(previous: Json | undefined): number {
  return isJsonObject(previous) && typeof previous['purged'] === 'number' ? previous['purged'] : 0;
}
