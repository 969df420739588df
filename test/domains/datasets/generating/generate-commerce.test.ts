import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect } from 'chai';
import { parse } from 'csv-parse/sync';
import { readDefinitions } from '../../../../core/cli/definition-files.ts';
import { folderSink } from '../../../../core/domains/datasets/generating/folder-sink.ts';
import {
  generateCommerce,
  type CommerceSummary,
} from '../../../../core/domains/datasets/generating/generate-commerce.ts';
import { columnWriters } from '../../../../core/domains/datasets/loading/columns/column-writer.ts';
import { csvRows } from '../../../../core/domains/datasets/loading/csv/csv-file.ts';
import { FileRefused } from '../../../../core/domains/datasets/loading/csv/refused.ts';
import { isJsonObject } from '../../../../core/kernel/json.ts';
import { compileDefinition } from '../../../../core/language/compile.ts';
import { rejection } from '../../../support/rejection.ts';
import { registry } from '../../../language/registry.ts';
import { Generated } from './generated.ts';

type Row = Readonly<Record<string, string>>;

async function generated(options: {
  days: number;
  orders: number;
  seed: number;
}): Promise<{ made: Generated; summary: CommerceSummary }> {
  const made = new Generated();
  return { made, summary: await generateCommerce({ ...options, out: made }) };
}

/** What the files and messages come to, by rules of their own: of each key the greatest version stands. */
function replayed(made: Generated, refused: readonly string[]) {
  const rows = (source: string): readonly Row[] =>
    made
      .keys(source)
      .filter((key) => !refused.includes(key))
      .flatMap((key) => parse<Row>(made.files.get(key)!, { columns: true, relax_column_count: true }))
      .filter(({ id }) => !id!.startsWith('bad-'));
  const newest = (all: readonly Row[], version: string): ReadonlyMap<string, Row> => {
    const found = new Map<string, Row>();
    for (const row of all) {
      const known = found.get(row['id']!);
      if (!known || row[version]! > known[version]!) found.set(row['id']!, row);
    }
    return found;
  };
  const messages = made.messages.map(({ body, timestamp }) => {
    const { data } = JSON.parse(body) as { data: Row };
    return { ...data, sent: String(timestamp) };
  });
  return {
    products: new Set(rows('products').map(({ id }) => id)),
    versions: rows('variants'),
    variants: newest(rows('variants'), 'updated_at'),
    orders: newest(rows('orders'), 'processed_timestamp'),
    lines: new Map(rows('order_lines').map((row) => [row['id']!, row])),
    transactions: newest(messages, 'sent'),
  };
}

describe('data made for the commerce dataset', () => {
  let made: Generated;
  let summary: CommerceSummary;

  before(async () => {
    ({ made, summary } = await generated({ days: 30, orders: 10_000, seed: 1 }));
  });

  it('is the same to the byte for the same seed, and other data for another', async () => {
    const small = { days: 5, orders: 300, seed: 7 };
    const [first, again, other] = [
      await generated(small),
      await generated(small),
      await generated({ ...small, seed: 8 }),
    ];
    expect(again.made.hash).to.equal(first.made.hash);
    expect(again.summary).to.deep.equal(first.summary);
    expect(other.made.hash).to.not.equal(first.made.hash);
  });

  it('has a file a day and source, and every oddity there is', () => {
    expect(summary).to.include({
      from: '2026-01-01',
      to: '2026-01-30',
      files: 120,
      messages: made.messages.length,
    });
    expect(made.keys('orders').filter((key) => key.endsWith('part-0.csv'))).to.have.length(30);
    expect(made.files.size).to.equal(summary.files + summary.refused.length);
    expect(summary.refused.map(({ why }) => why)).to.have.members([
      'cut off',
      'a column is missing',
      'too many bad rows',
    ]);
    const missing = Object.entries(summary.oddities).filter(([, count]) => count === 0);
    expect(missing).to.deep.equal([]);
    expect(summary.bad.orders).to.be.greaterThan(0);
    expect(summary.bad.order_lines).to.be.greaterThan(0);
  });

  it('comes to what it says, by the rules of versions', () => {
    const { products, versions, variants, orders, lines, transactions } = replayed(
      made,
      summary.refused.map(({ key }) => key),
    );
    const { expected } = summary;
    const known = [...lines.values()].filter((line) => orders.has(line['order_id']!));
    expect({
      product: products.size,
      variant: variants.size,
      variantVersions: versions.length,
      orders: orders.size,
      orderLines: known.length,
      held: lines.size - known.length,
      transactions: transactions.size,
    }).to.deep.equal({
      product: expected.product,
      variant: expected.variant,
      variantVersions: expected.variantVersions,
      orders: expected.orders,
      orderLines: expected.orderLines,
      held: expected.held,
      transactions: expected.transactions,
    });
    expect(
      new Set(versions.map(({ id, updated_at: at }) => `${id} ${at}`)).size,
      'one price at a time',
    ).to.equal(versions.length);

    const statuses = new Map<string, Row>();
    for (const transaction of transactions.values()) {
      const last = statuses.get(transaction['order_id']!);
      if (!last || transaction['sent']! > last['sent']!) statuses.set(transaction['order_id']!, transaction);
    }
    const byDay: Record<string, number> = {};
    for (const { order_id: id, revenue } of known) {
      if (statuses.get(id!)?.['status'] !== 'success') continue;
      const day = orders.get(id!)!['processed_timestamp']!.slice(0, 10);
      byDay[day] = (byDay[day] ?? 0) + Number(revenue);
    }
    expect(byDay).to.deep.equal(expected.revenueByDay);
    const total = (numbers: readonly number[]): number => numbers.reduce((sum, number) => sum + number, 0);
    expect(total(Object.values(byDay))).to.equal(expected.revenueCents);
    expect(total(known.map(({ revenue }) => Number(revenue)))).to.equal(expected.linesCents);
    const paid = new Set(
      [...transactions.values()].filter(({ status }) => status === 'success').map(({ order_id: id }) => id!),
    );
    expect([...paid].filter((id) => orders.has(id)).length).to.equal(expected.paidOrders);
    expect([...transactions.values()].filter(({ order_id: id }) => !orders.has(id!)).length).to.equal(
      expected.unmatchedTransactions,
    );
  });

  it('is taken in by the dataset: as many bad rows as it says, and the files refused that it says', async () => {
    const [source] = readDefinitions(['definitions/datasets/commerce.yaml']).sources;
    const { sources } = compileDefinition(source!, registry).plan!.dataset!;
    for (const csv of sources) {
      if (csv.kind !== 'csv') continue;
      const counts = { rows: 0, bad: 0 };
      for (const key of made.keys(csv.name)) {
        const { text, quarantined } = csvRows(csv, columnWriters(csv), oneChunk(made.files.get(key)!));
        const read = rowsIn(text);
        if (summary.refused.some((one) => one.key === key))
          expect(await rejection(read), key).to.be.instanceOf(FileRefused);
        else {
          counts.rows += await read;
          counts.bad += quarantined().count;
        }
      }
      const name = csv.name as keyof CommerceSummary['rows'];
      expect(counts, name).to.deep.equal({
        rows: summary.rows[name] - summary.bad[name],
        bad: summary.bad[name],
      });
    }
  });

  it('has messages of JSON that arrive in order of days, some of them twice', () => {
    const days = made.messages.map(({ arrives }) => arrives);
    expect(days).to.deep.equal([...days].sort());
    const ids = new Set(made.messages.map(({ id }) => id));
    expect(made.messages.length - ids.size).to.equal(summary.oddities.messagesRepeated);
    for (const { body, timestamp } of made.messages) {
      const message: unknown = JSON.parse(body);
      expect(isJsonObject(message) && isJsonObject(message['data'])).to.equal(true);
      expect(Number.isInteger(timestamp)).to.equal(true);
    }
  });

  it('is made of one day, of no orders, and of no numbers that make no sense', async () => {
    const one = await generated({ days: 1, orders: 50, seed: 3 });
    expect(one.summary.expected.orders).to.equal(50);
    expect(one.summary.oddities).to.include({ ordersLate: 0, ordersCorrected: 0 });
    expect((await generated({ days: 2, orders: 0, seed: 3 })).summary).to.deep.include({
      messages: 0,
      files: 8,
    });
    for (const wrong of [{ days: 0 }, { orders: -1 }, { seed: 1.5 }]) {
      const error = await rejection(generated({ days: 1, orders: 1, seed: 1, ...wrong }));
      expect(error).to.be.instanceOf(RangeError);
      expect(error.message).to.include(Object.keys(wrong)[0]);
    }
  });

  describe('in a folder', () => {
    it('has its names when it is whole, and is the same as in memory', async () => {
      const folder = await mkdtemp(join(tmpdir(), 'sluice-test-'));
      const options = { days: 3, orders: 200, seed: 7 };
      const out = await folderSink(join(folder, 'landing'));
      await generateCommerce({ ...options, out });
      expect(await readdir(join(folder, 'landing')))
        .to.include('.transactions.ndjson')
        .and.not.include('transactions.ndjson');
      await out.close();
      const wanted = (await generated(options)).made;
      const names = await readdir(join(folder, 'landing'), { recursive: true });
      expect(names.filter((name) => /(?:csv|ndjson)$/.test(name)).sort()).to.deep.equal(
        [...wanted.files.keys(), 'transactions.ndjson'].sort(),
      );
      for (const [key, content] of wanted.files)
        expect(await readFile(join(folder, 'landing', key)), key).to.deep.equal(content);
      const lines = (await readFile(join(folder, 'landing', 'transactions.ndjson'), 'utf8'))
        .trimEnd()
        .split('\n');
      expect(lines.map((line) => JSON.parse(line) as unknown)).to.deep.equal(wanted.messages);
      await rm(folder, { recursive: true });
    });
  });
});

async function* oneChunk(content: Uint8Array): AsyncGenerator<Uint8Array> {
  yield content;
}

/** Of COPY's text format, where a line is a row. */
async function rowsIn(text: AsyncIterable<string | Uint8Array>): Promise<number> {
  let rows = 0;
  for await (const chunk of text) rows += String(chunk).split('\n').length - 1;
  return rows;
}
