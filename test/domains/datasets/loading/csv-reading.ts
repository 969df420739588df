import { columnWriters } from '../../../../core/domains/datasets/loading/columns/column-writer.ts';
import { csvRows } from '../../../../core/domains/datasets/loading/csv/csv-file.ts';
import { FileRefused } from '../../../../core/domains/datasets/loading/csv/refused.ts';
import type { Column } from '../../../../core/kernel/columns.ts';
import type { CsvSource } from '../../../../core/kernel/datasets.ts';
import type { QuarantinedRows } from '../../../../core/kernel/stores/operational.ts';
import { columnsOf } from '../../../../core/language/schema/column-type.ts';

export interface Reading {
  /** The line, then a value a column as COPY reads it: null, or text. */
  readonly rows: readonly (readonly (string | null)[])[];
  readonly quarantined: QuarantinedRows;
  readonly refused: string | undefined;
}

export interface ReadingOptions extends Partial<Pick<CsvSource, 'badRows' | 'maxBad'>> {
  /** Sizes of the pieces that the content comes in; the last one is repeated. */
  readonly pieces?: readonly number[];
}

/** Columns as a definition writes them. */
export function columns(declared: Readonly<Record<string, string>>): readonly Column[] {
  return columnsOf(declared);
}

export function csvSource(declared: Readonly<Record<string, string>>, options: ReadingOptions = {}): CsvSource {
  const { badRows = 'quarantine', maxBad } = options;
  return {
    kind: 'csv',
    name: 'rows',
    prefix: { parts: ['rows/'] },
    columns: columns(declared),
    badRows,
    ...(maxBad && { maxBad }),
  };
}

/** What becomes of a file of this content. */
export async function readCsv(
  declared: Readonly<Record<string, string>>,
  content: string | Uint8Array,
  options: ReadingOptions = {},
): Promise<Reading> {
  const source = csvSource(declared, options);
  const bytes = typeof content === 'string' ? Buffer.from(content) : content;
  const { text, quarantined } = csvRows(source, columnWriters(source), inPieces(bytes, options.pieces));
  const chunks: Uint8Array[] = [];
  let refused: string | undefined;
  try {
    for await (const chunk of text) chunks.push(Buffer.from(chunk));
  } catch (error) {
    if (!(error instanceof FileRefused)) throw error;
    refused = error.message;
  }
  return {
    rows: refused === undefined ? rowsOf(Buffer.concat(chunks).toString()) : [],
    quarantined: quarantined(),
    refused,
  };
}

async function* inPieces(bytes: Uint8Array, sizes: readonly number[] = [bytes.length]): AsyncGenerator<Uint8Array> {
  for (let [from, index] = [0, 0]; from < bytes.length; index++) {
    const to = from + Math.max(1, sizes[Math.min(index, sizes.length - 1)]!);
    yield bytes.subarray(from, to);
    from = to;
  }
}

const UNESCAPED: Readonly<Record<string, string>> = { '\\': '\\', t: '\t', n: '\n', r: '\r' };

/** PostgreSQL's text format of COPY, read back. */
function rowsOf(text: string): (string | null)[][] {
  const lines = text.split('\n');
  if (lines.pop() !== '') throw new Error('The last row has no end.');
  return lines.map((line) =>
    line
      .split('\t')
      .map((field) => (field === '\\N' ? null : field.replaceAll(/\\(.)/g, (_, letter: string) => UNESCAPED[letter]!))),
  );
}
