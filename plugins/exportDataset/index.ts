import { countsSoFar, datasetWork, definePlugin, NO_DATASETS, Type, type Static } from '../../core/sdk.ts';

const config = Type.Object(
  {
    dataset: Type.String({ minLength: 1, description: 'The dataset, by the id of its definition.' }),
    date: Type.Optional(Type.String({ format: 'date', description: 'The last night that is exported; left out, all there is.' })),
  },
  { additionalProperties: false },
);
type Config = Static<typeof config>;

const count = (description: string) => Type.Integer({ minimum: 0, description });
const result = Type.Object({
  loads: count('Loads that were exported so far.'),
  rows: count('Rows that they brought.'),
  done: Type.Boolean({ description: 'None is left.' }),
});

export default definePlugin<Config>({
  type: 'stepType',
  name: 'exportDataset',
  summary: 'Writes one night of accepted rows to the warehouse; a poll goes on until none is left.',
  config,
  result,
  example: `id: export
use: exportDataset
with: { dataset: commerce, date: "2026-03-31" }
poll: { every: PT0S, timeout: P1D, until: '{{ response.body.done }}' }
`,
  // Which loads a night takes is fixed when it is opened, and its objects are current once it is committed.
  repeat: { mode: 'safe' },
  preflight: async ({ datasets }) => (datasets ? undefined : NO_DATASETS),
  async run({ dataset, date }, context) {
    const { datasets, work } = datasetWork(dataset, context);
    const { done, ...piece } = await datasets.export(work, date);
    return { ...countsSoFar(context.previous, piece), done };
  },
});
