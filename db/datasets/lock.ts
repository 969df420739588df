import type { ClientBase } from 'pg';
import type { DatasetRef } from '../../core/kernel/stores/operational.ts';
import { literal } from './column-sql.ts';
import { schemaOf } from './schema-name.ts';

/** Takes a dataset's schema, or its next export, for this transaction alone, and waits for it. Loads do not take it. */
export async function lockDataset(client: ClientBase, dataset: DatasetRef): Promise<void> {
  await client.query(`SELECT pg_advisory_xact_lock(${keyOf(schemaOf(dataset))})`);
}

/**
 * Takes tables of a dataset for this transaction alone, and waits for them. Whoever changes rows holds all tables that
 * are connected with theirs by references (see `groupsOf`) from before the ledger's entry is written until the commit,
 * so that changes of such a group happen one after the other: what `loaded_at` says is the order of their commits, and
 * whoever holds these locks sees all loads up to then and none of those that follow. A lock for each table and not for
 * each group: where two definitions divide the tables otherwise, what they have in common is still one's or the other's.
 */
export async function lockTables(client: ClientBase, dataset: DatasetRef, tables: Iterable<string>): Promise<void> {
  const locks = keysOf(dataset, tables).map((key) => `pg_advisory_xact_lock(${key})`);
  await client.query(`SELECT ${locks.join(', ')}`);
}

/**
 * Waits until whatever held a table as this began has ended: all that it has loaded is seen then. One table is waited
 * for after the other, and none is kept, so that nobody waits because of this.
 */
export async function awaitTables(client: ClientBase, dataset: DatasetRef, tables: Iterable<string>): Promise<void> {
  for (const key of keysOf(dataset, tables))
    await client.query(`SAVEPOINT waiting; SELECT pg_advisory_xact_lock(${key}); ROLLBACK TO SAVEPOINT waiting`);
}

/** In an order that is the same for all who take several. */
function keysOf(dataset: DatasetRef, tables: Iterable<string>): readonly string[] {
  const schema = schemaOf(dataset);
  return [...tables].sort().map((table) => keyOf(`${schema}.${table}`));
}

const keyOf = (name: string): string => `hashtextextended(${literal(name)}, 0)`;
