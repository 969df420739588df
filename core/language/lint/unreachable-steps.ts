import { isJsonObject, type Json } from '../../kernel/json.ts';
import { compileCondition } from '../condition.ts';
import { childPointer } from '../load/document.ts';
import type { StepOutline } from '../outline/steps.ts';
import type { Report } from '../report.ts';
import { branchesOf } from '../verbs/switch.ts';
import type { TreeFinding } from '../tree.ts';
import type { LintRule } from './subject.ts';

export const unreachableSteps: LintRule = {
  name: 'unreachable-steps',
  summary:
    'Branches of a switch after one that always holds, or that says the same; steps after an unconditional fail.',
  check({ outline }, report) {
    for (const { steps } of outline.pipelines) {
      for (const step of steps) {
        if (step.verb.name === 'switch') checkBranches(step, report);
        else if (step.verb.name === 'fail' && !('if' in step.node)) checkAfter(step, steps, report);
      }
    }
  },
};

function checkBranches({ node, pointer }: StepOutline, report: Report): void {
  const branches = branchesOf(node['switch'], childPointer(pointer, 'switch'));
  const otherwise = 'else' in node ? [{ node, pointer: childPointer(pointer, 'else') }] : [];
  const always = branches.findIndex(
    ({ node: branch }) => 'when' in branch && alwaysHolds(branch['when'] ?? null),
  );
  for (const [i, branch] of [...branches, ...otherwise].entries()) {
    const same = branches
      .slice(0, i)
      .findIndex(({ node: other }) => 'when' in other && sameText(other['when'], branch.node['when']));
    if (always >= 0 && i > always) {
      report.error(
        branch.pointer,
        `This branch is never taken: branch ${always + 1} before it always holds.`,
      );
    } else if (same >= 0) {
      report.error(
        branch.pointer,
        `This branch is never taken: branch ${same + 1} before it has the same condition.`,
      );
    }
  }
}

function sameText(a: Json | undefined, b: Json | undefined): boolean {
  return a !== undefined && JSON.stringify(a) === JSON.stringify(b);
}

/** A template without variables has one value, for ever. */
function alwaysHolds(when: Json): boolean {
  if (isJsonObject(when)) return Object.keys(when).length === 0;
  const mistakes: TreeFinding[] = [];
  const { evaluate, references } = compileCondition(when, mistakes);
  if (references.length > 0) return false;
  try {
    return evaluate({});
  } catch {
    return false;
  }
}

function checkAfter(step: StepOutline, steps: readonly StepOutline[], report: Report): void {
  const list = step.pointer.slice(0, step.pointer.lastIndexOf('/'));
  const place = Number(step.pointer.slice(list.length + 1));
  const next = steps.find(({ pointer }) => pointer === childPointer(list, place + 1));
  if (next)
    report.error(
      next.pointer,
      `This step is never reached: "${step.id}" before it always ends the run. Give that one an "if".`,
    );
}
