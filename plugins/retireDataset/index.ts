import { countsSoFar, datasetWork, definePlugin, NO_DATASETS, Type, type Static } from '../../core/sdk.ts';

const config = Type.Object(
  {
    dataset: Type.String({ minLength: 1, description: 'The dataset, by the id of its definition.' }),
  },
  { additionalProperties: false },
);
type Config = Static<typeof config>;

const count = (description: string) => Type.Integer({ minimum: 0, description });
const result = Type.Object({
  rows: count('Rows that went so far.'),
  objects: count('Objects that went so far.'),
  done: Type.Boolean({ description: 'None is left.' }),
});

export default definePlugin<Config>({
  type: 'stepType',
  name: 'retireDataset',
  summary: 'Removes one piece of what has had its time: rows past their retention, and replaced objects; a poll goes on.',
  config,
  result,
  example: `id: retire
use: retireDataset
with: { dataset: commerce }
poll: { every: PT0S, timeout: P1D, until: '{{ response.body.done }}' }
`,
  // What is gone cannot go twice.
  repeat: { mode: 'safe' },
  preflight: async ({ datasets }) => (datasets ? undefined : NO_DATASETS),
  async run({ dataset }, context) {
    const { datasets, work } = datasetWork(dataset, context);
    const { done, ...piece } = await datasets.retire(work);
    return { ...countsSoFar(context.previous, piece), done };
  },
});
