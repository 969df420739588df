import type { JsonObject } from '../../kernel/json.ts';
import { ANY, mapShape, VALUE, type Member, type Shape } from '../scope/shape.ts';
import type { PipelineOutline } from './pipeline.ts';
import { stepOutlines } from './steps.ts';

const EVENT: Shape = mapShape({
  id: { shape: VALUE },
  timestamp: { shape: VALUE },
  family: { shape: VALUE },
  fields: { shape: ANY },
});

/** What a sink's runs bring: one batch, of one family. */
export const BATCH: Readonly<Record<string, Member>> = {
  events: { shape: { kind: 'list', item: EVENT } },
  batch: { shape: mapShape({ id: { shape: VALUE }, family: { shape: VALUE }, count: { shape: VALUE } }) },
};

/** `batch`, the steps of a sink. Where `store` stands instead there are none to look at. */
export function sinkPipelines(root: JsonObject): PipelineOutline[] {
  if (!('steps' in root)) return [];
  const node = { steps: root['steps'] ?? null };
  return [{ name: 'batch', pointer: '', node, brought: BATCH, steps: stepOutlines(root['steps'], '/steps') }];
}
