import { readdir, readFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { parse } from 'csv-parse/sync';
import { COLUMNS, csvLine, SOURCES, type Source } from '../../core/domains/datasets/generating/csv.ts';
import type { CommerceMessage } from '../../core/domains/datasets/generating/messages.ts';

/**
 * Twenty days of a real shop's invoices (UCI "Online Retail", CC BY 4.0), kept beside the project where somebody has
 * them: they are not part of it.
 */
export const RETAIL = fileURLToPath(new URL('../../../shared/data/retail/', import.meta.url));

/** What the invoices come to: lines, and cents over all of them. */
export const RETAIL_LINES = 42_481;
export const RETAIL_CENTS = 74_895_702;

/** A day as the commerce dataset takes it: files by source, and messages. */
export interface RetailDay {
  readonly date: string;
  readonly files: readonly { readonly source: Source; readonly key: string; readonly content: string }[];
  readonly messages: readonly CommerceMessage[];
}

interface InvoiceLine {
  readonly invoice: string;
  readonly code: string;
  readonly title: string;
  readonly quantity: number;
  readonly at: string;
  readonly cents: number;
  readonly customer: string;
}

/**
 * The invoices as files of the commerce dataset, a day after the other:
 *
 * - A code is a product with one variant. Codes that differ by case only are two, as in the data.
 * - A variant has a version where a code is sold at another price than before; of two prices in one minute the first. The
 *   revenue of a line is its own quantity and price, whatever the version says.
 * - A line has no key of its own: it is the invoice and the line's place in it, since lines repeat.
 * - Invoices without a customer are of `(none)`.
 * - Cancellations are orders of their own, with negative lines, as in the data.
 * - There are no payments in the data: they are derived, one that succeeds for every invoice, a minute after it; that of
 *   a cancellation is the money that is given back.
 */
export async function* retailDays(folder: string): AsyncGenerator<RetailDay> {
  const known: Known = { titles: new Map(), prices: new Map(), created: new Map() };
  for (const name of (await readdir(folder)).filter((one) => one.endsWith('.csv')).sort()) {
    yield dayOf(name.replace('.csv', ''), linesOf(await readFile(`${folder}/${name}`)), known);
  }
}

function linesOf(content: Buffer): InvoiceLine[] {
  return parse<Readonly<Record<string, string>>>(content, { columns: true }).map((row) => ({
    invoice: row['InvoiceNo']!,
    code: row['StockCode']!,
    title: row['Description']!,
    quantity: wholeNumber(row['Quantity']!),
    at: row['InvoiceDate']!,
    cents: centsOf(row['UnitPrice']!),
    customer: row['CustomerID'] === '' ? '(none)' : row['CustomerID']!.replace(/\.0$/, ''),
  }));
}

/** What former days have told of each code. */
interface Known {
  readonly titles: Map<string, string>;
  readonly prices: Map<string, number>;
  readonly created: Map<string, string>;
}

function dayOf(date: string, lines: readonly InvoiceLine[], known: Known): RetailDay {
  const orders = new Map<string, InvoiceLine>();
  const places = new Map<string, number>();
  const rows: Record<Source, string[]> = { products: [], variants: [], orders: [], order_lines: [] };
  for (const { code, at } of lines) if (!known.created.has(code)) known.created.set(code, at);
  rows.products.push(...productRows(lines, known));
  rows.variants.push(...variantRows(date, lines, known));
  for (const line of lines) {
    const { invoice, code, quantity, cents, at } = line;
    const first = orders.get(invoice);
    if (!first || at < first.at) orders.set(invoice, line);
    const place = (places.get(invoice) ?? 0) + 1;
    places.set(invoice, place);
    rows.order_lines.push(csvLine([`${invoice}-${place}`, quantity, code, quantity * cents, invoice]));
  }
  for (const { invoice, at, customer } of orders.values()) rows.orders.push(csvLine([invoice, at, customer]));
  const files = SOURCES.map((source) => ({
    source,
    key: `${source}/dt=${date}/part-0.csv`,
    content: [csvLine(COLUMNS[source]), ...rows[source]].join(''),
  }));
  return { date, files, messages: [...orders.values()].map((order) => derivedPayment(date, order)) };
}

/** Codes that are new, and those with another title than before: the last one of the day. */
function* productRows(lines: readonly InvoiceLine[], { titles, created }: Known): Generator<string> {
  const today = new Map<string, string>();
  for (const { code, title } of lines)
    today.set(code, title === '' ? (today.get(code) ?? titles.get(code) ?? '(none)') : title);
  for (const [code, title] of today) {
    if (titles.get(code) === title) continue;
    titles.set(code, title);
    yield csvLine([code, title, 'retail', created.get(code)!]);
  }
}

function* variantRows(
  date: string,
  lines: readonly InvoiceLine[],
  { prices, created }: Known,
): Generator<string> {
  const moments = new Set<string>();
  // Lines of a day stand in the order of invoices, which is nearly that of time; a sort keeps what is alike in place.
  for (const { code, cents, at } of [...lines].sort((a, b) => (a.at < b.at ? -1 : a.at > b.at ? 1 : 0))) {
    const moment = `${code} ${at}`;
    if (moments.has(moment) || prices.get(code) === cents) continue;
    moments.add(moment);
    prices.set(code, cents);
    yield csvLine([code, code, cents, 'only', created.get(code)!, at, `${date} 23:59:59`]);
  }
}

function derivedPayment(date: string, { invoice, at }: InvoiceLine): CommerceMessage {
  const sentAt = Date.parse(`${at.replace(' ', 'T')}Z`) + 60_000;
  const time = new Date(sentAt).toISOString();
  const data = { id: `derived-${invoice}`, order_id: invoice, status: 'success', created_at: time };
  const body = JSON.stringify({ type: 'transaction.success', timestamp: time, data });
  return { id: `derived-${invoice}`, timestamp: sentAt / 1000, body, arrives: date, sequence: 0 };
}

function wholeNumber(text: string): number {
  if (!/^-?\d+$/.test(text)) throw new Error(`"${text}" is no whole number.`);
  return Number(text);
}

/** Exactly, from the digits. */
function centsOf(text: string): number {
  const [, whole, fraction = ''] = /^(\d+)(?:\.(\d{1,2}))?$/.exec(text) ?? [];
  if (whole === undefined) throw new Error(`"${text}" is no price of whole cents.`);
  return Number(whole) * 100 + Number(fraction.padEnd(2, '0'));
}
