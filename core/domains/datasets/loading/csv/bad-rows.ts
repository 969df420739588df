import type { CsvSource } from '../../../../kernel/datasets.ts';
import type { Quarantined, QuarantinedRows } from '../../../../kernel/stores/operational.ts';
import { FileRefused } from './refused.ts';

/** Of a file, with line, column, value and reason: memory is bounded, and the file is still there. */
const MOST_KEPT = 1000;
const MOST_NAMED = 3;

/** The rows of one file that are not taken. */
export class BadRows {
  readonly #source: CsvSource;
  readonly #kept: Quarantined[] = [];
  #count = 0;

  constructor(source: CsvSource) {
    this.#source = source;
  }

  /** @throws FileRefused where it is one too many */
  add(row: Quarantined): void {
    this.#count++;
    if (this.#kept.length < MOST_KEPT) this.#kept.push(row);
    const { badRows, maxBad } = this.#source;
    if (badRows === 'fail') this.#refuse('A row is bad, and the source takes none ("badRows: fail").');
    if (maxBad && 'rows' in maxBad && this.#count > maxBad.rows)
      this.#refuse(`More rows are bad than the ${maxBad.rows} that "maxBad" takes.`);
  }

  /** Says that the file has ended, with so many rows. @throws FileRefused where too great a share of them is bad */
  end(rows: number): void {
    const { maxBad } = this.#source;
    if (!maxBad || !('percent' in maxBad) || !isMore(this.#count, maxBad.percent, rows)) return;
    this.#refuse(`${this.#count} of ${rows} rows are bad, more than the ${maxBad.percent}% that "maxBad" takes.`);
  }

  rows(): QuarantinedRows {
    return { count: this.#count, rows: this.#kept };
  }

  #refuse(why: string): never {
    throw new FileRefused([why, ...this.#kept.slice(0, MOST_NAMED).map(told)].join(' '));
  }
}

function told({ line, column, value, reason }: Quarantined): string {
  const what = [column, value === undefined ? undefined : JSON.stringify(value)].filter((part) => part !== undefined);
  return `Line ${line}${what.length > 0 ? `, ${what.join(' ')}` : ''}: ${reason}`;
}

/** Whether it is more than the share, which has six decimals: in whole numbers, since 0.57% of 10,000 is 57. */
function isMore(count: number, percent: number, rows: number): boolean {
  return BigInt(count) * 100_000_000n > BigInt(Math.round(percent * 1_000_000)) * BigInt(rows);
}
