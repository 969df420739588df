import type { LogColumn } from '../../../kernel/logs.ts';

/** A family as a query sees it. `id` (int) and the hidden `_time` are every family's and are not listed. */
export interface FamilyShape {
  readonly name: string;
  readonly columns: readonly LogColumn[];
  /** Name of the shard that holds it. */
  readonly shard: string;
}

/** The families of one tenant. */
export interface Catalog {
  family(name: string): FamilyShape | undefined;
  families(): readonly FamilyShape[];
}

/** The table of all events, written as a derived table over the families. */
export const RAW_LOGS = 'raw_logs';
