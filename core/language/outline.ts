import { isJsonObject, type Json, type JsonObject } from '../kernel/json.ts';
import { childPointer } from './load/document.ts';
import type { Declared } from './scope/variables.ts';
import { mapShape, shapeOf, unionOf, VALUE, type MapShape, type Shape } from './scope/shape.ts';
import { verbOf } from './verbs/all.ts';
import type { Verb, WrittenStep } from './verbs/verb.ts';

/** A well-shaped step, with the steps whose outputs it sees. */
export interface StepOutline extends WrittenStep {
  readonly verb: Verb;
  readonly visible: readonly StepOutline[];
}

export interface PipelineOutline {
  /** `actions/<name>` or `verify`. */
  readonly name: string;
  readonly pointer: string;
  readonly node: JsonObject;
  readonly input: Shape;
  /** All of its steps in the order of the file, those inside others too. */
  readonly steps: readonly StepOutline[];
}

/**
 * A definition as far as it is well shaped: what is malformed is left out here, and reported by the schema. So rules
 * that look at names and meaning need not care, and one mistake does not hide the next.
 */
export interface Outline {
  readonly root: JsonObject;
  readonly pipelines: readonly PipelineOutline[];
  readonly declared: Declared;
}

export function outlineOf(root: JsonObject): Outline {
  const actions = Object.entries(mapIn(root, 'actions')).flatMap(([name, node]) => {
    return isJsonObject(node) ? [actionOutline(name, node)] : [];
  });
  const verify = isJsonObject(root['verify']) ? [verifyOutline(root['verify'])] : [];
  return { root, pipelines: [...verify, ...actions], declared: declaredIn(root, actions) };
}

function actionOutline(name: string, node: JsonObject): PipelineOutline {
  const pointer = childPointer('/actions', name);
  const steps = stepOutlines(node['steps'], childPointer(pointer, 'steps'), '', []);
  return { name: `actions/${name}`, pointer, node, input: inputShape(node), steps };
}

/** `verify` is one request without an id of its own. */
function verifyOutline(node: JsonObject): PipelineOutline {
  const pointer = '/verify';
  const verb = verbOf(node);
  const step = { id: 'verify', path: 'verify', pointer, node, visible: [] };
  return { name: 'verify', pointer, node: {}, input: mapShape({}), steps: verb ? [{ ...step, verb }] : [] };
}

function stepOutlines(
  list: Json | undefined,
  pointer: string,
  path: string,
  before: readonly StepOutline[],
): StepOutline[] {
  if (!Array.isArray(list)) return [];
  const found: StepOutline[] = [];
  for (const [i, node] of (list as readonly Json[]).entries()) {
    const verb = isJsonObject(node) ? verbOf(node) : undefined;
    if (!isJsonObject(node) || !verb) continue;
    const id = typeof node['id'] === 'string' ? node['id'] : '';
    const here = childPointer(pointer, i);
    const visible = [...before, ...found];
    const step = { id, path: path ? `${path}/${id}` : id, pointer: here, node, verb, visible };
    const inner = verb.inner?.(node, here) ?? [];
    found.push(
      step,
      ...inner.flatMap((branch) => stepOutlines(branch.steps, branch.pointer, step.path, visible)),
    );
  }
  return found;
}

function declaredIn(root: JsonObject, actions: readonly PipelineOutline[]): Declared {
  const connection = mapOrEmpty(root['connection']);
  return {
    // The id is the platform's: it is there for concurrency keys.
    connection: { ...connection, members: { id: { shape: VALUE }, ...connection.members } },
    app: mapOrEmpty(root['app']),
    anyInput: unionOf(actions.map(({ input }) => input)),
  };
}

function inputShape(action: JsonObject): MapShape {
  return mapOrEmpty(action['input']);
}

/** No schema declares nothing; a schema that lists no properties leaves them open. */
function mapOrEmpty(schema: Json | undefined): MapShape {
  if (!isJsonObject(schema)) return mapShape({});
  const shape = shapeOf(schema);
  return shape.kind === 'map' ? shape : { kind: 'map', members: {}, open: true };
}

function mapIn(node: JsonObject, key: string): JsonObject {
  const value = node[key];
  return isJsonObject(value) ? value : {};
}
