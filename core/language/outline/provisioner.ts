import { isJsonObject, type JsonObject } from '../../kernel/json.ts';
import { childPointer } from '../load/document.ts';
import { mapShape, namesShape, VALUE, type Member } from '../scope/shape.ts';
import { mapOrEmpty, type PipelineOutline } from './pipeline.ts';
import { forward, mapIn, stepOutlines, stepsShape } from './steps.ts';

const IN_CREATE: Readonly<Record<string, string>> = {
  'environment.outputs': '"environment.outputs" is what `create` gives in the end; in `create` itself it is not there yet.',
  'environment.steps': '"environment.steps" is for `read` and `delete`; in `create` the steps are under `steps`.',
};
export const BESIDE_CREATE: Readonly<Record<string, string>> = {
  input: '"input" is known only in `create`; here it is `environment.input`.',
  'environment.outputs': '"environment.outputs" is known only in `read` and `delete`, once `create` has given it.',
  'environment.steps': '"environment.steps" is known only in `read` and `delete`, once `create` has run.',
};

/** `create`, `read` and `delete` of a provisioner. The later two see what the first has learned. */
export function provisionerPipelines(root: JsonObject): PipelineOutline[] {
  const asked = environmentOf(root);
  const input = mapOrEmpty(root['input']);
  const create = outlineOf('create', root, { brought: { input: { shape: input }, environment: asked }, remarks: IN_CREATE });
  if (!create) return laterPipelines(root, asked);
  const learned: Record<string, Member> = {
    ...members(asked),
    outputs: { shape: namesShape(Object.keys(mapIn(create.node, 'outputs'))) },
    steps: { shape: stepsShape(forward(create.steps)) },
  };
  const schema = 'input' in root ? { input: { node: root['input'] ?? null, pointer: '/input' } } : {};
  return [{ ...create, ...schema }, ...laterPipelines(root, { shape: mapShape(learned) })];
}

function laterPipelines(root: JsonObject, environment: Member): PipelineOutline[] {
  return (['read', 'delete'] as const).flatMap(
    (name) => outlineOf(name, root, { brought: { environment }, remarks: BESIDE_CREATE }) ?? [],
  );
}

function outlineOf(
  name: string,
  root: JsonObject,
  more: Pick<PipelineOutline, 'brought' | 'remarks'>,
): PipelineOutline | undefined {
  const node = root[name];
  if (!isJsonObject(node)) return undefined;
  const pointer = childPointer('', name);
  return { name, pointer, node, ...more, steps: stepOutlines(node['steps'], childPointer(pointer, 'steps')) };
}

/** What is known of an environment from the moment it is asked for. */
export function environmentOf(root: JsonObject): Member {
  return { shape: mapShape({ id: { shape: VALUE }, name: { shape: VALUE }, input: { shape: mapOrEmpty(root['input']) } }) };
}

function members({ shape }: Member): Readonly<Record<string, Member>> {
  return shape.kind === 'map' ? shape.members : {};
}
