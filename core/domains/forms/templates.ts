import type { Violation } from '../../kernel/errors.ts';
import type { Json } from '../../kernel/json.ts';
import type { Question } from '../../kernel/stores/forms.ts';
import type { Evaluator } from '../../language/plan.ts';
import { nameTrouble } from '../../language/scope/resolve.ts';
import { compileTree, type TreeFinding } from '../../language/tree.ts';
import { eventShape } from './event.ts';

export interface CompiledTemplates {
  readonly evaluate: Evaluator;
  readonly violations: readonly Violation[];
}

/**
 * Compiles an action's `input` or `if`, where what was not answered drops its key (or is "" in text), and says which
 * names the form does not have.
 * @param pointer where the tree stands in the body
 */
export function compileTemplates(
  tree: Json,
  pointer: string,
  questions: readonly Question[],
): CompiledTemplates {
  const findings: TreeFinding[] = [];
  const { evaluate, references } = compileTree(tree, findings, { pointer, absent: 'drop' });
  const scope = eventShape(questions);
  const violations: Violation[] = findings.map(({ pointer: path, message }) => ({ path, message }));
  for (const { path, guarded, text, pointer: at, bound } of references) {
    if (path[0] !== undefined && bound.includes(path[0])) continue;
    const message = nameTrouble({ path, guarded, text }, scope);
    if (message !== undefined) violations.push({ path: at, message });
  }
  return { evaluate, violations };
}
