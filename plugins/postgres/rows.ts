import { LogStoreError, type AppendBatch, type LogColumn, type LogValue } from '../../core/sdk.ts';
import { quoted } from './names.ts';

/** Characters that go to the socket at a time. */
const CHUNK = 256 * 1024;

/** The rows of one family, as COPY takes them. */
export interface CopyRows {
  readonly sql: string;
  readonly text: Iterable<string>;
}

/**
 * One COPY a family, whatever batches bring its rows. Batches may name different columns; what one lacks is null.
 * Measured with four connections and 1,000 rows: COPY 130,000 rows a second, arrays through unnest 95,000, INSERT with
 * VALUES 70,000.
 */
export function copiesOf(batches: readonly AppendBatch[]): readonly CopyRows[] {
  const families = new Map<string, AppendBatch[]>();
  for (const batch of batches) {
    const own = families.get(batch.family);
    if (own) own.push(batch);
    else families.set(batch.family, [batch]);
  }
  return [...families].map(([family, own]) => {
    const columns = columnsOf(own);
    const names = ['id', '_time', ...columns.map(({ name }) => quoted(name))];
    return { sql: `COPY ${quoted(family)} (${names.join(', ')}) FROM STDIN`, text: textOf(own, columns) };
  });
}

function columnsOf(batches: readonly AppendBatch[]): readonly LogColumn[] {
  const [first] = batches;
  if (first && batches.length === 1) return first.columns;
  return [
    ...new Map(batches.flatMap(({ columns }) => columns.map((column) => [column.name, column]))).values(),
  ];
}

function* textOf(batches: readonly AppendBatch[], columns: readonly LogColumn[]): Generator<string> {
  let text = '';
  for (const batch of batches) {
    const at = new Map(batch.columns.map(({ name }, index) => [name, index]));
    const places = columns.map(({ name }) => at.get(name) ?? batch.columns.length);
    const time = new Date(batch.time).toISOString().slice(0, -1);
    let id = batch.firstId;
    for (const row of batch.rows) {
      text += `${id++}\t${time}`;
      for (const place of places) text += `\t${field(row[place] ?? null)}`;
      text += '\n';
      if (text.length > CHUNK) {
        yield text;
        text = '';
      }
    }
  }
  if (text !== '') yield text;
}

const SPECIAL = /[\\\n\r\t]/;
const EVERY_SPECIAL = /[\\\n\r\t]/g;
const ESCAPES: Readonly<Record<string, string>> = { '\\': '\\\\', '\n': '\\n', '\r': '\\r', '\t': '\\t' };

/** A value in COPY's text format. A NUL goes as it is, and the server refuses it. */
function field(value: LogValue): string {
  if (value === null) return '\\N';
  if (typeof value === 'number' && !Number.isFinite(value)) {
    throw new LogStoreError('refused', `${value} is not a number that can be stored.`);
  }
  if (typeof value !== 'string') return String(value);
  return SPECIAL.test(value) ? value.replace(EVERY_SPECIAL, (character) => ESCAPES[character]!) : value;
}
