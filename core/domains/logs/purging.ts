import { SluiceError, type Violation } from '../../kernel/errors.ts';
import { uuid7 } from '../../kernel/ids.ts';
import type { JsonObject } from '../../kernel/json.ts';
import type { RunStore } from '../../kernel/ports.ts';
import { RunExclusion, type NewRun } from '../../kernel/runs.ts';
import type { LogDirectory, LogFamily } from '../../kernel/stores/logs.ts';
import type { Stores, UnitOfWork } from '../../kernel/stores/stores.ts';
import type { Plan } from '../../language/plan.ts';
import { runOf } from '../../runtime/run-of.ts';
import { audit, type Actor } from '../audit/record.ts';
import type { Catalogue } from '../definitions/catalogue.ts';
import { appliedColumns } from './family-cache.ts';
import { parseFilter } from './filter/parse.ts';
import { storedTimestamp } from './timestamp.ts';

const PIPELINE = 'purge';
const DAY_MS = 86_400_000;

/** Which events go: those received before a time (RFC 3339), those that match a filter, or those that are both. */
export interface Purge {
  readonly before?: string | undefined;
  readonly where?: string | undefined;
}

/**
 * Begins a purge: a run that deletes chunk by chunk, so that no statement takes long and a crash costs one chunk.
 * @returns the run's id
 * @throws SluiceError VALIDATION_FAILED, CONFLICT where the tables have no definition
 */
export async function startPurge(
  catalogue: Catalogue,
  stores: Stores,
  who: Actor,
  family: LogFamily,
  { before, where }: Purge,
): Promise<string> {
  const violations: Violation[] = [];
  if (before === undefined && where === undefined) {
    violations.push({ path: '', message: 'Say which events go: "before" a time, "where" a filter matches, or both.' });
  }
  if (before !== undefined && storedTimestamp(before) === undefined) {
    violations.push({ path: '/before', message: `${JSON.stringify(before)} is no time; a time is like 2026-11-21T08:30:00Z.` });
  }
  if (violations.length > 0) throw new SluiceError('VALIDATION_FAILED', violations[0]!.message, { errors: violations });
  if (where !== undefined) parseFilter(where, appliedColumns(family), '/where');
  const given = { ...(before === undefined ? {} : { before }), ...(where === undefined ? {} : { where }) };
  const run = purgeRun(tablesOf(catalogue), family, given);
  await stores.runs.add([run]);
  await audit(stores, who, 'logFamily.purge', `logFamily:${family.name}`, { ...given, run: run.id });
  return run.id;
}

export interface RetentionDeps {
  readonly catalogue: Catalogue;
  readonly directory: Pick<LogDirectory, 'retained'>;
  readonly work: UnitOfWork;
  readonly queue: Pick<RunStore, 'enqueue'>;
  readonly now: () => number;
  /** Receipt of the oldest event that a family has, ms since the epoch; undefined where it has none, or cannot be asked. */
  readonly oldest: (family: LogFamily) => Promise<number | undefined>;
}

/**
 * Purges what families keep no longer, each family by a run of its own.
 * @returns how many runs were made: none for a family whose oldest event may stay, or whose purge is under way
 */
export async function retire(deps: RetentionDeps): Promise<number> {
  const plan = tablesOf(deps.catalogue);
  const fallback = settingsOf(plan).retentionDays;
  let made = 0;
  for (const { tenantId, name } of await deps.directory.retained(fallback !== undefined)) {
    const family = await deps.work.within([tenantId], (stores) => stores.logFamilies.find(tenantId, name));
    const days = family?.retentionDays ?? fallback;
    if (!family || days === undefined) continue;
    const end = deps.now() - days * DAY_MS;
    const oldest = await deps.oldest(family);
    if (oldest === undefined || oldest >= end) continue;
    const run = purgeRun(plan, family, { before: new Date(end).toISOString() });
    if (await enqueued(deps.queue, { ...run, exclusiveKey: `retention:${name}` })) made++;
  }
  return made;
}

async function enqueued(queue: Pick<RunStore, 'enqueue'>, run: NewRun): Promise<boolean> {
  try {
    await queue.enqueue([run]);
    return true;
  } catch (error) {
    if (error instanceof RunExclusion) return false;
    throw error;
  }
}

function purgeRun(plan: Plan, { tenantId, name }: LogFamily, given: JsonObject): NewRun {
  return {
    tenantId,
    id: uuid7(),
    kind: 'purge',
    ...runOf(plan, PIPELINE),
    subject: `logFamily:${name}`,
    input: { family: name, ...given },
    concurrency: { key: `purge:${name}`, limit: 1 },
  };
}

/** The definition of the typed tables: the bundled `sql`, or an operator's in its place. */
function tablesOf(catalogue: Catalogue): Plan {
  const plan = catalogue.ids().map((id) => catalogue.plan(id)).find((found) => found?.sink?.store === 'sql');
  if (plan) return plan;
  throw new SluiceError('CONFLICT', 'No definition of kind sink with "store: sql" is loaded, so there is nothing to run a purge by.');
}

function settingsOf({ sink }: Plan): { readonly retentionDays?: number } {
  return sink?.store === 'sql' ? sink.settings : {};
}
