import { StepFault } from '../kernel/errors.ts';
import type { JsonObject } from '../kernel/json.ts';
import type { Json } from '../kernel/json.ts';
import { ABSENT, type Evaluator, type FailStep, type Scope, type SetStep, type Step, type SwitchStep } from '../language/plan.ts';
import type { Frame, Halt } from './frame.ts';
import { effect } from './effect-step.ts';

/**
 * The interpreter. It walks the pipeline from its start each time; what is on record is passed over, so a run goes on
 * wherever it was, in whichever process, after a wait, a crash or a replay alike.
 * @returns why the run stops here, or undefined where every step is done
 */
export async function walk(steps: readonly Step[], frame: Frame): Promise<Halt | undefined> {
  for (const step of steps) {
    const known = frame.recordOf(step.path);
    if (known) frame.reveal(step.id, known);
    else if (step.if && !step.if(frame.scope())) frame.record(step, { state: 'skipped' });
    else {
      const halt = await perform(step, frame);
      if (halt) return halt;
    }
    const halt = await walk(chosenBranch(step, frame), frame);
    if (halt) return halt;
  }
  return undefined;
}

async function perform(step: Step, frame: Frame): Promise<Halt | undefined> {
  try {
    switch (step.verb) {
      case 'request':
      case 'use':
        return await effect(step, frame);
      case 'set':
        return set(step, frame);
      case 'switch':
        return choose(step, frame);
      case 'fail':
        return fail(step, frame);
    }
  } catch (fault) {
    if (!(fault instanceof StepFault)) throw fault;
    return refuse(step, frame, fault);
  }
}

function set(step: SetStep, frame: Frame): undefined {
  frame.record(step, { state: 'succeeded', outputs: evaluateAll(step.values, frame.scope()) });
}

function choose(step: SwitchStep, frame: Frame): undefined {
  const scope = frame.scope();
  const branch = step.branches.findIndex(({ when }) => when === undefined || when(scope));
  frame.record(step, { state: 'succeeded', outputs: {}, branch });
}

function chosenBranch(step: Step, frame: Frame): readonly Step[] {
  if (step.verb !== 'switch') return [];
  const record = frame.recordOf(step.path);
  if (record?.state !== 'succeeded' || record.branch === undefined) return [];
  return step.branches[record.branch]?.steps ?? [];
}

function fail(step: FailStep, frame: Frame): Halt {
  const message = step.message(frame.scope());
  const text = typeof message === 'string' ? message : JSON.stringify(message);
  throw new StepFault(step.kind, text, step.code === undefined ? {} : { code: step.code });
}

/** A step that could not be begun: its templates cannot be filled, or it says `fail`. */
function refuse(step: Step, frame: Frame, fault: StepFault): Halt {
  const now = frame.deps.clock.now();
  const error = { kind: fault.kind, message: frame.redact(fault.message) };
  const attempt = (frame.intentOf(step.path)?.attempt ?? 0) + 1;
  frame.trace.push({ step: step.path, attempt, state: 'failed', error, startedAt: now, finishedAt: now });
  const code = fault.code === undefined ? {} : { code: fault.code };
  return { state: 'failed', error: { ...error, ...code, step: step.path } };
}

/** Evaluates named values; absent ones are left out. */
export function evaluateAll(values: Readonly<Record<string, Evaluator>>, scope: Scope): JsonObject {
  const entries: [string, Json][] = [];
  for (const [name, evaluate] of Object.entries(values)) {
    const value = evaluate(scope);
    if (value !== ABSENT) entries.push([name, value]);
  }
  return Object.fromEntries(entries);
}
