import { notFound, SluiceError } from '../../kernel/errors.ts';
import type { RunState } from '../../kernel/runs.ts';
import type { Cancellation, Run, RunFilter, RunStep } from '../../kernel/stores/runs.ts';
import type { Stores } from '../../kernel/stores/stores.ts';
import type { Catalogue } from '../definitions/catalogue.ts';
import { replayRun, type Replay } from './replay.ts';

export async function findRun(stores: Stores, tenantId: string, id: string): Promise<Run> {
  const run = await stores.runs.find(tenantId, id);
  if (!run) throw notFound('run');
  return run;
}

export async function runWithSteps(
  stores: Stores,
  tenantId: string,
  id: string,
): Promise<{ readonly run: Run; readonly steps: readonly RunStep[] }> {
  const run = await findRun(stores, tenantId, id);
  return { run, steps: await stores.runs.steps(tenantId, id) };
}

const TOO_LATE: Readonly<Partial<Record<Cancellation, string>>> = {
  ended: 'The run has ended: there is nothing left to cancel.',
  rollingBack: 'The run is rolling_back: what it did is being undone already.',
};

/** Throws NOT_CANCELLABLE where it has ended, is rolling back, or deletes what nobody could put back. */
export async function cancelRun(stores: Stores, run: Run): Promise<void> {
  if (run.kind === 'delete') throw new SluiceError('NOT_CANCELLABLE', 'The run deletes a compute environment, which cannot be cancelled.');
  const tooLate = TOO_LATE[await stores.runs.cancel(run.tenantId, run.id)];
  if (tooLate !== undefined) throw new SluiceError('NOT_CANCELLABLE', tooLate);
}

/** The states that a bulk replay takes where its filter names none. */
const DEAD_LETTERS: readonly RunState[] = ['failed', 'needs_review'];

export interface BulkReplay {
  readonly replayed: readonly string[];
  readonly refused: readonly { readonly id: string; readonly message: string }[];
  /** True where more runs match than were taken: call again. */
  readonly more: boolean;
}

/** Replays the runs that a filter finds, newest first, up to `limit` at a time. */
export async function replayRuns(
  catalogue: Catalogue,
  stores: Stores,
  tenantId: string,
  filter: RunFilter,
  how: Replay & { readonly limit: number },
): Promise<BulkReplay> {
  const found = await stores.runs.list(
    tenantId,
    { ...filter, states: filter.states ?? DEAD_LETTERS },
    { limit: how.limit },
  );
  const replayed: string[] = [];
  const refused: { id: string; message: string }[] = [];
  for (const run of found.items) {
    try {
      await replayRun(catalogue, stores, run, how);
      replayed.push(run.id);
    } catch (error) {
      if (!(error instanceof SluiceError)) throw error;
      refused.push({ id: run.id, message: error.message });
    }
  }
  return { replayed, refused, more: found.next !== undefined };
}
