import { definePlugin, StepFault, Type, type JsonObject, type Static } from '../../core/sdk.ts';

const EVENT = Type.Unsafe<JsonObject>({ type: 'object', minProperties: 1 });

const config = Type.Object(
  {
    family: Type.String({ minLength: 1, description: 'Family that the events belong to.' }),
    schema: Type.Optional(
      Type.Unsafe<JsonObject>({ type: 'object', description: 'Fields and their types; those that are known may be left out.' }),
    ),
    fields: Type.Optional(Type.Unsafe<JsonObject>({ ...EVENT, description: 'One event.' })),
    logs: Type.Optional(Type.Array(EVENT, { minItems: 1, description: 'Several events.' })),
  },
  { additionalProperties: false, oneOf: [{ required: ['fields'] }, { required: ['logs'] }] },
);
type Config = Static<typeof config>;

const result = Type.Object({ appended: Type.Integer({ minimum: 1, description: 'How many events were stored.' }) });

const DAY_MS = 86_400_000;

export default definePlugin<Config>({
  type: 'stepType',
  name: 'appendLog',
  summary: 'Stores events in the typed tables, as POST /api/log does, once for a step of a run.',
  config,
  result,
  example: `id: append
use: appendLog
with: { family: signups, schema: { plan: string }, fields: { plan: "{{ input.plan }}" } }
response: { outputs: { appended: /appended } }
`,
  // The tables remember a key for this long, and store what comes under it once.
  repeat: { mode: 'key', validFor: DAY_MS },
  preflight: async ({ logs }) => (logs ? undefined : 'There are no typed tables here: this needs a running platform.'),
  async run({ family, schema = {}, fields, logs }, { tenantId, idempotencyKey, services }) {
    if (!services.logs) throw new StepFault('config', 'appendLog needs the typed tables of a running platform, and there are none here.');
    const events = fields ? [fields] : (logs ?? []);
    await services.logs.append(tenantId, { family, schema, logs: events }, idempotencyKey);
    return { appended: events.length };
  },
});
