import type { JsonObject } from './json.ts';
import type { Renew, Tokens } from './plugin.ts';
import type { ClaimedRun, NewRun, RunWrite, Written } from './runs.ts';

/**
 * The run table as the engine sees it. Two implementations pass one contract suite: the database, and memory for
 * `sluice run` and `sluice test`.
 */
export interface RunStore {
  /** Adds runs that are due at once (those with an `error` are recorded as failed). */
  enqueue(runs: readonly NewRun[]): Promise<void>;
  /**
   * Takes up to `limit` due runs for a worker, spread over tenants, each under a raised lease epoch. The claim is the
   * intent of each run's next step: a run found `running` under a dead worker comes back `interrupted`. It may give
   * fewer than are due; `nextDue` then says 0.
   */
  claim(workerId: string, limit: number): Promise<ClaimedRun[]>;
  /** Ms until the next run is due, 0 where one is; undefined where none waits. */
  nextDue(): Promise<number | undefined>;
  /**
   * Writes results in one transaction, and with them what their end means for their subjects. Returns what was written,
   * by run: the others' leases are lost.
   */
  write(writes: readonly RunWrite[]): Promise<ReadonlyMap<string, Written>>;
}

/** A connection as the engine sees it: configuration with secrets in the clear, never to be logged. */
export interface LiveConnection {
  readonly tenantId: string;
  readonly id: string;
  readonly name: string;
  readonly definition: string;
  readonly state: 'active' | 'needs_reauth';
  readonly config: JsonObject;
  /** Raised by every change of the configuration or of the tokens. */
  readonly version: number;
}

export interface ConnectionStore {
  load(tenantId: string, connectionId: string): Promise<LiveConnection | undefined>;
  tokens(connection: LiveConnection): Promise<Tokens | undefined>;
  /** See AuthSession.renewTokens. */
  renewTokens(
    connection: LiveConnection,
    stale: (tokens: Tokens | undefined) => boolean,
    renew: Renew,
  ): Promise<Tokens>;
  setState(connection: LiveConnection, state: LiveConnection['state'], reason?: string): Promise<void>;
}
