import { isJsonObject, type Json, type JsonObject } from '../../kernel/json.ts';
import { childPointer } from '../load/document.ts';
import { SAFE_METHODS } from '../modifiers/idempotency.ts';
import type { StepOutline } from '../outline.ts';
import type { Report } from '../report.ts';
import { requestOf } from '../verbs/request.ts';
import type { LintRule, Subject } from './subject.ts';
import { asText } from '../schema/show.ts';

export const idempotency: LintRule = {
  name: 'idempotency',
  summary: 'POST and PATCH without `idempotency`; a mode `key` whose request does not carry the key.',
  check(subject, report) {
    for (const { steps, node: action, name } of subject.outline.pipelines) {
      if (name === 'verify') continue;
      for (const step of steps.filter(({ verb }) => verb.name === 'request'))
        checkStep(step, action, subject, report);
    }
  },
};

function checkStep(step: StepOutline, action: JsonObject, subject: Subject, report: Report): void {
  const { node, pointer } = step;
  const method = requestOf(node)['method'];
  const own = node['idempotency'];
  const inherited =
    typeof method === 'string' && !SAFE_METHODS.includes(method) ? action['idempotency'] : undefined;
  const chosen: Json | undefined = own ?? inherited;
  if (chosen === undefined && (method === 'POST' || method === 'PATCH')) {
    const message = `"${method}" may have its effect twice when it is repeated, so say what is to happen when its outcome is unknown: add idempotency with mode once, header, key or safe, for example { mode: once }.`;
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
