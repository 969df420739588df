import { existsSync } from 'node:fs';
import { expect } from 'chai';
import { parse } from 'csv-parse/sync';
import { RETAIL, RETAIL_CENTS, RETAIL_LINES, retailDays } from './retail.ts';

type Row = Readonly<Record<string, string>>;

if (existsSync(RETAIL)) {
  describe('a real shop as data of the commerce dataset', () => {
    const rows: Record<string, Row[]> = { products: [], variants: [], orders: [], order_lines: [] };
    const transactions: Row[] = [];
    const dates: string[] = [];

    before(async () => {
      for await (const { date, files, messages } of retailDays(RETAIL)) {
        dates.push(date);
        for (const { source, content } of files)
          rows[source]!.push(...parse<Row>(content, { columns: true }));
        transactions.push(...messages.map(({ body }) => (JSON.parse(body) as { data: Row }).data));
      }
    });

    it('has every line once, and comes to the cent to what the invoices do', () => {
      expect([dates.length, dates[0], dates.at(-1)]).to.deep.equal([20, '2010-12-01', '2010-12-23']);
      const lines = rows['order_lines']!;
      expect(lines).to.have.length(RETAIL_LINES);
      expect(new Set(lines.map(({ id }) => id)).size).to.equal(RETAIL_LINES);
      expect(lines.reduce((sum, { revenue }) => sum + BigInt(revenue!), 0n)).to.equal(BigInt(RETAIL_CENTS));
    });

    it('has each invoice as an order with a payment, of nobody where there is no customer', () => {
      const orders = new Map(rows['orders']!.map((row) => [row['id']!, row]));
      expect([orders.size, rows['orders']!.length, transactions.length]).to.deep.equal([2025, 2025, 2025]);
      expect(new Set(transactions.map(({ order_id: id }) => id))).to.deep.equal(new Set(orders.keys()));
      const ofNobody = rows['order_lines']!.filter(
        (line) => orders.get(line['order_id']!)?.['customer_id'] === '(none)',
      );
      expect(ofNobody).to.have.length(15_631);
    });

    it('knows each code before or on the day it is sold, and one price of it at a time', () => {
      const [products, variants] = [rows['products']!, rows['variants']!];
      const codes = new Set(rows['order_lines']!.map((row) => row['variant_id']));
      expect(codes.size).to.equal(2822);
      for (const known of [products, variants])
        expect(new Set(known.map(({ id }) => id))).to.deep.equal(codes);
      expect(new Set(variants.map(({ id, updated_at: at }) => `${id} ${at}`)).size).to.equal(variants.length);
      expect(variants.length).to.be.greaterThan(codes.size);
    });
  });
} else {
  console.log(`NOT CHECKED: a real shop as data of the commerce dataset, because ${RETAIL} is absent.`);
}
