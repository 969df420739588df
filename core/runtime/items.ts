import { uuid7 } from '../kernel/ids.ts';
import { followPointer, isJsonObject, type Json, type JsonObject } from '../kernel/json.ts';
import type { Intent, NewRun, RunError } from '../kernel/runs.ts';
import type { AnswerView, EffectStep, ErrorRule, ItemsPlan, RetryPolicy, Scope } from '../language/plan.ts';
import type { Frame } from './frame.ts';
import { orElse } from './judge.ts';
import { parseWait, waitBefore } from './wait.ts';

/**
 * Reads the answer to a batch event by event. What is to be tried again goes into a batch of its own, later; what was
 * refused, or was tried as often as the step's policy allows, becomes a dead letter: a failed run that holds just these
 * events and can be replayed. Both are made in the transaction that records the answer.
 */
export function sortItems(
  { retry: policy }: EffectStep,
  plan: ItemsPlan,
  frame: Frame,
  { firstSentAt }: Intent,
  view: AnswerView,
  scope: Scope,
): void {
  const said = followPointer(view.body, plan.at);
  if (!Array.isArray(said)) return;
  const events = eventsOf(frame);
  // Something was purged since the batch was rendered, and whose answers these are cannot be told: what is left goes again.
  const mixed = frame.run.cursor.intent !== undefined && said.length > events.length;
  const sorted = mixed ? allAgain(events.length) : sort(said as readonly Json[], plan, frame, view, scope);
  const tried = triedBy(frame, firstSentAt);
  const wait = waitOf(policy, frame, tried, view, sorted);
  if (wait === undefined) {
    const times = `${tried.attempt} ${tried.attempt === 1 ? 'attempt' : 'attempts'}`;
    for (const [place, error] of sorted.retry) {
      sorted.failed.set(place, { ...error, kind: 'transient', message: `Given up after ${times}. ${error.message}` });
    }
    sorted.retry.clear();
  }
  frame.rest = { retry: sorted.retry.size, failed: sorted.failed.size };
  if (sorted.retry.size > 0) frame.spawn.push(nextBatch(frame, [...sorted.retry.keys()], tried, wait ?? 0));
  for (const [error, places] of groupsOf(sorted.failed)) frame.spawn.push(restOf(frame, places, { error }));
}

/** By their places in the batch, what is to be tried again and what is not, each with what was said of it. */
interface Sorted {
  readonly retry: Map<number, RunError>;
  readonly failed: Map<number, RunError>;
  /** The other side said of some that they are too many. */
  readonly rateLimited: boolean;
  /** The longest wait that rules ask for, in ms. */
  readonly after: number | undefined;
}

function sort(said: readonly Json[], plan: ItemsPlan, frame: Frame, view: AnswerView, scope: Scope): Sorted {
  const retry = new Map<number, RunError>();
  const failed = new Map<number, RunError>();
  const rules = said.map((item) => plan.errors.find(({ when }) => holds(when, { ...scope, item, response: view }, view)));
  rules.forEach((rule, place) => {
    if (!rule || rule.then === 'ignore') return;
    const error = errorOf(rule, { ...scope, item: said[place], response: view }, frame);
    (rule.then === 'retry' || rule.then === 'rateLimited' ? retry : failed).set(place, error);
  });
  const now = frame.deps.clock.now();
  const waits = rules.flatMap((rule, place) => {
    const wait = rule?.after && orElse(undefined, () => parseWait(rule.after!({ ...scope, item: said[place], response: view }), now));
    return wait === undefined ? [] : [wait];
  });
  return {
    retry,
    failed,
    rateLimited: rules.some((rule) => rule?.then === 'rateLimited'),
    after: waits.length > 0 ? Math.max(...waits) : undefined,
  };
}

function allAgain(events: number): Sorted {
  const error: RunError = { kind: 'transient', message: 'The answer holds more events than are left of the batch.' };
  return { retry: new Map([...Array(events).keys()].map((place) => [place, error])), failed: new Map(), rateLimited: false, after: undefined };
}

/** Ms until what is left is tried again; undefined where the step's policy has had enough. */
function waitOf(
  policy: RetryPolicy,
  frame: Frame,
  { attempt, since }: Tried,
  { headers }: AnswerView,
  { after, rateLimited }: Sorted,
): number | undefined {
  const { clock, random } = frame.deps;
  const now = clock.now();
  if (attempt >= policy.maxAttempts) return undefined;
  const wait = waitBefore(policy, attempt, { now, random, headers, after, rateLimited });
  return now + wait - since > policy.maxElapsed ? undefined : wait;
}

/** How often events of this batch were sent, this time included, and since when: ms since the epoch. */
interface Tried {
  readonly attempt: number;
  readonly since: number;
}

function triedBy({ run }: Frame, firstSentAt: number): Tried {
  const { attempt, since } = run.input;
  return typeof attempt === 'number' && typeof since === 'number' ? { attempt, since } : { attempt: 1, since: firstSentAt };
}

/** Some of the events once more, which count as sent before. A replay of a dead letter counts anew. */
function nextBatch(frame: Frame, places: readonly number[], { attempt, since }: Tried, delayMs: number): NewRun {
  const next = restOf(frame, places, { delayMs });
  return { ...next, input: { ...next.input, attempt: attempt + 1, since } };
}

function eventsOf(frame: Frame): readonly JsonObject[] {
  return frame.scope()['events'] as readonly JsonObject[]; // a sink's frame has them
}

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
  const { ranges: _whole, attempt: _tried, since: _begun, ...kept } = input;
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
  return orElse(false, () => when(scope, view));
}

function errorOf({ at, kind, message, code }: ErrorRule, scope: Scope, frame: Frame): RunError {
  const said = orElse(undefined, () => message?.(scope));
  const text = typeof said === 'string' && said !== '' ? said : 'The other side refused these events.';
  return { kind: kind ?? 'config', message: frame.redact(text), rule: at, ...(code === undefined ? {} : { code }) };
}
