import type { Column } from '../../kernel/columns.ts';
import { didYouMean } from '../../kernel/suggest.ts';
import { childPointer } from '../load/document.ts';
import { textsIn, type ModelOutline } from '../outline/dataset.ts';
import type { Json } from '../../kernel/json.ts';
import type { Report } from '../report.ts';
import type { Columns } from '../sql/names.ts';

/** A column of a model; its type is known where it is declared. */
export interface KnownColumn {
  readonly name: string;
  readonly type?: Column['type'];
}

/** Checks names against the columns of a model. Where those cannot be known, any name passes. */
export interface ModelColumns {
  readonly names: Columns;
  check(name: string, pointer: string, report: Report): KnownColumn | undefined;
  checkList(node: Json | undefined, pointer: string, report: Report): void;
}

export function columnsKnown(model: ModelOutline, names: Columns): ModelColumns {
  const columns: ModelColumns = {
    names,
    check(name, pointer, report) {
      if (!names || names.includes(name)) return { name, ...model.columns?.find((column) => column.name === name) };
      report.error(
        pointer,
        `The model "${model.name}" has no column "${name}"; it has: ${names.join(', ')}.${didYouMean(name, names)}`,
      );
      return undefined;
    },
    checkList(node, pointer, report) {
      const list = textsIn(node);
      for (const [i, name] of list.entries()) {
        columns.check(name, childPointer(pointer, i), report);
        if (list.indexOf(name) < i) report.error(childPointer(pointer, i), `"${name}" stands in this list already.`);
      }
    },
  };
  return columns;
}

/** Types that add up. */
export const NUMBERS: readonly Column['type'][] = ['integer', 'bigint', 'decimal'];
