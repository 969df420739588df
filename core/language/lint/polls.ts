import { isJsonObject, type JsonObject } from '../../kernel/json.ts';
import { childPointer } from '../load/document.ts';
import { SAFE_METHODS } from '../modifiers/idempotency.ts';
import type { StepOutline } from '../outline/steps.ts';
import { requestOf } from '../verbs/request.ts';
import type { LintRule, Subject } from './subject.ts';
import { asText } from '../schema/show.ts';

export const polls: LintRule = {
  name: 'polls',
  summary: 'A poll that repeats what may not be repeated, or that would have to be undone.',
  check(subject, report) {
    for (const { steps, node: pipeline } of subject.outline.pipelines) {
      for (const step of steps.filter(({ node }) => 'poll' in node)) {
        const place = childPointer(step.pointer, 'poll');
        const mode = modeOf(step, pipeline, subject);
        if (mode !== 'safe') {
          const message = `A poll repeats this step's own request, and its idempotency is ${mode}: let one step begin the work, and poll in the next one with a GET, or with { mode: safe }.`;
          report.error(place, message, { onKey: true });
        } else if ('undo' in step.node) {
          const message = 'A poll only waits for what an earlier step began: move "undo" to that step.';
          report.error(childPointer(step.pointer, 'undo'), message, { onKey: true });
        }
      }
    }
  },
};

/** What an unknown outcome of the step calls for, as far as it is said. */
function modeOf({ node, verb }: StepOutline, pipeline: JsonObject, { registry }: Subject): string {
  const own = modeIn(node['idempotency']);
  if (own !== undefined) return own;
  if (verb.name === 'use') return registry.stepType(asText(node['use']))?.repeat.mode ?? 'safe';
  if (SAFE_METHODS.includes(asText(requestOf(node)['method']))) return 'safe';
  // A request that says nothing has been reported by the rule that asks for it.
  return modeIn(pipeline['idempotency']) ?? 'safe';
}

function modeIn(idempotency: unknown): string | undefined {
  return isJsonObject(idempotency) ? asText(idempotency['mode']) : undefined;
}
