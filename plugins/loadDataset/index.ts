import { countsSoFar, datasetWork, definePlugin, NO_DATASETS, Type, type Static } from '../../core/sdk.ts';

const config = Type.Object(
  { dataset: Type.String({ minLength: 1, description: 'The dataset, by the id of its definition.' }) },
  { additionalProperties: false },
);
type Config = Static<typeof config>;

const count = (description: string) => Type.Integer({ minimum: 0, description });
const result = Type.Object({
  files: count('Files taken in so far.'),
  rows: count('Rows in them.'),
  loaded: count('Rows that are in their tables.'),
  held: count('Rows that wait for the one they refer to.'),
  quarantined: count('Rows that were not taken.'),
  deduplicated: count('Rows that were known, or older than what is known.'),
  done: Type.Boolean({ description: 'None is left.' }),
  retryAfter: Type.Optional(Type.Number({ description: 'Seconds until files that are still being written are whole.' })),
});

export default definePlugin<Config>({
  type: 'stepType',
  name: 'loadDataset',
  summary: 'Takes the next file that has landed into the operational store; a poll goes on until none is left.',
  config,
  result,
  example: `id: load
use: loadDataset
with: { dataset: commerce }
poll: { every: PT0S, timeout: P1D, until: '{{ response.body.done }}' }
`,
  // The ledger knows what was taken in.
  repeat: { mode: 'safe' },
  preflight: async ({ datasets }) => (datasets ? undefined : NO_DATASETS),
  async run({ dataset }, context) {
    const { datasets, work } = datasetWork(dataset, context);
    const { done, settlesInMs, ...piece } = await datasets.load(work);
    const counts = countsSoFar(context.previous, piece);
    return { ...counts, done, ...(settlesInMs === undefined ? {} : { retryAfter: settlesInMs / 1000 }) };
  },
});
