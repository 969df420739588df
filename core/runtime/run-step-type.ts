import { messageOf, StepFault } from '../kernel/errors.ts';
import { isJsonObject, type Json, type JsonObject } from '../kernel/json.ts';
import type { Intent, RenderedUse } from '../kernel/runs.ts';
import type { AnswerView, Scope, UseStep } from '../language/plan.ts';
import { rowOf, type Attempt } from './attempt.ts';
import type { Frame } from './frame.ts';
import { judge, judgeFault, type Judgement } from './judge.ts';
import { redactJson } from './redaction.ts';

type Outcome =
  | { readonly result: Json }
  /** It said what is wrong: nothing of it is in doubt. */
  | { readonly fault: StepFault }
  /** It broke, was cut or took too long: what became of it is not known. */
  | { readonly broken: string; readonly timeout?: true };

/** One attempt of a step type. What it gives is the body that outputs and conditions see. */
export async function runStepType(step: UseStep, frame: Frame, intent: Intent, scope: Scope): Promise<Attempt> {
  const startedAt = frame.deps.clock.now();
  const { use, with: config } = intent.request as RenderedUse; // a step that uses renders nothing else
  const outcome = await attempt(step, frame, intent, use, config);
  const view = viewOf(outcome);
  const judgement = judgementOf(step, frame, outcome, view, scope);
  const row = {
    ...rowOf(step.path, frame, intent, { judgement, startedAt }),
    request: redactJson({ use, with: config }, frame.redact),
    ...(view.body === undefined ? {} : { response: redactJson(view.body as Json, frame.redact) }),
  };
  return { judgement, view, row };
}

async function attempt(step: UseStep, frame: Frame, intent: Intent, use: string, config: JsonObject): Promise<Outcome> {
  const type = frame.deps.stepTypes(use);
  if (!type) return { fault: new StepFault('config', `There is no step type "${use}" on this platform.`) };
  const { clock, services } = frame.deps;
  const timeUp = new AbortController();
  const signal = AbortSignal.any([frame.signal, timeUp.signal]);
  const { tenantId, id: runId, definition } = frame.run;
  const work = async (): Promise<Outcome> => {
    try {
      const previous = intent.poll?.previous;
      const told = previous === undefined ? {} : { previous };
      const context = { clock, signal, tenantId, runId, definition, idempotencyKey: intent.key, services, ...told };
      return { result: await type.run(config, context) };
    } catch (error) {
      if (error instanceof StepFault) return { fault: error };
      return { broken: `The step type "${use}" broke: ${messageOf(error)}` };
    }
  };
  let forget = (): void => {};
  const tooLong = new Promise<Outcome>((settle) => {
    const late = { broken: `The step type "${use}" did not end in time.`, timeout: true } as const;
    forget = clock.after(step.timeoutMs, () => settle(late));
  });
  try {
    return await Promise.race([work(), tooLong]);
  } finally {
    forget();
    timeUp.abort();
  }
}

function viewOf(outcome: Outcome): AnswerView {
  if ('result' in outcome) return { headers: headersOf(outcome.result), body: outcome.result };
  if ('broken' in outcome) return { headers: {}, body: undefined, ...(outcome.timeout ? { network: 'timeout' } : {}) };
  const { kind, message, code } = outcome.fault;
  return { headers: {}, body: { kind, message, ...(code === undefined ? {} : { code }) } };
}

/** What a vendor would say in a header, in a result: see StepType.run. */
function headersOf(result: Json): Readonly<Record<string, string>> {
  const wait = isJsonObject(result) ? result['retryAfter'] : undefined;
  return typeof wait === 'number' ? { 'retry-after': String(wait) } : {};
}

function judgementOf(step: UseStep, frame: Frame, outcome: Outcome, view: AnswerView, scope: Scope): Judgement {
  if ('result' in outcome) return { verdict: 'done', kind: 'transient', message: '', sent: true };
  const now = frame.deps.clock.now();
  if ('fault' in outcome) return judgeFault(outcome.fault, view, step.errors, scope, now);
  return judge({ view, sent: true, failure: outcome.broken, redact: frame.redact }, step.errors, scope, now);
}
