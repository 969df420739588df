/**
 * Reads CSV (RFC 4180; LF line ends too) with a header row into one map of texts a row.
 * @throws Error naming the line that does not fit the header, or an unclosed quote
 */
export function parseCsv(text: string): Record<string, string>[] {
  const [header, ...rows] = records(text);
  if (!header) return [];
  return rows.map((row, index) => {
    if (row.length !== header.length) {
      throw new Error(`record ${index + 2} has ${row.length} fields, its header ${header.length}.`);
    }
    return Object.fromEntries(header.map((name, column) => [name, row[column]!]));
  });
}

function records(text: string): string[][] {
  const found: string[][] = [];
  const field = /("(?:[^"]|"")*"|[^",\r\n]*)(,|\r?\n|$)/y;
  let record: string[] = [];
  while (field.lastIndex < text.length || record.length > 0) {
    const at = field.lastIndex;
    const match = field.exec(text);
    if (!match) throw new Error(`the field at character ${at + 1} has a stray or unclosed quote.`);
    const [, raw = '', end] = match;
    record.push(raw.startsWith('"') ? raw.slice(1, -1).replaceAll('""', '"') : raw);
    if (end === ',') continue;
    if (record.length > 1 || record[0] !== '') found.push(record);
    record = [];
  }
  return found;
}
