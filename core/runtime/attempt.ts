import type { OutgoingRequest } from '../kernel/http.ts';
import type { Intent, TraceRow } from '../kernel/runs.ts';
import type { AnswerView } from '../language/plan.ts';
import type { Frame } from './frame.ts';
import type { Judgement } from './judge.ts';

/** One attempt, judged: what it means, what was seen, and its row in the trace but for the state. */
export interface Attempt {
  readonly judgement: Judgement;
  readonly view: AnswerView;
  /** Why the body could not be decoded as its content type, or the step, says. */
  readonly undecodable?: string;
  /** As it was sent, credentials and all; a step type sends by itself. */
  readonly wire?: OutgoingRequest;
  readonly row: Omit<TraceRow, 'state'>;
}

/** What every attempt's row has. A step that polls has one row, which counts its requests. */
export function rowOf(
  path: string,
  frame: Frame,
  intent: Intent,
  of: { readonly judgement: Judgement; readonly startedAt: number },
): Omit<TraceRow, 'state'> {
  const { rule } = of.judgement;
  return {
    step: path,
    attempt: intent.attempt,
    idempotencyKey: intent.key,
    ...(intent.poll ? { polls: intent.poll.count } : {}),
    ...(rule === undefined ? {} : { rule }),
    startedAt: of.startedAt,
    finishedAt: frame.deps.clock.now(),
  };
}
