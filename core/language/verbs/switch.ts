import { Type } from 'typebox';
import { isJsonObject, type Json, type JsonObject } from '../../kernel/json.ts';
import { condition } from '../compile/strict.ts';
import { childPointer } from '../load/document.ts';
import type { Grammar } from '../grammar.ts';
import { CONDITION } from '../schema/basics.ts';
import { checkMap, field, mapSchema, required, type Field, type Fields } from '../schema/field.ts';
import { kindOf, show } from '../schema/show.ts';
import { placeOf } from '../scope/place.ts';
import type { Verb } from './verb.ts';

/**
 * Takes the first branch that holds: a list of `{when, steps}`, and `else` beside it or as the list's last item.
 */
export const switchVerb: Verb = {
  name: 'switch',
  modifiers: ['if'],
  field: (grammar) => branchList(grammar),
  companions: ({ steps }) => ({ else: steps }),
  places: (step, pointer, { before }) =>
    branchesOf(step['switch'], childPointer(pointer, 'switch')).flatMap(({ node, pointer: here }) =>
      placeOf(node, here, 'when', 'condition', before),
    ),
  outputs: () => [],
  inner: (step, pointer) =>
    branchLists(step, pointer).map(({ steps, pointer: here }) => ({ pointer: here, steps })),
  compile({ id, path, pointer, node }, compiler) {
    const branches = branchLists(node, pointer).map(({ when, steps, pointer: here }) => ({
      ...(when ? { when: condition(when.node, when.pointer) } : {}),
      steps: compiler.steps(steps, here, path),
    }));
    return { verb: 'switch', id, path, branches };
  },
};

interface BranchList {
  readonly when?: { readonly node: Json; readonly pointer: string };
  readonly steps: Json;
  readonly pointer: string;
}

function branchLists(step: JsonObject, pointer: string): BranchList[] {
  const listed = branchesOf(step['switch'], childPointer(pointer, 'switch')).map(
    ({ node, pointer: here }): BranchList => {
      if (!('when' in node)) return { steps: node['else'] ?? [], pointer: childPointer(here, 'else') };
      const when = { node: node['when'] ?? {}, pointer: childPointer(here, 'when') };
      return { when, steps: node['steps'] ?? [], pointer: childPointer(here, 'steps') };
    },
  );
  return 'else' in step
    ? [...listed, { steps: step['else'] ?? [], pointer: childPointer(pointer, 'else') }]
    : listed;
}

/** The branches of a switch, with their places. */
export function branchesOf(
  value: Json | undefined,
  pointer: string,
): { node: JsonObject; pointer: string }[] {
  if (!Array.isArray(value)) return [];
  return (value as readonly Json[]).flatMap((node, i) =>
    isJsonObject(node) ? [{ node, pointer: childPointer(pointer, i) }] : [],
  );
}

function branchList({ steps }: Grammar): Field {
  const branch: Fields = { when: required(CONDITION), steps: required(steps) };
  const otherwise: Fields = { else: required(steps) };
  const schema = Type.Array(Type.Union([mapSchema(branch), mapSchema(otherwise)]), { minItems: 1 });
  return field(schema, (node, pointer, report) => {
    if (!Array.isArray(node)) {
      report.error(
        pointer,
        `${show(node)} is ${kindOf(node)}; switch must be a list of { when, steps }, the last of which may be { else: steps }.`,
      );
      return;
    }
    if (node.length === 0)
      report.error(pointer, 'The switch has no branch; write at least one { when, steps }.');
    for (const [i, item] of (node as readonly Json[]).entries()) {
      const here = childPointer(pointer, i);
      const isElse = isJsonObject(item) && 'else' in item && !('when' in item);
      checkMap(isElse ? 'the else branch' : 'a branch', isElse ? otherwise : branch, item, here, report);
      if (isElse && i < node.length - 1)
        report.error(here, '"else" must be the last branch: those after it are never taken.');
    }
  });
}
