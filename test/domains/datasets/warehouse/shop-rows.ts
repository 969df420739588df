import type { Json } from '../../../../core/kernel/json.ts';

type Row = Readonly<Record<string, Json>>;

const MADE = '2026-01-01 00:00:00';

/** Rows of the commerce dataset's sources. Days are `YYYY-MM-DD`. */
export const product = (id: string, title = 'Shirt'): Row => ({ id, title, product_type: 'Clothes', created_at: MADE });

export function variant(id: string, of: string, price: number, updated: string): Row {
  return { id, product_id: of, price, title: 'V', created_at: MADE, updated_at: `${updated} 00:00:00`, ingested_at: MADE };
}

export function order(id: string, day: string, customer = 'c1', time = '10:00:00'): Row {
  return { id, processed_timestamp: `${day} ${time}`, customer_id: customer };
}

export function line(id: string, of: string, revenue: number, variantId = 'v1'): Row {
  return { id, quantity: 1, variant_id: variantId, revenue, order_id: of };
}

export function payment(id: string, of: string, status: string, day: string): Row {
  return { id, order_id: of, status, created_at: `${day} 11:00:00` };
}
