import { isJsonObject, type Json } from '../../kernel/json.ts';
import type { StepType } from '../../kernel/plugin.ts';
import { childPointer } from '../load/document.ts';
import { rulesIn } from '../modifiers/errors.ts';
import type { StepOutline } from '../outline/steps.ts';
import type { Report } from '../report.ts';
import { checkTemplated } from '../schema/check-templated.ts';
import { asText } from '../schema/show.ts';
import type { LintRule } from './subject.ts';

export const stepTypes: LintRule = {
  name: 'step-types',
  summary: 'Step types that are given what they do not take, or of which is asked what only an HTTP answer has.',
  check({ outline, registry }, report) {
    for (const step of outline.pipelines.flatMap(({ steps }) => steps)) {
      if (step.verb.name !== 'use') continue;
      const type = registry.stepType(asText(step.node['use']));
      if (type) checkWith(type, step, report);
      if (type) checkQuestion(type, step, report);
      checkAnswer(step, report);
    }
  },
};

function checkWith(type: StepType, { node, pointer }: StepOutline, report: Report): void {
  const given = node['with'];
  const needed = requiredIn(type);
  if (given === undefined && needed.length > 0) {
    const message = `"with" is missing; ${type.name} needs: ${needed.join(', ')}.`;
    report.error(childPointer(pointer, 'use'), message);
  } else if (isJsonObject(given)) {
    checkTemplated(type.config, given, childPointer(pointer, 'with'), report, `"with" of ${type.name}`);
  }
}

function requiredIn({ config }: StepType): readonly string[] {
  const required: unknown = 'required' in config ? config['required'] : undefined;
  return Array.isArray(required) ? required.map(asText) : [];
}

function checkQuestion(type: StepType, { aside, pointer }: StepOutline, report: Report): void {
  if (aside?.role !== 'lookup' || type.repeat.mode === 'safe') return;
  const message = `A lookup only looks, and may be repeated; "${type.name}" has an effect (${type.repeat.mode}). Name a step type that is safe.`;
  report.error(childPointer(pointer, 'use'), message);
}

const OF_BYTES = ['decode', 'maxBytes', 'items'];
const OF_HTTP = ['status', 'headers', 'network'];

/** A step type gives a value; where it fails, rules see `{code, message, kind}` as the body. */
function checkAnswer({ node, pointer }: StepOutline, report: Report): void {
  const response = isJsonObject(node['response']) ? node['response'] : {};
  for (const key of OF_BYTES.filter((name) => name in response)) {
    const message = `"${key}" is about the answer to a request; a step type gives a value as it is. It takes: outputs, schema.`;
    report.error(childPointer(pointer, 'response', key), message, { onKey: true });
  }
  for (const { node: rule, pointer: place } of rulesIn(node['errors'], childPointer(pointer, 'errors'))) {
    for (const { key, at } of tests(rule['when'], childPointer(place, 'when'))) {
      const message = `A step type has no ${key}: a fault of it is a body of code, message and kind. Write for example { body: { /code: NOT_FOUND } }.`;
      report.error(at, message, { onKey: true });
    }
  }
}

/** The tests of a condition, inside `any` too, that no step type can answer. */
function tests(when: Json | undefined, pointer: string): { key: string; at: string }[] {
  if (!isJsonObject(when)) return [];
  const any = Array.isArray(when['any']) ? (when['any'] as readonly Json[]) : [];
  return [
    ...OF_HTTP.filter((key) => key in when).map((key) => ({ key, at: childPointer(pointer, key) })),
    ...any.flatMap((one, i) => tests(one, childPointer(pointer, 'any', i))),
  ];
}
