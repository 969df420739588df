import { isJsonObject, type JsonObject } from '../../kernel/json.ts';
import { childPointer } from '../load/document.ts';
import { ANY } from '../scope/shape.ts';
import { mapOrEmpty, type PipelineOutline } from './pipeline.ts';
import { mapIn, stepOutlines } from './steps.ts';

/** The actions of an integration. */
export function integrationPipelines(root: JsonObject): PipelineOutline[] {
  return Object.entries(mapIn(root, 'actions')).flatMap(([name, node]) =>
    isJsonObject(node) ? [actionOutline(name, node)] : [],
  );
}

function actionOutline(name: string, node: JsonObject): PipelineOutline {
  const pointer = childPointer('/actions', name);
  return {
    name: `actions/${name}`,
    pointer,
    node,
    ...('input' in node ? { input: { node: node['input'] ?? null, pointer: childPointer(pointer, 'input') } } : {}),
    brought: { input: { shape: mapOrEmpty(node['input']) }, event: { shape: ANY } },
    steps: stepOutlines(node['steps'], childPointer(pointer, 'steps')),
  };
}
