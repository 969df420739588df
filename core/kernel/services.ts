import type { HostServices } from './host.ts';
import type { JsonObject } from './json.ts';
import type { DefinitionRef } from './runs.ts';

/** What the platform offers to step types. A command that has no platform under it (`sluice run`) offers nothing. */
export interface Services {
  readonly logs?: LogServices;
  readonly host?: HostServices;
  readonly datasets?: DatasetServices;
}

/** The log platform. */
export interface LogServices {
  /**
   * Stores events as `POST /api/log` does, once for a key within 24 hours.
   * @throws StepFault with what was wrong, `transient` where a server is away
   */
  append(
    tenantId: string,
    request: { readonly family: string; readonly schema: JsonObject; readonly logs: readonly JsonObject[] },
    key: string,
  ): Promise<void>;
  /**
   * Deletes one chunk of a family's events: those received before `before` (ms since the epoch) that match `where`, a
   * filter as search takes it.
   * @returns how many went, and whether none is left
   */
  purge(
    tenantId: string,
    what: { readonly family: string; readonly before?: number; readonly where?: string; readonly chunk: number },
  ): Promise<{ readonly purged: number; readonly done: boolean }>;
}

/** What a run does for one dataset: of the tenant that the run is of, by the definition that it pins. */
export interface DatasetWork {
  readonly tenantId: string;
  /** Id of its definition. */
  readonly dataset: string;
  readonly definition: DefinitionRef;
  readonly runId: string;
  readonly signal: AbortSignal;
}

/**
 * Datasets. Each call does one piece of the work, which may be done again after a crash without being done twice, and
 * says whether any is left. Counts are those of the piece. Throws StepFault.
 */
export interface DatasetServices {
  /** Takes in the next file that has landed. `settlesInMs`: nothing is left but files that are still being written. */
  load(work: DatasetWork): Promise<LoadedPiece>;
  /** Exports nights up to `date` (YYYY-MM-DD) to the warehouse, or all there is where it is undefined. */
  export(work: DatasetWork, date: string | undefined): Promise<{ readonly loads: number; readonly rows: number; readonly done: boolean }>;
  /** Builds what is marked, and all partitions between two dates where they are given. */
  build(work: DatasetWork, what: BuildRequest): Promise<{ readonly partitions: number; readonly failed: number; readonly done: boolean }>;
  /** Removes what has had its time: rows, and objects that were replaced. */
  retire(work: DatasetWork): Promise<{ readonly rows: number; readonly objects: number; readonly done: boolean }>;
}

export interface LoadedPiece {
  readonly files: number;
  readonly rows: number;
  readonly loaded: number;
  readonly held: number;
  readonly quarantined: number;
  readonly deduplicated: number;
  readonly done: boolean;
  readonly settlesInMs?: number;
}

export interface BuildRequest {
  /** The day at whose end data must be fresh; undefined is today. */
  readonly date?: string;
  /** Days that are built whether they are marked or not; both, or none. */
  readonly from?: string;
  readonly to?: string;
  /** Undefined is all. */
  readonly models?: readonly string[];
}
