import type { AttemptState, TraceRow } from '../kernel/runs.ts';
import type { Attempt } from './attempt.ts';
import type { Frame, Halt } from './frame.ts';

/** Puts an attempt into the trace. */
export function note(frame: Frame, row: Attempt['row'], state: AttemptState, more: Partial<TraceRow> = {}): undefined {
  frame.trace.push({ ...row, state, ...more });
}

/** Stops the run until it is due. On the way back a run that waits keeps its name. */
export function waiting(frame: Frame, waitMs: number): Halt {
  return { state: frame.rollback ? 'rolling_back' : 'waiting', waitMs };
}
