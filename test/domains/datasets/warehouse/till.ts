import type { DefinitionSource } from '../../../../core/language/source.ts';

const YAML = `apiVersion: sluice/v1
kind: dataset
id: till
version: 1.0.0
title: Till
timezone: Europe/Berlin
sources:
  sold: { csv: { prefix: sold/, columns: { id: text, day: date, cents: integer, shop: text?, receipt: text, sold_at: timestamp } } }
  shops: { csv: { prefix: shops/, columns: { id: text } } }
tables:
  sold: { from: sold, key: [id], version: sold_at }
  shop: { from: shops, key: [id] }
warehouse:
  sold: { from: sold, load: incremental }
  shop: { from: shop, load: snapshot }
models:
  takings:
    sql: takings.sql
    dirty: takings.dirty.sql
    dependsOn: [sold, shop]
    columns: { day: date, id: text, cents: integer, shop: text?, receipt: text, sold_at: timestamp }
    partition: day
    load: replacePartition
    sortBy: [id]
    tests:
      - unique: [receipt]
      - notNull: [shop]
      - relationships: { column: shop, to: latest_shop, field: id }
      - acceptedValues: { column: cents, values: [1, 2, 3, 10] }
      - reconcile: { sum: cents, where: "cents < 10", equals: takings.sum.sql }
  # Its columns are those that its SQL gives.
  daily:
    sql: daily.sql
    dependsOn: [takings]
    partition: day
    load: replacePartition
    sortBy: [day]
  total:
    sql: total.sql
    dependsOn: [daily]
    columns: { cents: "decimal(38,0)?", days: bigint }
    load: full
  newest:
    sql: newest.sql
    dependsOn: [sold]
    columns: { id: text, sold_at: timestamp }
    load: full
    tests: [{ freshness: { column: sold_at, within: PT12H } }]
`;

const FILES = {
  'takings.sql': 'select day, id, cents, shop, receipt, sold_at from latest_sold -- all of it',
  'takings.dirty.sql': 'select day from changed_sold',
  'takings.sum.sql': 'select day, sum(cents) as value from latest_sold where cents <> 3 group by day',
  'daily.sql': 'select day, sum(cents) as cents, count(*) as items from takings group by day',
  'total.sql': 'select cast(sum(cents) as decimal(38, 0)) as cents, count(*) as days from daily',
  'newest.sql': 'select id, sold_at from latest_sold where sold_at = (select max(sold_at) from latest_sold)',
};

/** A dataset of few tables, each of whose tests fails for a value of its own. */
export const TILL: DefinitionSource = { file: 'till.yaml', text: YAML, files: FILES };

/** One of its rows, as good as it can be but for what is given. */
export function sold(id: string, day: string, more: { readonly cents?: number; readonly shop?: string | null; readonly receipt?: string; readonly sold_at?: string } = {}) {
  return { id, day, cents: 1, shop: 's1', receipt: id, sold_at: '2026-03-03 12:00:00', ...more };
}
