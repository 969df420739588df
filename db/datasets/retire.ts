import type { ClientBase } from 'pg';
import type { TableRetention } from '../../core/kernel/datasets.ts';
import type { DatasetRef } from '../../core/kernel/stores/operational.ts';
import { cascadeOf, withClause, type Going } from './cascade.ts';
import { agree, list, literal, quoted } from './column-sql.ts';
import type { Group } from './group.ts';
import { namesOf, storedColumns, type Layout } from './layout.ts';

const DAY = 86_400_000;

/** A statement that removes at most so many rows, and counts them. */
type Removal = (limit: number) => string;

/**
 * Removes one piece of what has had its time. The caller holds the group's tables: a load that has found the row that
 * another one refers to must find it until its end.
 */
export async function retireRows(
  client: ClientBase,
  dataset: DatasetRef,
  group: Group,
  now: Date,
  limit: number,
): Promise<{ readonly rows: number; readonly done: boolean }> {
  let rows = 0;
  for (const removal of removalsOf(dataset, group, now)) {
    const { rows: counted } = await client.query<{ count: number }>(removal(limit - rows));
    rows += counted[0]?.count ?? 0;
    if (rows >= limit) return { rows, done: false };
  }
  return { rows, done: true };
}

function removalsOf(dataset: DatasetRef, layouts: ReadonlyMap<string, Layout>, now: Date): readonly Removal[] {
  const exported: Exported = (load, before) => exportedSql(dataset, load, before);
  return [...layouts.values()].flatMap((layout): Removal[] => {
    const { retention } = layout.table;
    const { held, history, pastHistory } = layout;
    const waits = held === undefined ? undefined : longestWait(layout, layouts);
    const dayAgo = new Date(now.getTime() - DAY);
    return [
      ...(retention ? [agedRows(layout, layouts, retention, now, exported)] : []),
      ...(retention && history !== undefined
        ? [removed(history, `${isPast(retention, now, 'p')} AND ${exported('p._load_id')}`)]
        : []),
      ...(held !== undefined && waits !== undefined
        ? [removed(held, exported('p._load_id', { loaded: before(now, waits) }))]
        : []),
      ...[layout.past, ...(pastHistory === undefined ? [] : [pastHistory])].map((place) =>
        removed(place, exported('p._load_id', { exported: dayAgo })),
      ),
    ];
  });
}

/** Makes a condition that a load was exported, or so long ago. */
type Exported = (load: string, before?: { readonly loaded?: Date; readonly exported?: Date }) => string;

function exportedSql({ tenantId }: DatasetRef, load: string, before: Parameters<Exported>[1] = {}): string {
  const conditions = [
    before.exported ? `e.committed_at < ${time(before.exported)}` : 'e.committed_at IS NOT NULL',
    ...(before.loaded ? [`l.loaded_at < ${time(before.loaded)}`] : []),
  ];
  // A message that is in the ledger no more was exported, and longer ago than anything is kept for.
  return `NOT EXISTS (
    SELECT FROM public.dataset_loads AS l
    LEFT JOIN public.dataset_exports AS e ON e.tenant_id = l.tenant_id AND e.id = l.export_id
    WHERE l.tenant_id = ${literal(tenantId)} AND l.id = ${load} AND NOT coalesce(${conditions.join(' AND ')}, false))`;
}

const time = (date: Date): string => `${literal(date.toISOString())}::timestamptz`;
const before = (now: Date, ms: number): Date => new Date(now.getTime() - ms);

function isPast({ by, afterMs }: TableRetention, now: Date, row: string): string {
  return `${row}.${quoted(by)} < ${literal(before(now, afterMs).toISOString())}::timestamp`;
}

function removed(place: string, condition: string): Removal {
  return (limit) => `
    WITH gone AS (
      DELETE FROM ${place} WHERE ctid = ANY (ARRAY(SELECT p.ctid FROM ${place} AS p WHERE ${condition} LIMIT ${limit})) RETURNING 1
    ) SELECT count(*) AS count FROM gone`;
}

/** Rows past their age, with all that goes with them. */
function agedRows(
  { table, rows }: Layout,
  layouts: ReadonlyMap<string, Layout>,
  retention: TableRetention,
  now: Date,
  exported: Exported,
): Removal {
  const safe = retention.exportedOnly
    ? `AND ${exported('t._load_id')} ${kept(table.name, 't', layouts, exported)}`
    : '';
  const stored = list(namesOf(storedColumns(table)), 't');
  const start = `SELECT ${stored} FROM ${rows} AS t WHERE ${isPast(retention, now, 't')} ${safe} LIMIT `;
  return (limit) => {
    const going = cascadeOf(layouts, table.name, `${start}${limit}`);
    const [first] = going;
    // What is not exported yet is kept for the export. Rows that refer to these go by their foreign keys.
    return `
      WITH ${[withClause(going), ...going.map((one) => keepUnexported(one, exported))].join(', ')},
      gone AS (DELETE FROM ${rows} AS t USING ${first!.name} AS g WHERE ${agree(table.key, 't', 'g')})
      SELECT ${going.map(({ name }) => `(SELECT count(*) FROM ${name})`).join(' + ')} AS count`;
  };
}

function keepUnexported({ layout: { table, past }, name }: Going, exported: Exported): string {
  const stored = list(namesOf(storedColumns(table)));
  return `${quoted(`_kept_${table.name}`)} AS (
    INSERT INTO ${past} (${stored}, _deleted) SELECT ${stored}, false FROM ${name} AS g WHERE NOT ${exported('g._load_id')})`;
}

/** Conditions that of all that goes with a row nothing is left to be exported. */
function kept(parent: string, row: string, layouts: ReadonlyMap<string, Layout>, exported: Exported): string {
  const children = [...layouts.values()].flatMap((child) =>
    child.parents.filter(({ table }) => table === parent).map((reference) => ({ child, reference })),
  );
  return children
    .map(({ child, reference: { column, key } }, i) => {
      const inner = `${row}_${i}`;
      const unsafe = `NOT (${exported(`${inner}._load_id`)} ${kept(child.table.name, inner, layouts, exported)})`;
      return `AND NOT EXISTS (
        SELECT FROM ${child.rows} AS ${inner} WHERE ${inner}.${quoted(column)} = ${row}.${quoted(key)} AND ${unsafe})`;
    })
    .join(' ');
}

/** How long a row may wait for one it refers to: as long as it would be kept, or the longest of those it would go with. */
function longestWait({ table, parents }: Layout, layouts: ReadonlyMap<string, Layout>): number | undefined {
  if (table.retention) return table.retention.afterMs;
  const waits = parents.flatMap(({ table: name }) => {
    const parent = layouts.get(name);
    return parent ? (longestWait(parent, layouts) ?? []) : [];
  });
  return waits.length > 0 ? Math.max(...waits) : undefined;
}
