import type { Json, JsonObject } from '../json.ts';
import type { Cursor, DefinitionRef, NewRun, RunError, RunState } from '../runs.ts';
import type { Page, PageRequest } from './page.ts';

/** A run as its tenant may see it. */
export interface Run {
  readonly tenantId: string;
  readonly id: string;
  readonly kind: string;
  readonly definition: DefinitionRef;
  readonly pipeline: string;
  readonly subject: string;
  readonly automationId: string | undefined;
  readonly connectionId: string | undefined;
  readonly state: RunState;
  readonly dueAt: Date | undefined;
  /** True while it waits for others that hold its concurrency key. */
  readonly parked: boolean;
  readonly attempt: number;
  readonly cancelRequested: boolean;
  readonly cursor: Cursor;
  readonly input: JsonObject;
  /** What set it off. */
  readonly event: JsonObject | undefined;
  /** Further variables of its templates. */
  readonly context: JsonObject | undefined;
  readonly exclusiveKey: string | undefined;
  /** When the way it is on, forward or back, ends. */
  readonly deadline: Date | undefined;
  readonly compensates: boolean;
  readonly outputs: JsonObject | undefined;
  readonly error: RunError | undefined;
  readonly version: number;
  readonly createdAt: Date;
  readonly updatedAt: Date;
  readonly startedAt: Date | undefined;
  readonly finishedAt: Date | undefined;
}

/** One attempt of one step, as recorded. `wait` in milliseconds. */
export interface RunStep {
  readonly step: string;
  readonly attempt: number;
  readonly state: string;
  readonly idempotencyKey: string | undefined;
  readonly rule: string | undefined;
  readonly wait: number | undefined;
  /** Of a step that polls: its requests so far. */
  readonly polls: number | undefined;
  readonly status: number | undefined;
  readonly request: Json | undefined;
  readonly response: Json | undefined;
  readonly error: Json | undefined;
  readonly startedAt: Date;
  readonly finishedAt: Date;
}

export interface RunFilter {
  readonly states?: readonly RunState[];
  readonly kinds?: readonly string[];
  readonly definition?: string;
  readonly subject?: string;
  readonly from?: Date;
  readonly to?: Date;
}

/** How to go on with a run that stands still. */
export interface Requeue {
  /** Where it has `rollback`, what the run did is undone. */
  readonly cursor: Cursor;
  /** The definition to go on with, where it is not the pinned one. */
  readonly definition?: DefinitionRef;
  /** Its input, where it is not the one it was made with. */
  readonly input?: JsonObject;
  /** Ms from now, where its deadline is another from here on. */
  readonly deadlineMs?: number;
}

/**
 * What became of the wish to cancel a run. `cancelling`: a worker sees to it, once its request in hand is recorded, and
 * undoes what was done where the run compensates. `rollingBack` and `ended`: it was too late.
 */
export type Cancellation = 'cancelled' | 'cancelling' | 'rollingBack' | 'ended';

/** Raised by every change of a run. */
export interface RunVersion {
  readonly version: number;
  readonly state: RunState;
}

/** The run table as the control plane sees it; workers see it as `RunStore`. */
export interface RunRecords {
  /** Adds runs that commit with what caused them. Throws RunExclusion; the transaction is lost then. */
  add(runs: readonly NewRun[]): Promise<void>;
  /** The same for one, which it gives as it is on record. */
  addOne(run: NewRun): Promise<Run>;
  find(tenantId: string, id: string): Promise<Run | undefined>;
  list(tenantId: string, filter: RunFilter, page: PageRequest): Promise<Page<Run>>;
  steps(tenantId: string, id: string): Promise<readonly RunStep[]>;
  /** How far these runs are, by id: what has changed is known without reading it. */
  versions(tenantIds: readonly string[], ids: readonly string[]): Promise<ReadonlyMap<string, RunVersion>>;
  /**
   * Makes it due again. False where its state is no longer one of `from`. Throws RunExclusion where another run has
   * its exclusive key; the transaction can go on.
   */
  requeue(run: Run, from: readonly RunState[], how: Requeue): Promise<boolean>;
  /** Ends it where it has not begun, or compensates nothing, and nobody holds it; else asks a worker to. */
  cancel(tenantId: string, id: string): Promise<Cancellation>;
}
