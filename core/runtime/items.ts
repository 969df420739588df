import { StepFault } from '../kernel/errors.ts';
import { uuid7 } from '../kernel/ids.ts';
import { followPointer, isJsonObject, type Json, type JsonObject } from '../kernel/json.ts';
import type { NewRun, RunError } from '../kernel/runs.ts';
import type { AnswerView, ErrorRule, ItemsPlan, Scope } from '../language/plan.ts';
import type { Frame } from './frame.ts';

/**
 * Reads the answer to a batch event by event. What is to be tried again goes into a batch of its own, later; what was
 * refused becomes a dead letter, a failed run that holds just these events and can be replayed. Both are made in the
 * transaction that records the answer.
 */
export function sortItems(plan: ItemsPlan, frame: Frame, view: AnswerView, scope: Scope): void {
  const said = followPointer(view.body, plan.at);
  if (!Array.isArray(said)) return;
  const events = eventsOf(frame);
  if (frame.run.cursor.intent && said.length > events.length) return sendAgain(frame, events);
  const retry: number[] = [];
  const failed = new Map<number, RunError>();
  (said as readonly Json[]).forEach((item, place) => {
    const rule = plan.errors.find(({ when }) => holds(when, { ...scope, item, response: view }, view));
    if (rule?.then === 'retry' || rule?.then === 'rateLimited') retry.push(place);
    else if (rule && rule.then !== 'ignore') failed.set(place, errorOf(rule, { ...scope, item, response: view }, frame));
  });
  frame.rest = { retry: retry.length, failed: failed.size };
  if (retry.length > 0) frame.spawn.push(restOf(frame, retry, { delayMs: RETRY_AFTER_MS }));
  for (const [error, places] of groupsOf(failed)) frame.spawn.push(restOf(frame, places, { error }));
}

/** Something was purged since the batch was rendered, and whose answers these are cannot be told: what is left goes again. */
function sendAgain(frame: Frame, events: readonly JsonObject[]): void {
  frame.rest = { retry: events.length, failed: 0 };
  frame.spawn.push(restOf(frame, [...events.keys()], { delayMs: RETRY_AFTER_MS }));
}

function eventsOf(frame: Frame): readonly JsonObject[] {
  return frame.scope()['events'] as readonly JsonObject[]; // a sink's frame has them
}

/** How long events that the other side was too busy for stay back, in ms. */
const RETRY_AFTER_MS = 5000;

/** What a batch came to. */
export function batchOutputs(frame: Frame): JsonObject {
  const all = eventsOf(frame).length;
  const { retry, failed } = frame.rest;
  return { delivered: all - retry - failed, retried: retry, failed };
}

function restOf(frame: Frame, places: readonly number[], more: Pick<NewRun, 'error' | 'delayMs'>): NewRun {
  const { tenantId, kind, definition, pipeline, connectionId, input, context } = frame.run;
  const events = eventsOf(frame);
  const ids = places.map((place) => events[place]?.['id'] ?? null);
  const id = uuid7(frame.deps.clock.now());
  const batch = isJsonObject(context?.['batch']) ? context['batch'] : {};
  const { ranges: _whole, ...kept } = input;
  return {
    tenantId,
    id,
    kind,
    definition,
    pipeline,
    subject: `batch:${frame.run.id}`,
    ...(connectionId === undefined ? {} : { connectionId }),
    input: { ...kept, ids },
    context: { ...context, batch: { ...batch, id, count: ids.length } },
    ...more,
  };
}

function groupsOf(failed: ReadonlyMap<number, RunError>): [RunError, number[]][] {
  const groups = new Map<string, [RunError, number[]]>();
  for (const [place, error] of failed) {
    const key = JSON.stringify(error);
    const group = groups.get(key);
    if (group) group[1].push(place);
    else groups.set(key, [error, [place]]);
  }
  return [...groups.values()];
}

function holds(when: ErrorRule['when'], scope: Scope, view: AnswerView): boolean {
  try {
    return when(scope, view);
  } catch (error) {
    if (error instanceof StepFault) return false;
    throw error;
  }
}

function errorOf({ at, kind, message, code }: ErrorRule, scope: Scope, frame: Frame): RunError {
  let text = 'The other side refused these events.';
  try {
    const said = message?.(scope);
    if (typeof said === 'string' && said !== '') text = said;
  } catch (error) {
    if (!(error instanceof StepFault)) throw error;
  }
  return { kind: kind ?? 'config', message: frame.redact(text), rule: at, ...(code === undefined ? {} : { code }) };
}
