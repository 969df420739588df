import type { ClientBase } from 'pg';
import type { RunState } from '../../../core/kernel/runs.ts';

/** A run whose state a statement has changed. */
export interface Changed {
  readonly tenantId: string;
  readonly id: string;
  readonly kind: string;
}

/** What a statement returns of the runs it has changed. */
export const CHANGED = `tenant_id AS "tenantId", id, kind`;

/** A changed run as it is now. */
export interface MovedRun extends Changed {
  readonly subject: string;
  readonly state: RunState;
  readonly cancelRequested: boolean;
  /** Its way back has begun; it may have ended. */
  readonly rollingBack: boolean;
}

/** What runs of some kinds are about (an environment, a dataset's partition), and so moves with their states. */
export interface Subject {
  readonly kinds: readonly string[];
  /**
   * True where it matters to it that a run was made, that a worker has taken it up, or that it waits. These moves are many
   * (a poll is two): without it they are spared, and it hears of what a person or a lost worker does to a run, of its way
   * back and of its end.
   */
  readonly underWay?: true;
  /**
   * Called in the transaction that changed the runs, which come in the order of their ids. The runs are locked before
   * their subjects, here and wherever both are.
   * @returns the statements it has sent: the commit goes out behind them, so none is made of another's answer
   */
  move(client: ClientBase, runs: readonly MovedRun[]): readonly Promise<unknown>[];
}
