import type { JsonObject } from '../../kernel/json.ts';
import type { PipelineOutline } from '../outline/pipeline.ts';
import { compileSink } from '../sections/sink.ts';

const INPUT: JsonObject = {
  type: 'object',
  required: ['family'],
  properties: {
    family: { type: 'string', minLength: 1 },
    before: { type: 'string', format: 'date-time' },
    where: { type: 'string', minLength: 1 },
  },
};

/** How long one purge may take in all. Another one goes on where it has stopped. */
const LONGEST = 'P7D';

/** Of a sink with the built-in tables: what a purge runs, written in the language's own terms. */
export function purgePipeline(root: JsonObject): Pick<PipelineOutline, 'name' | 'node' | 'pointer' | 'input' | 'steps'>[] {
  const sink = root['kind'] === 'sink' ? compileSink(root) : undefined;
  if (sink?.store !== 'sql') return [];
  const purge = {
    id: 'purge',
    use: 'purgeLogs',
    with: {
      family: '{{ input.family }}',
      before: '{{ optional input.before }}',
      where: '{{ optional input.where }}',
      chunk: sink.settings.purgeChunk,
    },
    poll: { every: 'PT0S', timeout: LONGEST, until: '{{ response.body.done }}' },
    response: { outputs: { purged: '/purged' } },
  };
  const node = { title: 'Purge a family', steps: [purge], outputs: { purged: '{{ steps.purge.purged }}' } };
  return [{ name: 'purge', pointer: '/purge', node, input: { node: INPUT, pointer: '/purge/input' }, steps: [] }];
}
