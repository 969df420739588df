/** Sources of files, and their columns in the order of the files. */
export const COLUMNS = {
  products: ['id', 'title', 'product_type', 'created_at'],
  variants: ['id', 'product_id', 'price', 'title', 'created_at', 'updated_at', 'ingested_at'],
  orders: ['id', 'processed_timestamp', 'customer_id'],
  order_lines: ['id', 'quantity', 'variant_id', 'revenue', 'order_id'],
} as const;

export type Source = keyof typeof COLUMNS;
export const SOURCES = Object.keys(COLUMNS) as readonly Source[];

/** A line of CSV (RFC 4180). */
export function csvLine(values: readonly (string | number)[]): string {
  return `${values.map(field).join(',')}\n`;
}

function field(value: string | number): string {
  const text = String(value);
  // An empty field would be null.
  return text === '' || /[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}

const CHUNK = 64 * 1024;

/** Texts as UTF-8, and bytes as they are, in chunks that are worth their way. */
export function* encoded(lines: Iterable<string | Uint8Array>): Generator<Uint8Array> {
  let text = '';
  for (const line of lines) {
    if (typeof line === 'string') text += line;
    if (text.length < CHUNK && typeof line === 'string') continue;
    if (text !== '') yield Buffer.from(text);
    text = '';
    if (typeof line !== 'string') yield line;
  }
  if (text !== '') yield Buffer.from(text);
}
