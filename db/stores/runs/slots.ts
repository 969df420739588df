import type { ClientBase } from 'pg';
import { groupBy } from '../../../core/kernel/collections.ts';
import type { NewRun } from '../../../core/kernel/runs.ts';

/** A run that wants a place under its concurrency key. */
export interface SlotWanted {
  readonly tenantId: string;
  readonly key: string;
  readonly limit: number;
  readonly runId: string;
}

export function slotsWanted(runs: readonly NewRun[]): SlotWanted[] {
  return runs
    .filter((run) => run.concurrency && !run.error)
    .map(({ tenantId, id, concurrency }) => ({ tenantId, runId: id, ...concurrency! }));
}

// Rows are locked in the order of their keys, here and in release(), so that two batches cannot wait for each other.
// Setting `held` to itself takes the lock and reads what the last holder committed.
const LOCK = `
  INSERT INTO concurrency_slots AS s (tenant_id, key, held)
  SELECT tenant_id, key, 0 FROM unnest($1::uuid[], $2::text[]) AS w (tenant_id, key) ORDER BY tenant_id, key
  ON CONFLICT (tenant_id, key) DO UPDATE SET held = s.held
  RETURNING tenant_id, key, held`;

const TAKE = `
  UPDATE concurrency_slots s SET held = s.held + w.taken
  FROM unnest($1::uuid[], $2::text[], $3::int[]) AS w (tenant_id, key, taken)
  WHERE s.tenant_id = w.tenant_id AND s.key = w.key`;

/** @returns the ids of the runs that got a slot; the others are to be parked */
export async function admit(client: ClientBase, wanted: readonly SlotWanted[]): Promise<Set<string>> {
  if (wanted.length === 0) return new Set();
  const groups = [...groupBy(wanted, order).values()];
  groups.sort((a, b) => (order(a[0]!) < order(b[0]!) ? -1 : 1));
  const tenants = groups.map((group) => group[0]!.tenantId);
  const keys = groups.map((group) => group[0]!.key);
  const locked = await client.query<{ tenant_id: string; key: string; held: number }>(LOCK, [tenants, keys]);
  const held = new Map(locked.rows.map((row) => [`${row.tenant_id}\n${row.key}`, row.held]));
  const admitted = groups.map((group) => {
    const [{ limit }] = group as [SlotWanted, ...SlotWanted[]];
    return group.slice(0, Math.max(0, limit - (held.get(order(group[0]!)) ?? 0)));
  });
  await client.query(TAKE, [tenants, keys, admitted.map((group) => group.length)]);
  return new Set(admitted.flat().map(({ runId }) => runId));
}

function order({ tenantId, key }: SlotWanted): string {
  return `${tenantId}\n${key}`;
}

/** What a run has of its concurrency key, as its row says. */
export interface Seated {
  readonly tenantId: string;
  readonly id: string;
  readonly concurrency_key: string | null;
  readonly concurrency_limit: number | null;
  readonly holds_slot: boolean;
}

const PARK = `UPDATE runs SET due_at = 'infinity' WHERE tenant_id = $1 AND id = $2`;
const HOLD = `UPDATE runs SET holds_slot = true WHERE tenant_id = $1 AND id = $2`;

/** A run that goes on after its slot was given back takes one again, or is parked. */
export async function seat(client: ClientBase, run: Seated): Promise<void> {
  if (run.concurrency_key === null || run.holds_slot) return;
  const { tenantId, id, concurrency_key: key, concurrency_limit: limit } = run;
  const admitted = await admit(client, [{ tenantId, runId: id, key, limit: limit ?? 1 }]);
  await client.query(admitted.has(id) ? HOLD : PARK, [tenantId, id]);
}

/** A run that has ended, or waits for a review, while it held a slot. */
export interface SlotHeld {
  readonly tenantId: string;
  readonly key: string;
  readonly runId: string;
}

const RELOCK = `
  SELECT tenant_id, key FROM concurrency_slots s
  WHERE (tenant_id, key) IN (SELECT * FROM unnest($1::uuid[], $2::text[])) ORDER BY tenant_id, key FOR UPDATE`;

// `holds_slot` guards against giving the same slot back twice.
const GIVE = `
  UPDATE runs SET holds_slot = false
  WHERE (tenant_id, id) IN (SELECT * FROM unnest($1::uuid[], $2::uuid[])) AND holds_slot
  RETURNING tenant_id, concurrency_key AS key`;

// Locked as they are picked: one that is being cancelled is waited for, and passed over once it is.
const PROMOTE = `
  UPDATE runs SET due_at = now(), holds_slot = true, version = version + 1
  WHERE (tenant_id, id) IN (
    SELECT tenant_id, id FROM runs
    WHERE tenant_id = $1 AND concurrency_key = $2 AND due_at = 'infinity' ORDER BY id LIMIT $3 FOR UPDATE)`;

const LEAVE = `UPDATE concurrency_slots SET held = greatest(0, held - $3) WHERE tenant_id = $1 AND key = $2`;

/**
 * Gives slots back and lets the longest parked runs of their keys go, inside the caller's transaction.
 * @returns true where a run became due
 */
export async function release(client: ClientBase, ended: readonly SlotHeld[]): Promise<boolean> {
  if (ended.length === 0) return false;
  await client.query(RELOCK, [ended.map((e) => e.tenantId), ended.map((e) => e.key)]);
  const given = await client.query<{ tenant_id: string; key: string }>(GIVE, [
    ended.map((e) => e.tenantId),
    ended.map((e) => e.runId),
  ]);
  let promoted = 0;
  for (const rows of groupBy(given.rows, (row) => `${row.tenant_id}\n${row.key}`).values()) {
    const { tenant_id: tenant, key } = rows[0]!;
    const next = await client.query(PROMOTE, [tenant, key, rows.length]);
    const gone = rows.length - (next.rowCount ?? 0);
    promoted += next.rowCount ?? 0;
    if (gone > 0) await client.query(LEAVE, [tenant, key, gone]);
  }
  return promoted > 0;
}
