import type { Column } from '../../kernel/columns.ts';
import { didYouMean } from '../../kernel/suggest.ts';
import type { Report } from '../report.ts';

/** Reports a name that is none of the columns. @returns the column, where it is one */
export function checkColumn(
  name: string,
  columns: readonly Column[],
  of: string,
  pointer: string,
  report: Report,
  options: { onKey?: boolean } = {},
): Column | undefined {
  const found = columns.find((column) => column.name === name);
  if (!found) {
    const names = columns.map((column) => column.name);
    report.error(
      pointer,
      `${of} has no column "${name}"; it has: ${names.join(', ') || 'none'}.${didYouMean(name, names)}`,
      options,
    );
  }
  return found;
}

/** A type as it is declared. */
export function typeText({ type, precision, scale, nullable }: Omit<Column, 'name'>): string {
  const digits = precision === undefined ? '' : `(${precision},${scale ?? 0})`;
  return `${type}${digits}${nullable ? '?' : ''}`;
}
