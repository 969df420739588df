import { existsSync } from 'node:fs';
import { DuckDBInstance } from '@duckdb/node-api';
import { expect } from 'chai';
import { commerce, DatasetStand } from '../../support/dataset.ts';
import { RETAIL, RETAIL_CENTS, RETAIL_LINES, retailDays, type RetailDay } from '../../support/retail.ts';

/** The shop's days that each night takes. */
const NIGHTS = [
  { night: '2010-12-13', until: '2010-12-12' },
  { night: '2010-12-24', until: '2010-12-23' },
];

/** Messages on their way at the same time. */
const TOGETHER = 8;

/** What was sold, as the invoices have it: an invoice is of the day of its first line. */
const SALES = `
with lines as (
  select InvoiceNo as invoice, StockCode as code, Quantity as quantity, InvoiceDate as moment,
    cast(Quantity * 100 * UnitPrice as bigint) as cents,
    coalesce(regexp_replace(CustomerID, '\\.0$', ''), '(none)') as customer
  from read_csv('${RETAIL}*.csv', header = true, columns = {
    InvoiceNo: 'varchar', StockCode: 'varchar', Description: 'varchar', Quantity: 'integer', InvoiceDate: 'timestamp',
    UnitPrice: 'decimal(12, 2)', CustomerID: 'varchar', Country: 'varchar' })
), invoices as (
  select invoice, cast(min(moment) as date) as day from lines group by invoice
)
select code, customer, cast(day as varchar), cast(sum(quantity) as integer), cast(sum(cents) as integer)
from lines join invoices using (invoice)
group by code, customer, day order by all`;

if (existsSync(RETAIL)) {
  describe('Twenty days of a real shop', function () {
    this.timeout(120_000);
    let stand: DatasetStand;

    before(async () => {
      stand = await DatasetStand.open(commerce());
      await stand.turnOn(`${NIGHTS[0]!.night}T00:00:00Z`);
      const days: RetailDay[] = [];
      for await (const day of retailDays(RETAIL)) days.push(day);
      for (const { night, until } of NIGHTS) {
        await bringIn(days.filter(({ date }) => date <= until));
        await stand.committedAt(`${night}T12:00:00Z`);
        stand.now(`${night}T23:00:00Z`);
        await stand.build();
      }
    });
    after(() => stand.close());

    async function bringIn(days: readonly RetailDay[]): Promise<void> {
      for (const { key, content } of days.flatMap(({ files }) => files)) await stand.drop(key, content);
      await stand.loadFiles();
      const messages = days.flatMap((day) => day.messages);
      const send = async (): Promise<void> => {
        for (let next = messages.shift(); next; next = messages.shift())
          await stand.message('transactions', {
            id: next.id,
            body: next.body,
            sentAt: next.timestamp * 1000,
          });
      };
      await Promise.all(Array.from({ length: TOGETHER }, send));
    }

    it('are taken in without a row lost or left over', async () => {
      const { rows } = await stand.db.engine.query(
        `SELECT sum(rows) FILTER (WHERE source = 'order_lines')::int AS lines, sum(quarantined + held)::int AS rest,
           count(*) FILTER (WHERE state = 'refused')::int AS refused
         FROM dataset_loads WHERE tenant_id = $1`,
        [stand.ref.tenantId],
      );
      expect(rows).to.deep.equal([{ lines: RETAIL_LINES, rest: 0, refused: 0 }]);
      const counts = await (await stand.store()).counts();
      expect(counts).to.deep.include({
        order_lines: { rows: RETAIL_LINES, held: 0 },
        orders: { rows: 2025, held: 0 },
        transaction: { rows: 2025, held: 0 },
      });
    });

    it('have each line in the fact once, with its cents and its product', async () => {
      const fact =
        await stand.ask(`select count(*), count(distinct order_line_id), cast(sum(revenue) as bigint), count(*) filter (where is_latest), count(product_id)
        from dwd_orders_variant_status`);
      expect(fact).to.deep.equal([[RETAIL_LINES, RETAIL_LINES, RETAIL_CENTS, RETAIL_LINES, RETAIL_LINES]]);
      expect(await stand.ask('select count(*) from unmatched_transactions')).to.deep.equal([[0]]);
    });

    it('sold what the invoices say: of each product to each customer on each day', async () => {
      const duckdb = await (await DuckDBInstance.create(':memory:')).connect();
      const invoices = (await duckdb.runAndReadAll(SALES)).getRows();
      duckdb.closeSync();
      const sales = await stand.ask(
        'select product_id, customer_id, cast(partition_date as varchar), items, revenue from app_sales order by all',
      );
      expect(sales.length).to.equal(invoices.length);
      expect(JSON.stringify(sales) === JSON.stringify(invoices)).to.equal(true);
    });
  });
} else {
  console.log(`NOT CHECKED: a real shop through the commerce dataset, because ${RETAIL} is absent.`);
}
