import type { DatasetTable } from '../../../../core/kernel/datasets.ts';
import type { DatasetPlan } from '../../../../core/language/plan-dataset.ts';
import { MOST_BAD, type Arrival, type SourceRow } from './random-shop.ts';

/** A row that was accepted, and what it is ordered by. */
export interface Version {
  readonly row: SourceRow;
  readonly version: string;
}

type Value = SourceRow[string] | null;

/** A row of the fact: order, date, customer, line, variant, product, quantity, revenue, transaction, status, is_latest. */
export type FactRow = readonly (Value | boolean)[];

/**
 * What a dataset comes to, by the rules alone: of each key the greatest version, of two alike the greater content. It
 * knows nothing of loads, nights and partitions, and of no order of arrival.
 */
export class Expected {
  readonly #tables: ReadonlyMap<string, DatasetTable>;
  readonly #versions: ReadonlyMap<string, readonly Version[]>;

  constructor({ tables }: DatasetPlan, arrivals: readonly Arrival[]) {
    this.#tables = new Map(tables.map((table) => [table.name, table]));
    this.#versions = new Map(tables.map((table) => [table.name, versionsOf(table, arrivals)]));
  }

  /** The newest of each key of all that was accepted, whether what it refers to is there or not. */
  latest(table: string): readonly Version[] {
    const declared = this.#tables.get(table)!;
    return newest(declared, declared.key, this.#versions.get(table)!);
  }

  /** Of the rows whose references are there. */
  rows(table: string): readonly Version[] {
    const declared = this.#tables.get(table)!;
    return newest(
      declared,
      declared.key,
      this.#versions.get(table)!.filter((one) => !this.#isWaiting(declared, one)),
    );
  }

  held(table: string): readonly Version[] {
    const declared = this.#tables.get(table)!;
    const by = [...declared.key, ...declared.references.map(({ column }) => column)];
    return newest(
      declared,
      by,
      this.#versions.get(table)!.filter((one) => this.#isWaiting(declared, one)),
    );
  }

  history(table: string): readonly Version[] {
    const declared = this.#tables.get(table)!;
    return newest(declared, [...declared.key, '_version'], this.#versions.get(table)!);
  }

  #isWaiting({ references }: DatasetTable, { row }: Version): boolean {
    return references.some(({ column, table }) => {
      const { key } = this.#tables.get(table)!;
      return !this.rows(table).some((parent) => parent.row[key[0]!] === row[column]);
    });
  }

  /** A row for each line and transaction of an order; one of them may be missing. */
  fact(): readonly FactRow[] {
    const products = new Map(this.latest('variant').map(({ row }) => [row['id'], row['product_id']!]));
    return this.latest('orders').flatMap(
      ({ row: { id, processed_timestamp: at, customer_id: customer } }) => {
        const lines = this.latest('order_lines').filter(({ row }) => row['order_id'] === id);
        const payments = this.latest('transaction')
          .filter(({ row }) => row['order_id'] === id)
          .sort((a, b) => -compare(lastBy(a), lastBy(b)));
        if (lines.length === 0 && payments.length === 0) return [];
        return (lines.length > 0 ? lines : [undefined]).flatMap((line) =>
          (payments.length > 0 ? payments : [undefined]).map((payment): FactRow => [
            id!,
            String(at).slice(0, 10),
            customer!,
            line?.row['id'] ?? null,
            line?.row['variant_id'] ?? null,
            products.get(line?.row['variant_id'] ?? '') ?? null,
            line?.row['quantity'] ?? null,
            line?.row['revenue'] ?? null,
            payment?.row['id'] ?? null,
            payment?.row['status'] ?? null,
            payment !== undefined && payment === payments[0],
          ]),
        );
      },
    );
  }
}

function lastBy({ row, version }: Version): readonly (string | number)[] {
  return [version, row['status']!, row['created_at']!, row['id']!];
}

function versionsOf(table: DatasetTable, arrivals: readonly Arrival[]): readonly Version[] {
  return arrivals.flatMap((arrival) => {
    if (arrival.source !== table.from) return [];
    if (arrival.source === 'transactions')
      return arrival.isBad ? [] : [{ row: arrival.row, version: new Date(arrival.sentAt).toISOString() }];
    if (arrival.bad.length > MOST_BAD) return [];
    const { version } = table;
    return arrival.rows.map((row) => ({
      row,
      version: version.by === 'column' ? String(row[version.column]) : arrival.key,
    }));
  });
}

function newest(
  table: DatasetTable,
  by: readonly string[],
  versions: readonly Version[],
): readonly Version[] {
  const found = new Map<string, Version>();
  for (const one of versions) {
    const key = JSON.stringify(by.map((name) => (name === '_version' ? one.version : one.row[name])));
    const other = found.get(key);
    if (!other || compare(rankOf(table, one), rankOf(table, other)) > 0) found.set(key, one);
  }
  return [...found.values()];
}

function rankOf({ columns }: DatasetTable, { row, version }: Version): readonly (string | number)[] {
  return [version, ...columns.map(({ name }) => row[name]!)];
}

function compare(one: readonly (string | number)[], other: readonly (string | number)[]): number {
  for (const [i, value] of one.entries()) {
    if (value < other[i]!) return -1;
    if (value > other[i]!) return 1;
  }
  return 0;
}
