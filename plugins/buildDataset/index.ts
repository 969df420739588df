import { countsSoFar, datasetWork, definePlugin, NO_DATASETS, Type, type Static } from '../../core/sdk.ts';

const config = Type.Object(
  {
    dataset: Type.String({ minLength: 1, description: 'The dataset, by the id of its definition.' }),
    date: Type.Optional(Type.String({ format: 'date', description: 'The night that is built: what its export has marked.' })),
    from: Type.Optional(Type.String({ format: 'date', description: 'The first day that is built, marked or not.' })),
    to: Type.Optional(Type.String({ format: 'date', description: 'The last one.' })),
    models: Type.Optional(Type.Array(Type.String(), { minItems: 1, description: 'Only these; left out, all.' })),
  },
  { additionalProperties: false },
);
type Config = Static<typeof config>;

const count = (description: string) => Type.Integer({ minimum: 0, description });
const result = Type.Object({
  partitions: count('Partitions that were built so far.'),
  failed: count('Those that a test keeps out.'),
  done: Type.Boolean({ description: 'None is left.' }),
});

export default definePlugin<Config>({
  type: 'stepType',
  name: 'buildDataset',
  summary: 'Builds one model of a dataset, and tests it; a poll goes on until none is left. All become current when the run ends.',
  config,
  result,
  example: `id: build
use: buildDataset
with: { dataset: commerce, from: "2026-03-01", to: "2026-03-31" }
poll: { every: PT0S, timeout: P1D, until: '{{ response.body.done }}' }
`,
  // What it has made is noted, and current only when the run ends.
  repeat: { mode: 'safe' },
  preflight: async ({ datasets }) => (datasets ? undefined : NO_DATASETS),
  async run({ dataset, ...what }, context) {
    const { datasets, work } = datasetWork(dataset, context);
    const { done, ...piece } = await datasets.build(work, what);
    return { ...countsSoFar(context.previous, piece), done };
  },
});
