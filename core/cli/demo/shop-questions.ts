import type { Json, JsonObject } from '../../kernel/json.ts';
import type { Terminal } from '../terminal.ts';
import { table, type Cell } from '../text-table.ts';
import { bars } from './bars.ts';
import { listAt, textOf, type Customer } from './customer.ts';

type Answer = readonly (readonly Json[])[];

/** What the shop wants to know: by product, customer and day. */
const QUESTIONS: readonly (readonly [title: string, question: JsonObject])[] = [
  [
    'Revenue and items sold, by product',
    {
      model: 'app_sales',
      dimensions: ['product_id'],
      metrics: ['revenue_total', 'items_sold'],
      orderBy: ['revenue_total desc'],
      limit: 5,
    },
  ],
  [
    'Revenue and items sold, by customer',
    {
      model: 'app_sales',
      dimensions: ['customer_id'],
      metrics: ['revenue_total', 'items_sold'],
      orderBy: ['revenue_total desc'],
      limit: 5,
    },
  ],
  [
    'Changes of prices, by variant',
    {
      model: 'app_price_changes',
      dimensions: ['variant_id'],
      metrics: ['changes', 'lowest_price', 'highest_price'],
      orderBy: ['changes desc'],
      limit: 5,
    },
  ],
  [
    'Orders of products that were paid, and when, by day',
    {
      model: 'app_payments',
      dimensions: ['partition_date'],
      metrics: ['orders', 'paid_orders', 'first_paid_at', 'last_paid_at'],
      from: '2026-01-01',
      to: '2026-01-05',
    },
  ],
  [
    'Orders of products that nobody has paid, by product',
    {
      model: 'app_payments',
      dimensions: ['product_id'],
      metrics: ['orders'],
      where: { is_paid: false },
      orderBy: ['orders desc'],
      limit: 5,
    },
  ],
];

export async function askTheShop(customer: Customer, terminal: Terminal): Promise<void> {
  for (const [title, question] of QUESTIONS) {
    const { columns, rows } = await ask(customer, question);
    terminal.out(`\n${title} (POST /v1/datasets/commerce:query, model ${textOf(question, '/model')}):`);
    for (const line of table([columns, ...rows.map((row) => row.map(cellOf))])) terminal.out(`  ${line}`);
  }
  const { rows } = await ask(customer, {
    model: 'app_sales',
    dimensions: ['partition_date'],
    metrics: ['revenue_total'],
  });
  terminal.out('\nRevenue a day:');
  const plotted = rows.map(
    ([day = null, revenue = null]) =>
      [String(cellOf(day)), Number(revenue), String(cellOf(revenue))] as const,
  );
  for (const line of bars(plotted)) terminal.out(`  ${line}`);
}

/** The metrics of a model over all of it, as they are shown. */
export async function totals(
  customer: Customer,
  model: string,
  ...metrics: readonly string[]
): Promise<readonly Cell[]> {
  const { rows } = await ask(customer, { model, metrics });
  return (rows[0] ?? []).map(cellOf);
}

async function ask(
  customer: Customer,
  question: JsonObject,
): Promise<{ readonly columns: readonly string[]; readonly rows: Answer }> {
  const answer = await customer.post('/v1/datasets/commerce:query', question);
  return { columns: listAt(answer, '/columns').map(String), rows: listAt(answer, '/rows') as Answer };
}

function cellOf(value: Json): Cell {
  if (value === null) return '';
  return typeof value === 'object' ? JSON.stringify(value) : value;
}
