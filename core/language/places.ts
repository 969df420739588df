import { isJsonObject, type Json } from '../kernel/json.ts';
import { childPointer } from './load/document.ts';
import { MODIFIERS } from './modifiers/all.ts';
import { errorPlaces } from './modifiers/errors.ts';
import type { StepContexts } from './modifiers/modifier.ts';
import type { Outline } from './outline.ts';
import type { PipelineOutline } from './outline/pipeline.ts';
import { forward, mapIn, stepsShape, type StepOutline } from './outline/steps.ts';
import { placeOf, type Place, type PlaceContext } from './scope/place.ts';
import { mapShape, perhaps, type MapShape } from './scope/shape.ts';
import { ELSEWHERE, VARIABLES, type Declared } from './scope/variables.ts';
import { authPlaces } from './sections/auth.ts';
import { datasetPlaces } from './sections/dataset.ts';

/** Every place of a definition where templates stand, with what they may name there. */
export function placesIn(outline: Outline): Place[] {
  return [
    ...sharedPlaces(outline),
    ...outline.pipelines.flatMap((pipeline) => pipelinePlaces(pipeline, outline.declared)),
  ];
}

function sharedPlaces({ root, declared, remarks: ofKind }: Outline): Place[] {
  const remarks = { ...ELSEWHERE, ...ofKind };
  const ofConnection = { scope: VARIABLES.baseUrl(declared), remarks };
  const ofRequest = { scope: VARIABLES.request(VARIABLES.everyRequest(declared)), remarks };
  return [
    ...placeOf(root, '', 'baseUrl', 'url', { ...ofConnection, secrets: true }),
    ...listPlaces(root['egress'], '/egress', ofConnection),
    ...(['headers', 'query'] as const).flatMap((key) => placeOf(root, '', key, 'tree', ofRequest)),
    ...authPlaces(root['auth'], '/auth', { scope: VARIABLES.auth(declared), remarks }),
    ...errorPlaces(root['errors'], '/errors', { scope: VARIABLES.everyAnswer(declared), remarks }),
    ...concurrencyPlaces(root['concurrency'], '', ofConnection),
    ...(root['kind'] === 'dataset' ? datasetPlaces(root, { scope: VARIABLES.webhook(declared), remarks }) : []),
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
  const { node, pointer, brought, steps } = pipeline;
  const remarks = { ...ELSEWHERE, ...pipeline.remarks };
  const scope = VARIABLES.pipeline(declared, brought, stepsShape(forward(steps)));
  const outputs = mapIn(node, 'outputs');
  const healthy = { scope: VARIABLES.answer(scope), remarks };
  const concurrency = { scope: VARIABLES.baseUrl({ ...declared, brought }), remarks };
  return [
    ...concurrencyPlaces(node['concurrency'], pointer, concurrency),
    ...steps.flatMap((step) => stepPlaces(step, pipeline, declared)),
    ...Object.keys(outputs).flatMap((name) =>
      placeOf(outputs, childPointer(pointer, 'outputs'), name, 'tree', { scope, remarks }),
    ),
    ...placeOf(node, pointer, 'healthy', 'condition', healthy),
  ];
}

function stepPlaces(step: StepOutline, pipeline: PipelineOutline, declared: Declared): Place[] {
  const { node, pointer, verb } = step;
  const scope = VARIABLES.pipeline(declared, pipeline.brought, stepsSeen(step, pipeline));
  const request = VARIABLES.request(scope);
  const answer = VARIABLES.answer(request);
  const remarks = { ...ELSEWHERE, ...pipeline.remarks, ...notYetRun(step, pipeline) };
  const contexts: StepContexts = {
    before: { scope, remarks },
    request: { scope: request, remarks },
    answer: { scope: answer, remarks },
    item: { scope: VARIABLES.item(answer), remarks },
  };
  const modifiers = MODIFIERS.filter(({ name }) => name in node && verb.modifiers.includes(name));
  return [
    ...verb.places(node, pointer, contexts),
    ...modifiers.flatMap(
      ({ name, places }) => places?.(node[name] ?? null, childPointer(pointer, name), contexts) ?? [],
    ),
  ];
}

/** An `undo` begins when the way forward has ended: of the steps after its own, some may have been done. */
function stepsSeen({ visible, aside }: StepOutline, { steps }: PipelineOutline): MapShape {
  const before = stepsShape(visible);
  if (aside?.role !== 'undo') return before;
  const after = stepsShape(forward(steps).filter((other) => !visible.includes(other)));
  return mapShape({ ...perhaps(after, 'an `undo` may begin before it was done').members, ...before.members });
}

/** What to say of steps that this one cannot see. */
function notYetRun(step: StepOutline, { steps }: PipelineOutline): Record<string, string> {
  const hidden = steps.filter((other) => !step.visible.includes(other) && other.aside?.role !== 'lookup');
  return Object.fromEntries(
    hidden.map((other) => [`steps.${other.id}`, `The step "${other.id}" ${whyHidden(other, step, steps)}.`]),
  );
}

function whyHidden(other: StepOutline, step: StepOutline, steps: readonly StepOutline[]): string {
  if (other === step) return 'is this step itself: its outputs are there for later steps only';
  if (other.aside && other.aside !== step.aside) return `undoes "${other.aside.of}"; what it gives is there for that \`undo\` only`;
  if (other.id === step.id) return 'is this step itself: its outputs are there once it has been done or found';
  if (steps.indexOf(other) > steps.indexOf(step)) return 'runs after this one; move it up, or this one down';
  return 'is in another branch, of which only one is taken';
}
