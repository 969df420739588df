import { isJsonObject, type Json } from '../kernel/json.ts';
import { childPointer } from './load/document.ts';
import { MODIFIERS } from './modifiers/all.ts';
import { errorPlaces } from './modifiers/errors.ts';
import type { StepContexts } from './modifiers/modifier.ts';
import type { Outline, PipelineOutline, StepOutline } from './outline.ts';
import { placeOf, type Place, type PlaceContext } from './scope/place.ts';
import { mapShape, namesShape, type MapShape } from './scope/shape.ts';
import { ELSEWHERE, VARIABLES, type Declared } from './scope/variables.ts';
import { authPlaces } from './sections/auth.ts';

/** Every place of a definition where templates stand, with what they may name there. */
export function placesIn(outline: Outline): Place[] {
  return [
    ...sharedPlaces(outline),
    ...outline.pipelines.flatMap((pipeline) => pipelinePlaces(pipeline, outline.declared)),
  ];
}

function at(scope: MapShape, more: Pick<PlaceContext, 'secrets'> = {}): PlaceContext {
  return { scope, remarks: ELSEWHERE, ...more };
}

function sharedPlaces({ root, declared }: Outline): Place[] {
  const ofConnection = VARIABLES.baseUrl(declared);
  return [
    ...placeOf(root, '', 'baseUrl', 'url', at(ofConnection, { secrets: true })),
    ...listPlaces(root['egress'], '/egress', at(ofConnection)),
    ...(['headers', 'query'] as const).flatMap((key) =>
      placeOf(root, '', key, 'tree', at(VARIABLES.request(VARIABLES.everyRequest(declared)))),
    ),
    ...authPlaces(root['auth'], '/auth', at(VARIABLES.auth(declared))),
    ...errorPlaces(root['errors'], '/errors', at(VARIABLES.everyAnswer(declared))),
    ...concurrencyPlaces(root['concurrency'], '', at(ofConnection)),
  ];
}

function listPlaces(node: Json | undefined, pointer: string, context: PlaceContext): Place[] {
  if (!Array.isArray(node)) return [];
  return (node as readonly Json[]).map((item, i) => ({
    ...context,
    pointer: childPointer(pointer, i),
    node: item,
    form: 'url',
  }));
}

function concurrencyPlaces(node: Json | undefined, pointer: string, context: PlaceContext): Place[] {
  return isJsonObject(node)
    ? placeOf(node, childPointer(pointer, 'concurrency'), 'key', 'leaf', context)
    : [];
}

function pipelinePlaces(pipeline: PipelineOutline, declared: Declared): Place[] {
  const { node, pointer, input, steps } = pipeline;
  const atEnd = at(VARIABLES.pipeline(declared, input, stepsShape(steps)));
  const outputs = isJsonObject(node['outputs']) ? node['outputs'] : {};
  return [
    ...concurrencyPlaces(
      node['concurrency'],
      pointer,
      at(VARIABLES.baseUrl({ ...declared, anyInput: input })),
    ),
    ...steps.flatMap((step) => stepPlaces(step, pipeline, declared)),
    ...Object.keys(outputs).flatMap((name) =>
      placeOf(outputs, childPointer(pointer, 'outputs'), name, 'tree', atEnd),
    ),
  ];
}

function stepPlaces(step: StepOutline, pipeline: PipelineOutline, declared: Declared): Place[] {
  const { node, pointer, verb, visible } = step;
  const scope = VARIABLES.pipeline(declared, pipeline.input, stepsShape(visible));
  const request = VARIABLES.request(scope);
  const remarks = { ...ELSEWHERE, ...notYetRun(step, pipeline) };
  const contexts: StepContexts = {
    before: { scope, remarks },
    request: { scope: request, remarks },
    answer: { scope: VARIABLES.answer(request), remarks },
  };
  const own = verb.places(node[verb.name] ?? null, childPointer(pointer, verb.name), contexts);
  const modifiers = MODIFIERS.filter(({ name }) => name in node && verb.modifiers.includes(name));
  return [
    ...own,
    ...modifiers.flatMap(
      ({ name, places }) => places?.(node[name] ?? null, childPointer(pointer, name), contexts) ?? [],
    ),
  ];
}

function stepsShape(steps: readonly StepOutline[]): MapShape {
  return mapShape(
    Object.fromEntries(steps.map(({ id, node, verb }) => [id, { shape: namesShape(verb.outputs(node)) }])),
  );
}

/** What to say of steps that this one cannot see. */
function notYetRun(step: StepOutline, { steps }: PipelineOutline): Record<string, string> {
  const hidden = steps.filter((other) => !step.visible.includes(other));
  const place = steps.indexOf(step);
  return Object.fromEntries(
    hidden.map((other) => {
      const why =
        other === step
          ? 'is this step itself: its outputs are there for later steps only'
          : steps.indexOf(other) > place
            ? 'runs after this one; move it up, or this one down'
            : 'is in another branch, of which only one is taken';
      return [`steps.${other.id}`, `The step "${other.id}" ${why}.`];
    }),
  );
}
