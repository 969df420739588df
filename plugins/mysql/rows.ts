import { LogStoreError, type AppendBatch, type LogColumn, type LogValue } from '../../core/sdk.ts';
import { literal, writerOf } from './literal.ts';
import { quoted } from './names.ts';
import { packetOf } from './packet.ts';

/** Characters of a statement in text, at most three bytes each; bytes of a packet. */
const ENOUGH = 1_500_000;

/**
 * Rows of a prepared statement. With four connections and batches of 1,000 rows, text alone was a fifth slower, and
 * 1,000 rows a statement no quicker than 250 (MariaDB 10.11).
 */
const PREPARED = 250;

/** A statement has at most so many `?`: their number travels in 16 bits. */
const PLACEHOLDERS = 65_535;

/** A statement of ours: prepared, where there is a packet that executes it. */
export interface Insert {
  readonly sql: string;
  readonly packet?: Buffer;
}

/**
 * The INSERTs for batches, whatever batches bring a family's rows. Full runs of rows are prepared statements, which each
 * connection keeps for the next time; what is left over, and what is very long, is text.
 * Batches of one family may name different columns; what a batch lacks is null.
 * @throws LogStoreError `too_large` for a row that no statement can hold.
 */
export function* insertsOf(batches: readonly AppendBatch[], maxPacket: number): Generator<Insert> {
  const enough = Math.min(ENOUGH, Math.floor(maxPacket / 3) - 1024);
  for (const [family, own] of byFamily(batches)) {
    const columns = columnsOf(own);
    const width = columns.length + 2;
    const head = headOf(family, columns);
    const asText = (values: readonly LogValue[]): Generator<Insert> =>
      textOf(values, columns, head, enough, (text) => refuseTooLong(text, family, maxPacket));
    const run = Math.min(PREPARED, Math.floor(PLACEHOLDERS / width)) * width;
    const values = valuesOf(own, columns);
    let at = 0;
    for (; at + run <= values.length; at += run) {
      const full = values.slice(at, at + run);
      const packet = packetOf(full, enough);
      if (packet) yield { sql: preparedOf(head, width, run), packet };
      else yield* asText(full);
    }
    yield* asText(values.slice(at));
  }
}

function headOf(family: string, columns: readonly LogColumn[]): string {
  const names = ['id', '_time', ...columns.map(({ name }) => quoted(name))];
  return `INSERT INTO ${quoted(family)} (${names.join(',')}) VALUES `;
}

/** Statements by their heads: the same text, not one like it, is found again quickly where it is kept prepared. */
const prepared = new Map<string, string>();
const MOST_PREPARED = 1000;

function preparedOf(head: string, width: number, values: number): string {
  let sql = prepared.get(head);
  if (sql === undefined) {
    const row = `(${Array(width).fill('?').join(',')})`;
    sql = head + Array(values / width).fill(row).join(',');
    if (prepared.size >= MOST_PREPARED) prepared.clear();
    prepared.set(head, sql);
  }
  return sql;
}

function* textOf(
  values: readonly LogValue[],
  columns: readonly LogColumn[],
  head: string,
  enough: number,
  refuse: (text: string) => void,
): Generator<Insert> {
  const writers = [literal, quoteMoment, ...columns.map(({ type }) => writerOf(type))];
  let text = head;
  for (let at = 0; at < values.length; at += writers.length) {
    let row = '';
    for (const [place, write] of writers.entries()) {
      const value = values[at + place]!;
      row += `${place === 0 ? '(' : ','}${value === null ? 'NULL' : write(value)}`;
    }
    row += ')';
    if (text.length > head.length) {
      if (text.length + row.length > enough) {
        yield { sql: text };
        text = head;
      } else text += ',';
    }
    text += row;
    if (text.length > enough) refuse(text);
  }
  if (text.length > head.length) yield { sql: text };
}

const quoteMoment = (value: LogValue): string => `'${String(value)}'`;

function byFamily(batches: readonly AppendBatch[]): ReadonlyMap<string, readonly AppendBatch[]> {
  const families = new Map<string, AppendBatch[]>();
  for (const batch of batches) {
    const own = families.get(batch.family);
    if (own) own.push(batch);
    else families.set(batch.family, [batch]);
  }
  return families;
}

function columnsOf(batches: readonly AppendBatch[]): readonly LogColumn[] {
  const [first] = batches;
  if (first && batches.length === 1) return first.columns;
  return [
    ...new Map(batches.flatMap(({ columns }) => columns.map((column) => [column.name, column]))).values(),
  ];
}

/** All rows' values in one list: id and _time of each, then the columns. */
function valuesOf(batches: readonly AppendBatch[], columns: readonly LogColumn[]): LogValue[] {
  const values: LogValue[] = [];
  for (const batch of batches) {
    const places = placesOf(batch, columns);
    const time = new Date(batch.time).toISOString().slice(0, -1).replace('T', ' ');
    let id = batch.firstId;
    for (const row of batch.rows) {
      values.push(id++, time);
      for (const place of places) values.push(row[place] ?? null);
    }
  }
  return values;
}

/** Where a batch has the value of each column; beyond its rows where it has none. */
function placesOf(batch: AppendBatch, columns: readonly LogColumn[]): readonly number[] {
  const at = new Map(batch.columns.map(({ name }, index) => [name, index]));
  return columns.map(({ name }) => at.get(name) ?? batch.columns.length);
}

function refuseTooLong(statement: string, family: string, maxPacket: number): void {
  const bytes = Buffer.byteLength(statement);
  if (bytes + 1024 < maxPacket) return;
  throw new LogStoreError(
    'too_large',
    `A row for ${family} takes ${bytes} bytes as SQL; the server takes ${maxPacket} (max_allowed_packet).`,
  );
}
