import type { Json, JsonObject } from '../../kernel/json.ts';
import type { PipelineOutline } from '../outline/pipeline.ts';
import { asText } from '../schema/show.ts';

const DATE: JsonObject = { type: 'string', format: 'date' };
const NIGHT: JsonObject = { type: 'object', required: ['date'], properties: { date: DATE } };
const DAYS: JsonObject = {
  type: 'object',
  dependentRequired: { from: ['to'], to: ['from'] },
  properties: { from: DATE, to: DATE, models: { type: 'array', items: { type: 'string' }, minItems: 1 } },
};
const NOTHING: JsonObject = { type: 'object', properties: {} };

/** How long one step may take in all; what it has done by then stays done, and the next run goes on. */
const LONGEST = 'P7D';

/** How long a piece of it may take: the largest is a model of all days, or one file. */
const PIECE = 'PT2H';

/** A step type does one piece of its work at a time, and says in `done` when none is left. */
interface Work {
  readonly use: 'loadDataset' | 'exportDataset' | 'buildDataset' | 'retireDataset';
  readonly with?: JsonObject;
  /** Of its result. */
  readonly outputs: readonly string[];
}

interface Runs {
  readonly title: string;
  readonly input: JsonObject;
  readonly work: readonly Work[];
}

/** What a dataset runs: files in, a night's export and build, days built again, old rows and objects out. */
const PIPELINES: Readonly<Record<string, Runs>> = {
  load: {
    title: 'Load files',
    input: NOTHING,
    work: [{ use: 'loadDataset', outputs: ['files', 'rows', 'loaded', 'held', 'quarantined', 'deduplicated'] }],
  },
  nightly: {
    title: 'Export and build a day',
    input: NIGHT,
    work: [
      { use: 'exportDataset', with: { date: '{{ input.date }}' }, outputs: ['loads', 'rows'] },
      { use: 'buildDataset', with: { date: '{{ input.date }}' }, outputs: ['partitions', 'failed'] },
    ],
  },
  build: {
    title: 'Export all there is and build it, and days again',
    input: DAYS,
    work: [
      { use: 'exportDataset', outputs: ['loads', 'rows'] },
      {
        use: 'buildDataset',
        with: { from: '{{ optional input.from }}', to: '{{ optional input.to }}', models: '{{ optional input.models }}' },
        outputs: ['partitions', 'failed'],
      },
    ],
  },
  retire: {
    title: 'Remove what has had its time',
    input: NOTHING,
    work: [{ use: 'retireDataset', outputs: ['rows', 'objects'] }],
  },
};

export const DATASET_PIPELINES = Object.keys(PIPELINES);

/** The pipelines of a dataset, written in the language's own terms. */
export function datasetPipelines(
  root: JsonObject,
): Pick<PipelineOutline, 'name' | 'node' | 'pointer' | 'input' | 'steps'>[] {
  if (root['kind'] !== 'dataset') return [];
  return Object.entries(PIPELINES).map(([name, { title, input, work }]) => {
    const pointer = `/${name}`;
    const node = { title, steps: work.map((one) => step(one, asText(root['id']))), outputs: outputsOf(work) };
    return { name, pointer, node, input: { node: input, pointer: `${pointer}/input` }, steps: [] };
  });
}

/** `exportDataset` is the step `export`. */
function idOf({ use }: Work): string {
  return use.replace('Dataset', '');
}

function step(work: Work, dataset: string): JsonObject {
  return {
    id: idOf(work),
    use: work.use,
    with: { dataset, ...work.with },
    timeout: PIECE,
    poll: { every: 'PT0S', timeout: LONGEST, until: '{{ response.body.done }}' },
    response: { outputs: Object.fromEntries(work.outputs.map((name) => [name, `/${name}`])) },
  };
}

/** The outputs of its steps; where there are several, those of each under its name. */
function outputsOf(work: readonly Work[]): JsonObject {
  const taken = work.map((one): [string, JsonObject] => [
    idOf(one),
    Object.fromEntries(one.outputs.map((name) => [name, `{{ optional steps.${idOf(one)}.${name} }}`])),
  ]);
  const [only, ...more] = taken;
  return only && more.length === 0 ? only[1] : (Object.fromEntries(taken) satisfies Record<string, Json>);
}
