import type { Json, JsonObject } from '../json.ts';
import type { Cursor, DefinitionRef, RunError, RunState } from '../runs.ts';
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
  readonly status: number | undefined;
  readonly request: Json | undefined;
  readonly response: Json | undefined;
  readonly error: Json | undefined;
  readonly startedAt: Date;
  readonly finishedAt: Date;
}

export interface RunFilter {
  readonly states?: readonly RunState[];
  readonly kind?: string;
  readonly definition?: string;
  readonly subject?: string;
  readonly from?: Date;
  readonly to?: Date;
}

/** How to go on with a run that stands still. */
export interface Requeue {
  readonly cursor: Cursor;
  /** The definition to go on with, where it is not the pinned one. */
  readonly definition?: DefinitionRef;
  /** Its input, where it is not the one it was made with. */
  readonly input?: JsonObject;
}

/** The run table as the control plane sees it; workers see it as `RunStore`. */
export interface RunRecords {
  find(tenantId: string, id: string): Promise<Run | undefined>;
  list(tenantId: string, filter: RunFilter, page: PageRequest): Promise<Page<Run>>;
  steps(tenantId: string, id: string): Promise<readonly RunStep[]>;
  version(
    tenantId: string,
    id: string,
  ): Promise<{ readonly version: number; readonly state: RunState } | undefined>;
  /** Makes it due again. False where its state is no longer one of `from`. */
  requeue(run: Run, from: readonly RunState[], how: Requeue): Promise<boolean>;
  /** Ends it where nobody holds it, or asks its worker to. Returns undefined where it has ended already. */
  cancel(tenantId: string, id: string): Promise<RunState | undefined>;
}
