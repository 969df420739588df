import { isJsonObject, type Json, type JsonObject } from '../../kernel/json.ts';
import { childPointer } from '../load/document.ts';
import { SAFE_METHODS } from '../modifiers/idempotency.ts';
import { outputsOf } from '../modifiers/response.ts';
import type { StepOutline } from '../outline/steps.ts';
import type { Report } from '../report.ts';
import { asText } from '../schema/show.ts';
import { requestOf } from '../verbs/request.ts';
import type { LintRule, Subject } from './subject.ts';

export const idempotency: LintRule = {
  name: 'idempotency',
  summary:
    'Steps that say nothing of an unknown outcome and must; a mode `key` whose request does not carry the key; lookups that do not give what their step gives.',
  check(subject, report) {
    for (const { steps, node, name } of subject.outline.pipelines) {
      if (name === 'verify') continue;
      for (const step of steps.filter(({ aside }) => aside?.role !== 'lookup')) {
        if (step.verb.name === 'request') checkRequest(step, node, subject, report);
        else if (step.verb.name === 'use') checkUse(step, subject, report);
        checkLookup(step, report);
      }
    }
  },
};

function checkRequest(step: StepOutline, pipeline: JsonObject, subject: Subject, report: Report): void {
  const { node, pointer } = step;
  const method = requestOf(node)['method'];
  const own = node['idempotency'];
  const chosen: Json | undefined = own ?? (isSafe(method) ? undefined : pipeline['idempotency']);
  if (chosen === undefined && (method === 'POST' || method === 'PATCH')) {
    const message = `"${method}" may have its effect twice when it is repeated, so say what is to happen when its outcome is unknown: add idempotency with mode once, header, key, lookup or safe, for example { mode: once }.`;
    report.error(childPointer(pointer, 'request', 'method'), message);
    return;
  }
  if (!isJsonObject(chosen)) return;
  const place = own === undefined ? childPointer(pointer, 'request') : childPointer(pointer, 'idempotency');
  if (chosen['mode'] === 'key' && !carriesKey(pointer, subject)) {
    report.error(
      place,
      'With mode key the request itself carries the key, and this one does not: put {{ step.idempotencyKey }} where the system looks for it.',
      { onKey: own === undefined },
    );
  }
  if (chosen['mode'] === 'header') checkHeader(node, asText(chosen['header']), pointer, report);
}

function isSafe(method: Json | undefined): boolean {
  return typeof method !== 'string' || SAFE_METHODS.includes(method);
}

function carriesKey(pointer: string, { places }: Subject): boolean {
  const inside = places.filter((place) => place.pointer.startsWith(`${pointer}/request/`));
  return inside.some(({ references }) => references.some(({ path }) => path[0] === 'step'));
}

/** The engine sends the header: what the author writes there would be lost. */
function checkHeader(node: JsonObject, header: string, pointer: string, report: Report): void {
  const headers = requestOf(node)['headers'];
  const written = Object.keys(isJsonObject(headers) ? headers : {}).find(
    (name) => name.toLowerCase() === header.toLowerCase(),
  );
  if (written === undefined) return;
  report.error(
    childPointer(pointer, 'request', 'headers', written),
    `With mode header "${written}" is sent by itself; leave it out here, or use mode key.`,
    { onKey: true },
  );
}

/** Whether a step type may be repeated is the type's to say; a definition may only ask for more care. */
function checkUse({ node, pointer }: StepOutline, { registry }: Subject, report: Report): void {
  const name = asText(node['use']);
  const type = registry.stepType(name);
  if (!type) return;
  const chosen = isJsonObject(node['idempotency']) ? node['idempotency']['mode'] : undefined;
  if (chosen === undefined && type.repeat.mode === 'once') {
    const message = `"${name}" may have its effect twice when it is run again, so say what is to happen when its outcome is unknown: add idempotency with mode lookup, or { mode: once } to have a person look.`;
    report.error(childPointer(pointer, 'use'), message);
  } else if (chosen !== undefined && chosen !== 'once' && chosen !== 'lookup') {
    const message = `Whether a step type may be run again it says itself: "${name}" is ${type.repeat.mode}. Leave this out, or write once or lookup.`;
    report.error(childPointer(pointer, 'idempotency', 'mode'), message);
  }
}

/** Later steps count on a step's outputs, whichever way its effect became known. */
function checkLookup({ node, pointer }: StepOutline, report: Report): void {
  const lookup = node['idempotency'];
  if (!isJsonObject(lookup) || lookup['mode'] !== 'lookup') return;
  const place = childPointer(pointer, 'idempotency');
  const [given, found] = [Object.keys(outputsOf(node['response'])), Object.keys(outputsOf(lookup))];
  const missing = given.filter((name) => !found.includes(name));
  const idle = found.filter((name) => !given.includes(name));
  if (missing.length > 0) {
    const names = missing.map((name) => `"${name}"`).join(', ');
    report.error(place, `The lookup does not give ${names}, which the step gives; add it to the lookup's outputs.`, { onKey: true });
  }
  for (const name of idle) {
    const known = given.length > 0 ? `it gives ${given.join(', ')}` : 'it gives none';
    report.error(childPointer(place, 'outputs', name), `"${name}" is no output of the step: ${known}.`, { onKey: true });
  }
}
