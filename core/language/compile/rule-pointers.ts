import { isJsonObject, type Json, type JsonObject } from '../../kernel/json.ts';
import { childPointer } from '../load/document.ts';
import { rulesIn } from '../modifiers/errors.ts';
import { outlineOf, type Outline } from '../outline.ts';
import type { StepOutline } from '../outline/steps.ts';

/** An `errors` list as it was written. Each is gone through by itself; of one the first rule that matches counts. */
export interface RuleList {
  readonly node: Json | undefined;
  readonly pointer: string;
}

/** All `errors` lists of a definition, in the order of the file: its own, those of steps and of items. */
export function ruleLists({ root, pipelines }: Outline): RuleList[] {
  return [{ node: root['errors'], pointer: '/errors' }, ...pipelines.flatMap(({ steps }) => steps.flatMap(listsOf))];
}

function listsOf({ node, pointer }: StepOutline): RuleList[] {
  const response = node['response'];
  const items = isJsonObject(response) ? response['items'] : undefined;
  return [
    { node: node['errors'], pointer: childPointer(pointer, 'errors') },
    {
      node: isJsonObject(items) ? items['errors'] : undefined,
      pointer: childPointer(pointer, 'response', 'items', 'errors'),
    },
  ];
}

/** JSON Pointers of all `errors` rules of a definition, in the order of the file. */
export function rulePointers(root: JsonObject): string[] {
  const rules = ruleLists(outlineOf(root)).flatMap((list) => rulesIn(list.node, list.pointer));
  return rules.map(({ pointer }) => pointer);
}
