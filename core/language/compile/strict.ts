import type { Json } from '../../kernel/json.ts';
import { compileCondition } from '../condition.ts';
import type { Condition, Evaluator } from '../plan.ts';
import { parseLeaf, type LeafOptions } from '../template/leaf.ts';
import { compileTree, type TreeFinding, type TreeOptions } from '../tree.ts';

/**
 * Compiling after lint: what lint lets through compiles. A finding here is a defect of ours, and thrown as one.
 */
export function tree(node: Json, pointer: string, options: Pick<TreeOptions, 'absent'> = {}): Evaluator {
  const findings: TreeFinding[] = [];
  const { evaluate } = compileTree(node, findings, { pointer, ...options });
  return orDefect(evaluate, findings);
}

export function condition(node: Json, pointer: string): Condition {
  const findings: TreeFinding[] = [];
  const { evaluate } = compileCondition(node, findings, pointer);
  return orDefect(evaluate, findings);
}

export function leaf(text: string, options?: LeafOptions): Evaluator {
  return parseLeaf(text, options).evaluate;
}

function orDefect<T>(compiled: T, [finding]: readonly TreeFinding[]): T {
  if (finding)
    throw new Error(`Lint let through what does not compile, at ${finding.pointer}: ${finding.message}`);
  return compiled;
}
