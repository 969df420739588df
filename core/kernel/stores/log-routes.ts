import type { BatchNote } from '../logs.ts';
import type { Page, PageRequest } from './page.ts';

/** Where events of a tenant are forwarded: through a connection of a sink. */
export interface LogRoute {
  readonly tenantId: string;
  readonly id: string;
  readonly connectionId: string;
  /** Undefined forwards all families, those to come too. */
  readonly families: readonly string[] | undefined;
  /** A route that is not enabled collects nothing, and keeps what it has collected. */
  readonly enabled: boolean;
  readonly version: number;
  readonly createdAt: Date;
  readonly updatedAt: Date;
}

/** A batch of events as it was noted, collected for a route. `seq` tells it from others of its shard. */
export interface PendingEvents extends BatchNote {
  readonly shard: string;
}

export interface LogRouteStore {
  insert(route: LogRoute): Promise<void>;
  find(tenantId: string, id: string): Promise<LogRoute | undefined>;
  list(tenantId: string, page: PageRequest): Promise<Page<LogRoute>>;
  /** Throws CONFLICT where another change came first. */
  update(route: LogRoute): Promise<LogRoute>;
  /** What was collected for it goes with it. */
  delete(tenantId: string, id: string): Promise<void>;
  /** Ids of the routes that use a connection, `limit` at most. */
  byConnection(tenantId: string, connectionId: string, limit: number): Promise<readonly string[]>;
  /** Takes up to `limit` of what was collected of a family for a route away, oldest first. */
  takePending(tenantId: string, routeId: string, family: string, limit: number): Promise<readonly PendingEvents[]>;
}

/** What was collected of a family for a route. */
export interface Collected {
  readonly tenantId: string;
  readonly routeId: string;
  readonly connectionId: string;
  /** The sink's id. */
  readonly definition: string;
  readonly family: string;
  readonly events: number;
  readonly bytes: number;
  /** Ms since the oldest of it was collected. */
  readonly ageMs: number;
  /** Batches of the connection that have not ended, as far as they were counted. */
  readonly backlog: number;
}

/** Forwarding across tenants. */
export interface LogForwarding {
  /** Does `work` while no other process does; does nothing where one does. */
  alone(work: () => Promise<void>): Promise<void>;
  /** Tenants that have a route, and the shards that hold tables of theirs. */
  routed(): Promise<readonly { readonly tenantId: string; readonly shard: string }[]>;
  /** Keeps notes for each enabled route that they are for. Those that are kept already do not matter. */
  collect(tenantId: string, shard: string, notes: readonly BatchNote[]): Promise<void>;
  /**
   * What can be made batches of: of enabled routes whose connection works and has fewer than `most` batches that have not
   * ended. Of a route with very much, the oldest.
   */
  collected(most: number): Promise<readonly Collected[]>;
}
