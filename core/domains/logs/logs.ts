import type { Clock } from '../../kernel/clock.ts';
import { messageOf } from '../../kernel/errors.ts';
import type { LogStore, QueryLimits } from '../../kernel/logs.ts';
import type { LogServices } from '../../kernel/services.ts';
import { OPERATOR } from '../../kernel/stores/idempotency.ts';
import type { LogDirectory } from '../../kernel/stores/logs.ts';
import type { ChangeFeed, UnitOfWork } from '../../kernel/stores/stores.ts';
import { Admission, type AdmissionLimits } from './admission.ts';
import { Catalogs } from './catalogs.ts';
import { FamilyCache } from './family-cache.ts';
import { eventsOf } from './forwarding/events.ts';
import { Growth } from './growth.ts';
import { Ids } from './ids.ts';
import { Intake } from './intake.ts';
import { Lanes } from './lanes.ts';
import { Meter } from './meter.ts';
import { Queries, QUERY_LIMITS } from './queries.ts';
import { ReadAudit } from './read-audit.ts';
import { Reading } from './reading/reading.ts';
import { putShard } from './shard-admin.ts';
import { Shards } from './shards.ts';
import { SqlParser } from './sql/sql-parser.ts';
import { stepServices } from './step-services.ts';
import { TAIL_LIMITS, Tails, type TailLimits } from './tail/tails.ts';

export interface LogsDeps {
  readonly work: UnitOfWork;
  readonly directory: LogDirectory;
  readonly changes: ChangeFeed;
  readonly clock: Clock;
  /** The kinds of servers there are plugins for. */
  readonly stores: readonly LogStore[];
  /** How much may be on its way at a time. */
  readonly limits?: AdmissionLimits;
  readonly queryLimits?: QueryLimits;
  readonly tailLimits?: TailLimits;
}

/** The log platform of one process. */
export interface Logs {
  readonly admission: Admission;
  readonly intake: Intake;
  readonly queries: Queries;
  readonly reading: Reading;
  readonly readAudit: ReadAudit;
  readonly tails: Tails;
  readonly shards: Shards;
  readonly families: FamilyCache;
  readonly meter: Meter;
  readonly directory: LogDirectory;
  /** What steps of runs may do with it. */
  readonly services: LogServices;
  /** The events of a sink's batch: see `eventsOf`. */
  readonly events: ReturnType<typeof eventsOf>;
  /** Asks every shard how much it keeps of whom: for usage, and for the placement of families. Dead ones are left out. */
  measure(): Promise<void>;
  /** Gives unused ids back, writes what was counted, and closes the shards. */
  close(): Promise<void>;
}

/**
 * Opens the log platform. No server is asked before the first request.
 * @param servers the shards of the settings, name to URL: those that are not on record are added
 */
export async function openLogs(
  deps: LogsDeps,
  servers: Readonly<Record<string, string>> = {},
): Promise<Logs> {
  const { work, directory, clock } = deps;
  const shards = new Shards(deps);
  const families = new FamilyCache(deps);
  const meter = new Meter(deps);
  const ids = new Ids(work);
  const growth = new Growth({ work, directory, shards, cache: families });
  const catalogs = new Catalogs(deps);
  const parser = new SqlParser();
  const limits = deps.queryLimits ?? QUERY_LIMITS;
  const tails = new Tails({ ...deps, shards, families, limits: deps.tailLimits ?? TAIL_LIMITS });
  const lanes = new Lanes({ shards, ids, clock, onAppended: tails.appended });
  for (const [name, url] of Object.entries(servers)) {
    const store = storeOf(shards, name, url);
    await work.within([OPERATOR], (stores) => putShard(stores, { name, store, url }));
  }
  const intake = new Intake({ cache: families, growth, lanes, shards, meter, directory });
  return {
    admission: new Admission(deps.limits),
    intake,
    queries: new Queries({ parser, catalogs, shards, meter, clock, limits }),
    reading: new Reading({ shards, meter, clock, limits }),
    readAudit: new ReadAudit(deps),
    tails,
    shards,
    families,
    meter,
    directory,
    services: stepServices({ intake, shards, work }),
    events: eventsOf({ shards, work, limits }),
    measure: () => measure({ work, directory, shards, meter }),
    async close() {
      tails.close();
      families.close();
      catalogs.close();
      try {
        await ids.close();
        await meter.close();
      } finally {
        await parser.close();
        await shards.close();
      }
    },
  };
}

function storeOf(shards: Shards, name: string, url: string): string {
  try {
    return shards.storeFor(url).name;
  } catch (error) {
    throw new Error(`The log shard "${name}" cannot be opened. ${messageOf(error)}`, { cause: error });
  }
}

async function measure(on: {
  work: UnitOfWork;
  directory: LogDirectory;
  shards: Shards;
  meter: Meter;
}): Promise<void> {
  const totals = new Map<string, number>();
  const incomplete = new Set<string>();
  for (const { tenantId, shard } of await on.directory.tenants()) {
    try {
      const open = await on.shards.open(shard);
      const families = await open.storage(await on.shards.tenant(tenantId, shard));
      const bytes = Object.values(families).reduce((sum, size) => sum + size, 0);
      await on.work.within([tenantId], (stores) => stores.logTenants.setBytes(tenantId, shard, bytes));
      totals.set(tenantId, (totals.get(tenantId) ?? 0) + bytes);
    } catch {
      // A part of a sum would look like a loss.
      incomplete.add(tenantId);
    }
  }
  for (const [tenantId, bytes] of totals)
    if (!incomplete.has(tenantId)) on.meter.recordStorage(tenantId, bytes);
  await on.meter.flush();
}
