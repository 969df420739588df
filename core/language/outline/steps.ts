import { isJsonObject, type Json, type JsonObject } from '../../kernel/json.ts';
import { childPointer } from '../load/document.ts';
import { lookupOf } from '../modifiers/lookup.ts';
import { mapShape, namesShape, type MapShape } from '../scope/shape.ts';
import { verbOf } from '../verbs/all.ts';
import type { Verb, WrittenStep } from '../verbs/verb.ts';

/** A well-shaped step, with the steps whose outputs it sees. */
export interface StepOutline extends WrittenStep {
  readonly verb: Verb;
  readonly visible: readonly StepOutline[];
  /** What stands beside the way forward: it undoes a step's effect, or looks for it. No later step sees its outputs. */
  readonly aside?: { readonly role: 'undo' | 'lookup'; readonly of: string };
}

interface Surroundings {
  /** Path of the step around the list; empty for a pipeline's own list. */
  readonly path: string;
  readonly before: readonly StepOutline[];
  readonly aside?: StepOutline['aside'];
}

/** The steps of a list in the order of the file: those inside others, their lookups and their `undo`s, too. */
export function stepOutlines(
  list: Json | undefined,
  pointer: string,
  around: Surroundings = { path: '', before: [] },
): StepOutline[] {
  if (!Array.isArray(list)) return [];
  const { path, before, aside } = around;
  const found: StepOutline[] = [];
  for (const [i, node] of (list as readonly Json[]).entries()) {
    const verb = isJsonObject(node) ? verbOf(node) : undefined;
    if (!isJsonObject(node) || !verb) continue;
    const id = typeof node['id'] === 'string' ? node['id'] : '';
    const here = childPointer(pointer, i);
    const visible = [...before, ...found.filter((other) => other.aside === aside)];
    const own = { id, path: path ? `${path}/${id}` : id, pointer: here, node, verb, visible };
    const step: StepOutline = aside ? { ...own, aside } : own;
    const inner = (verb.inner?.(node, here) ?? []).flatMap((branch) =>
      stepOutlines(branch.steps, branch.pointer, { ...around, path: step.path, before: visible }),
    );
    found.push(step, ...lookupOutline(step), ...inner, ...undoOutlines(step));
  }
  return found;
}

/** What `idempotency: { mode: lookup }` asks is a step of its own, without an id. */
function lookupOutline(step: StepOutline): StepOutline[] {
  const lookup = lookupOf(step);
  const verb = lookup && verbOf(lookup.node);
  if (!lookup || !verb) return [];
  return [{ ...lookup, verb, visible: step.visible, aside: { role: 'lookup', of: step.id } }];
}

function undoOutlines(step: StepOutline): StepOutline[] {
  return stepOutlines(step.node['undo'], childPointer(step.pointer, 'undo'), {
    path: `${step.path}/undo`,
    before: [...step.visible, step],
    aside: { role: 'undo', of: step.id },
  });
}

/** The steps that `steps` names for whatever comes after them. */
export function stepsShape(steps: readonly StepOutline[]): MapShape {
  const named = steps.filter(({ aside }) => aside?.role !== 'lookup');
  return mapShape(
    Object.fromEntries(named.map(({ id, node, verb }) => [id, { shape: namesShape(verb.outputs(node)) }])),
  );
}

/** Those of the way forward: what is left to see at a pipeline's end. */
export function forward(steps: readonly StepOutline[]): readonly StepOutline[] {
  return steps.filter(({ aside }) => aside === undefined);
}

export function mapIn(node: JsonObject, key: string): JsonObject {
  const value = node[key];
  return isJsonObject(value) ? value : {};
}
