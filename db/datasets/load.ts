import type pg from 'pg';
import type { DatasetRef, LoadCounts, LoadRows, NewLoad } from '../../core/kernel/stores/operational.ts';
import { groupWith, type Group } from './group.ts';
import { promote, waiting, type Arrivals } from './holding.ts';
import { claim, isKnown, note } from './ledger.ts';
import { lockTables } from './lock.ts';
import { merge } from './merge.ts';
import { outcomes } from './outcomes.ts';
import { copyIn, copyStaged, stagingOf, withoutOversized, type Staged } from './staging.ts';
import { BEGIN_LONG, within } from './transaction.ts';
import { versionOfLoad } from './versions.ts';

/**
 * Takes a load in, in one transaction. Its rows are read and staged without a lock; what follows is done for one load
 * of a group after the other.
 */
export async function takeIn(
  pool: pg.Pool,
  dataset: DatasetRef,
  groups: readonly Group[],
  load: NewLoad,
  rows: LoadRows,
): Promise<LoadCounts | 'known'> {
  const group = groupWith(groups, ({ table }) => table.from === load.source);
  const fed = [...group.values()].filter(({ table }) => table.from === load.source);
  const staged = fed.map((layout, i) => ({
    layout,
    staging: stagingOf(layout.table.columns, i),
    version: versionOfLoad(layout.table, load),
  }));
  const [first] = staged;
  if (!first) throw new Error(`No table takes rows from the source "${load.source}".`);
  const begin = [BEGIN_LONG, ...staged.map(({ staging }) => staging.create)].join('; ');
  return within(
    pool,
    async (client) => {
      // Of a message nothing is saved by that: what it costs is mostly the transaction, and its claim tells as well.
      if (load.kind === 'file' && (await isKnown(client, dataset, load))) return 'known';
      const { rows: copied, bytes } = await copyIn(client, first.staging, rows);
      const unread = rows.quarantined();
      const oversized = await withoutOversized(client, first.staging, fed, bytes);
      for (const { staging } of staged.slice(1)) await copyStaged(client, first.staging, staging);
      await lockTables(client, dataset, group.keys());
      const id = await claim(client, dataset, load);
      if (id === undefined) return 'known';
      const { loaded, held } = await mergeAll(
        client,
        group,
        staged.map((one) => ({ ...one, load: id })),
      );
      const total = copied + unread.count;
      const quarantined = unread.count + oversized.length;
      const counts = { rows: total, loaded, held, quarantined, deduplicated: total - loaded - held - quarantined };
      await note(client, dataset, id, counts, [...unread.rows, ...oversized]);
      return counts;
    },
    begin,
  );
}

/** Merges what is staged, table by table, and lets held rows in; a table comes behind those it refers to. */
export async function mergeAll(
  client: pg.ClientBase,
  group: Group,
  staged: readonly Staged[],
): Promise<{ readonly loaded: number; readonly held: number }> {
  const wait = await waiting(client, group.values());
  const arrivals = new Map<string, Arrivals>();
  const counts: { readonly loaded: number; readonly held: number }[] = [];
  for (const [name, layout] of group) {
    const own = staged.find((one) => one.layout === layout);
    if (own) counts.push(await merge(client, own));
    const promoted = wait.has(name) ? await promote(client, layout, arrivals) : 0;
    arrivals.set(name, { staged: own?.staging, promoted: promoted > 0 });
  }
  const [only, ...more] = counts;
  return only && more.length === 0 ? only : outcomes(client, staged);
}
