import type { ClientBase } from 'pg';
import type { DatasetRef } from '../../core/kernel/stores/operational.ts';
import { schemaOf } from './schema-name.ts';

/**
 * Takes a dataset for this transaction alone, and waits for it. Whoever changes its rows holds this from before the
 * ledger's entry is written until the commit, so that changes happen one after the other: what `loaded_at` says is the
 * order of their commits, and whoever holds the lock sees all loads up to then and none of those that follow.
 */
export async function lockDataset(client: ClientBase, dataset: DatasetRef): Promise<void> {
  await client.query('SELECT pg_advisory_xact_lock(hashtextextended($1, 0))', [schemaOf(dataset)]);
}
