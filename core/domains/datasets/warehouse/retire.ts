import { madeAt } from '../../../kernel/ids.ts';
import type { DatasetServices, DatasetWork } from '../../../kernel/services.ts';
import type { DatasetRef } from '../../../kernel/stores/operational.ts';
import type { DatasetDeps } from '../deps.ts';
import { warehouseOf } from '../keys.ts';
import { openWork } from './work.ts';

type Retired = Awaited<ReturnType<DatasetServices['retire']>>;

const DAY_MS = 86_400_000;

/** Who read what was current, or is still writing, has a day to end. */
const GRACE_MS = DAY_MS;

/**
 * A message that comes once more is known for so long, or as long as rows are kept: what it says is older than what is
 * known then.
 */
const MESSAGES_MS = 30 * DAY_MS;

/** Rows of one piece, objects of one piece, and objects that are looked at together. */
const ROWS = 10_000;
const OBJECTS = 500;
const PAGE = 1000;

/** One piece of what has had its time: rows of the operational store, then of the records, then objects. */
export async function retirePiece(deps: DatasetDeps, given: DatasetWork): Promise<Retired> {
  const { ref, dataset, signal } = await openWork(deps, given);
  const now = new Date(deps.clock.now());
  const store = await deps.operational.open(ref, dataset.tables);
  const { rows, done } = await store.retire(now, ROWS);
  if (!done) return { rows, objects: 0, done: false };
  const kept = Math.max(MESSAGES_MS, ...dataset.tables.map(({ retention }) => retention?.afterMs ?? 0));
  const noted = await deps.records.retire(ref, new Date(now.getTime() - kept), ROWS);
  if (noted >= ROWS) return { rows, objects: 0, done: false };
  const objects = await removeObjects(deps, ref, new Date(now.getTime() - GRACE_MS), signal);
  return { rows, objects, done: objects < OBJECTS };
}

/** @returns how many went; as many as a piece takes where more may be left */
async function removeObjects(
  { objects, records }: Pick<DatasetDeps, 'objects' | 'records'>,
  ref: DatasetRef,
  before: Date,
  signal: AbortSignal,
): Promise<number> {
  const prefix = warehouseOf(ref);
  let gone = 0;
  let after: string | undefined;
  do {
    signal.throwIfAborted();
    const page = await objects.list(prefix, { limit: PAGE, ...(after === undefined ? {} : { after }) });
    after = page.length < PAGE ? undefined : page.at(-1)?.key;
    const old = page.map(({ key }) => key).filter((key) => isOlder(key, before));
    const unnamed = (await records.unnamed(ref, old, before)).slice(0, OBJECTS - gone);
    for (const key of unnamed) await objects.delete(key);
    if (unnamed.length > 0) await records.forget(ref, unnamed);
    gone += unnamed.length;
  } while (after !== undefined && gone < OBJECTS);
  return gone;
}

/** An object is named by the id of the attempt that made it. What has another name is none of ours, and stays. */
function isOlder(key: string, before: Date): boolean {
  const made = madeAt(key.slice(key.lastIndexOf('/') + 1).replace(/\.parquet$/, ''));
  return made !== undefined && made < before.getTime();
}
