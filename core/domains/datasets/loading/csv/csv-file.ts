import { isAscii, isUtf8 } from 'node:buffer';
import type { CsvSource } from '../../../../kernel/datasets.ts';
import type { LoadRows, Quarantined } from '../../../../kernel/stores/operational.ts';
import { MOST_ADDED } from '../columns/field-writer.ts';
import type { ColumnWriter } from '../columns/column-writer.ts';
import { CopyText } from '../copy-text.ts';
import { shownBytes } from '../shown.ts';
import { BadRows } from './bad-rows.ts';
import { placesOf } from './header.ts';
import { CsvRecord, DOUBLED, PLAIN, undoubled } from './record.ts';
import { FileRefused } from './refused.ts';
import { strayByte } from './utf8.ts';

/** Of a row. One that goes on for longer is most often a quote that is not closed. */
const MOST_BYTES = 1024 * 1024;
const MOST_FIELDS = 2000;
const LINE_FEED = 0x0a;

/**
 * The rows of a CSV file, as its source declares them: good ones as text for COPY, bad ones in quarantine. Reading the text
 * throws FileRefused where the file is not taken at all.
 */
export function csvRows(
  source: CsvSource,
  writers: readonly ColumnWriter[],
  content: AsyncIterable<Uint8Array>,
): LoadRows & { readonly text: AsyncIterable<Uint8Array> } {
  const bad = new BadRows(source);
  return { columns: source.columns, text: textOf(new CsvFile(writers, bad), content), quarantined: () => bad.rows() };
}

async function* textOf(file: CsvFile, content: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array> {
  let rest: Uint8Array = new Uint8Array();
  for await (const chunk of content) {
    const block = rest.length === 0 ? chunk : Buffer.concat([rest, chunk]);
    rest = block.subarray(file.read(block, false));
    yield* file.take();
  }
  file.read(rest, true);
  file.end();
  yield* file.take();
}

/** One file while it is read. */
class CsvFile {
  readonly #writers: readonly ColumnWriter[];
  readonly #bad: BadRows;
  readonly #out = new CopyText();
  readonly #record: CsvRecord;
  #begun = false;
  /** Where each column stands, once the header was read. */
  #places: readonly number[] | undefined;
  #fields = 0;
  #line = 1;
  #rows = 0;

  constructor(writers: readonly ColumnWriter[], bad: BadRows) {
    this.#writers = writers;
    this.#bad = bad;
    this.#record = new CsvRecord(MOST_FIELDS);
  }

  /** What was read so far. */
  take(): readonly Uint8Array[] {
    return this.#out.take();
  }

  /**
   * Reads the records that are whole. @returns where the next one begins, which has to come again with more
   * @throws FileRefused
   */
  read(block: Uint8Array, last: boolean): number {
    let start = 0;
    if (!this.#begun) {
      if (block.length < 3 && !last) return 0;
      start = beginOf(block);
      this.#begun = true;
    }
    const isText = isAscii(block) || isUtf8(last ? block : block.subarray(0, block.lastIndexOf(LINE_FEED) + 1));
    while (start < block.length) {
      const next = this.#record.read(block, start, last);
      if (next < 0) break;
      this.#take(block, start, next, isText);
      start = next;
    }
    this.#measure(block.length - start);
    return start;
  }

  /** @throws FileRefused */
  end(): void {
    if (!this.#places) throw new FileRefused('The file is empty. Its first line must name the columns.');
    this.#bad.end(this.#rows);
  }

  #measure(row: number): void {
    if (row <= MOST_BYTES) return;
    throw new FileRefused(
      `The row of line ${this.#line} is longer than ${MOST_BYTES} bytes. Is there a quote that is not closed?`,
    );
  }

  #take(block: Uint8Array, start: number, end: number, isText: boolean): void {
    this.#measure(end - start);
    const { moreLines, ended, problem, fields } = this.#record;
    if (ended === 'in quotes')
      throw new FileRefused(`The file ends within quotes, in the row of line ${this.#line}: half of it is missing.`);
    if (problem !== undefined && moreLines > 0)
      throw new FileRefused(
        `Quotes do not fit in the row of line ${this.#line}, and so it is unknown where rows begin. ${problem}`,
      );
    if (!this.#places) this.#readHeader(block, start, end);
    else {
      if (ended === 'by file' && fields < this.#fields)
        throw new FileRefused(
          `The file ends within the row of line ${this.#line}, which has ${fields} of ${this.#fields} values: half of it is missing.`,
        );
      this.#rows++;
      const flaw = this.#flaw(block, start, end, isText) ?? this.#writeRow(block, end - start);
      if (flaw) this.#bad.add(flaw);
    }
    this.#line += 1 + moreLines;
  }

  #readHeader(block: Uint8Array, start: number, end: number): void {
    const { fields, problem } = this.#record;
    if (problem !== undefined) throw new FileRefused(`The header cannot be read. ${problem}`);
    if (strayByte(block, start, end) !== undefined || block.subarray(start, end).includes(0))
      throw new FileRefused('The header is no UTF-8 text. Save the file as CSV in UTF-8.');
    if (fields > MOST_FIELDS) throw new FileRefused(`The header has ${fields} columns; ${MOST_FIELDS} are the most.`);
    const names = Array.from({ length: fields }, (_, index) => Buffer.from(this.#value(block, index)).toString());
    this.#places = placesOf(
      this.#writers.map(({ column }) => column),
      names,
    );
    this.#fields = fields;
  }

  /** What is wrong with the row as a whole. */
  #flaw(block: Uint8Array, start: number, end: number, isText: boolean): Quarantined | undefined {
    const { problem, fields } = this.#record;
    const row = (reason: string): Quarantined => ({
      line: this.#line,
      value: shownBytes(block, start, end).replace(/\r?\n$/, ''),
      reason,
    });
    if (problem !== undefined) return row(problem);
    if (fields !== this.#fields) return row(`The row has ${counted(fields)}, and the header names ${this.#fields}.`);
    const stray = isText ? undefined : strayByte(block, start, end);
    if (stray === undefined) return undefined;
    const byte = block[stray]!.toString(16).toUpperCase().padStart(2, '0');
    const index = this.#places!.findIndex(
      (place) => stray >= this.#record.from[place]! && stray < this.#record.to[place]!,
    );
    const reason = `Byte ${stray - start + 1} of the row, 0x${byte}, is no UTF-8. Send the file in UTF-8.`;
    return index < 0 ? row(reason) : this.#quarantined(block, index, reason);
  }

  /** Writes a row, or says what is wrong with it. */
  #writeRow(block: Uint8Array, size: number): Quarantined | undefined {
    const writers = this.#writers;
    const out = this.#out;
    out.beginRow(this.#line, 2 * size + MOST_ADDED * (writers.length + 1));
    for (let index = 0; index < writers.length; index++) {
      out.beginField();
      const reason = this.#writeField(block, writers[index]!, this.#places![index]!);
      if (reason !== undefined) {
        out.dropRow();
        return this.#quarantined(block, index, reason);
      }
    }
    out.endRow();
    return undefined;
  }

  /** An empty field is null, and a quoted one without anything in it is the empty text. */
  #writeField(block: Uint8Array, writer: ColumnWriter, place: number): string | undefined {
    const { from, to, form } = this.#record;
    if (form[place] === DOUBLED) {
      const value = undoubled(block, from[place]!, to[place]!);
      return writer.write(value, 0, value.length, this.#out);
    }
    if (form[place] !== PLAIN || to[place]! > from[place]!)
      return writer.write(block, from[place]!, to[place]!, this.#out);
    if (writer.null === undefined) this.#out.null();
    return writer.null;
  }

  #value(block: Uint8Array, place: number): Uint8Array {
    const { from, to, form } = this.#record;
    return form[place] === DOUBLED
      ? undoubled(block, from[place]!, to[place]!)
      : block.subarray(from[place], to[place]);
  }

  #quarantined(block: Uint8Array, index: number, reason: string): Quarantined {
    const value = this.#value(block, this.#places![index]!);
    return {
      line: this.#line,
      column: this.#writers[index]!.column.name,
      value: shownBytes(value, 0, value.length),
      reason,
    };
  }
}

/** Where the text begins: behind a byte order mark of UTF-8. @throws FileRefused for those of UTF-16 */
function beginOf(block: Uint8Array): number {
  if (block[0] === 0xef && block[1] === 0xbb && block[2] === 0xbf) return 3;
  if ((block[0] === 0xff && block[1] === 0xfe) || (block[0] === 0xfe && block[1] === 0xff))
    throw new FileRefused('The file is in UTF-16. Send it in UTF-8.');
  return 0;
}

function counted(fields: number): string {
  return fields === 1 ? '1 value' : `${fields} values`;
}
