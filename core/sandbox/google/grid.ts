import { columnName, formatBox, formatTitle } from './a1.ts';
import type { Area, Box } from './a1.ts';
import { enterCell, outsideGrid, renderCell } from './cell.ts';
import type { Cell, Entry, Rendering } from './cell.ts';
import { invalidArgument } from './errors.ts';
import { findTable } from './table.ts';

export interface Written {
  readonly box: Box;
  readonly cells: number;
}

/** One sheet of a spreadsheet: a grid of cells with limits, 1000 rows of 26 columns when new. */
export class Grid {
  readonly sheetId: number;
  readonly title: string;
  rows = 1000;
  columns = 26;
  readonly #cells: (Cell | undefined)[][] = [];

  constructor(sheetId: number, title: string) {
    this.sheetId = sheetId;
    this.title = title;
  }

  cell(row: number, column: number): Cell | undefined {
    return this.#cells[row]?.[column];
  }

  /** The smallest box from A1 that holds every filled cell; undefined where there is none. */
  used(): Box | undefined {
    let bottom = -1;
    let right = -1;
    this.#cells.forEach((row, r) =>
      row.forEach((cell, c) => {
        if (!cell) return;
        bottom = Math.max(bottom, r);
        right = Math.max(right, c);
      }),
    );
    return bottom < 0 ? undefined : { top: 0, left: 0, bottom, right };
  }

  /** An area cut at the grid's edge. Throws GoogleError where it begins outside. */
  within(area: Area): Box {
    if (area.top >= this.rows || area.left >= this.columns) {
      const last = area.single
        ? ''
        : `:${columnName(area.right ?? this.columns - 1)}${(area.bottom ?? this.rows - 1) + 1}`;
      throw outsideGrid(
        this.title,
        `${columnName(area.left)}${area.top + 1}${last}`,
        this.rows,
        this.columns,
      );
    }
    return {
      top: area.top,
      left: area.left,
      bottom: Math.min(area.bottom ?? this.rows - 1, this.rows - 1),
      right: Math.min(area.right ?? this.columns - 1, this.columns - 1),
    };
  }

  /** The box's values by rows or columns; empty trailing cells, rows and columns are left out, as Google does. */
  read(box: Box, rendering: Rendering, byColumns: boolean): (string | number | boolean)[][] {
    const used = this.used();
    if (!used) return [];
    const bottom = Math.min(box.bottom, used.bottom);
    const right = Math.min(box.right, used.right);
    const lines: (string | number | boolean)[][] = [];
    const [first, last] = byColumns ? [box.left, right] : [box.top, bottom];
    const [from, to] = byColumns ? [box.top, bottom] : [box.left, right];
    for (let i = first; i <= last; i++) {
      const cells: (Cell | undefined)[] = [];
      for (let j = from; j <= to; j++) cells.push(byColumns ? this.cell(j, i) : this.cell(i, j));
      while (cells.length > 0 && cells.at(-1) === undefined) cells.pop();
      lines.push(cells.map((cell) => renderCell(cell, rendering)));
    }
    while (lines.length > 0 && lines.at(-1)?.length === 0) lines.pop();
    return lines;
  }

  /** Writes rows of values from the area's first cell. Throws GoogleError where they leave the area or the grid. */
  update(area: Area, values: readonly (readonly unknown[])[], entry: Entry): Written {
    const box = this.within(area);
    const bottom = box.top + values.length - 1;
    const right = box.left + widest(values) - 1;
    if (!area.single) this.#refuseSpill(area, bottom, right);
    if (bottom >= this.rows || right >= this.columns) {
      throw outsideGrid(
        this.title,
        `${columnName(box.left)}${box.top + 1}:${columnName(right)}${bottom + 1}`,
        this.rows,
        this.columns,
      );
    }
    return this.#write(box.top, box.left, values, entry);
  }

  #refuseSpill(area: Area, bottom: number, right: number): void {
    const asked = formatBox(this.title, { ...this.within(area) });
    if (area.right !== undefined && right > area.right) {
      throw invalidArgument(
        `Requested writing within range [${asked}], but tried writing to column [${columnName(area.right + 1)}]`,
      );
    }
    if (area.bottom !== undefined && bottom > area.bottom) {
      throw invalidArgument(
        `Requested writing within range [${asked}], but tried writing to row [${area.bottom + 2}]`,
      );
    }
  }

  /**
   * Appends rows below the last table inside the area, or at the area's first cell where there is no table.
   * The grid grows as needed. `table` is the table found, as it was before.
   * Source: https://developers.google.com/sheets/api/guides/values#append_values
   */
  append(
    area: Area,
    values: readonly (readonly unknown[])[],
    entry: Entry,
    insertRows: boolean,
  ): Written & { table?: Box } {
    const asked = this.within(area);
    const table = findTable(this.#cells, asked);
    const top = table ? table.bottom + 1 : asked.top;
    const left = table ? table.left : asked.left;
    const entered = check(values, entry);
    if (insertRows && values.length > 0) {
      while (this.#cells.length < top) this.#cells.push([]);
      this.#cells.splice(top, 0, ...values.map(() => []));
      this.rows += values.length;
    }
    this.rows = Math.max(this.rows, top + values.length);
    this.columns = Math.max(this.columns, left + widest(values));
    return { ...this.#put(top, left, entered), ...(table && { table }) };
  }

  clear(area: Area): Box {
    const box = this.within(area);
    for (let row = box.top; row <= Math.min(box.bottom, this.#cells.length - 1); row++) {
      const cells = this.#cells[row] ?? [];
      for (let column = box.left; column <= box.right; column++) cells[column] = undefined;
    }
    return box;
  }

  #write(top: number, left: number, values: readonly (readonly unknown[])[], entry: Entry): Written {
    return this.#put(top, left, check(values, entry));
  }

  #put(top: number, left: number, entered: readonly (readonly (Cell | undefined | 'skip')[])[]): Written {
    let cells = 0;
    entered.forEach((line, r) => {
      while (this.#cells.length <= top + r) this.#cells.push([]);
      const row = this.#cells[top + r] ?? [];
      line.forEach((cell, c) => {
        if (cell === 'skip') return;
        while (row.length < left + c) row.push(undefined);
        row[left + c] = cell;
        cells += 1;
      });
    });
    const bottom = top + Math.max(entered.length, 1) - 1;
    const right = left + Math.max(widest(entered), 1) - 1;
    return { box: { top, left, bottom, right }, cells };
  }

  /** `Sheet1`, or `'My sheet'` where it needs quotes. */
  get name(): string {
    return formatTitle(this.title);
  }
}

/** All values are judged before any is written. */
function check(values: readonly (readonly unknown[])[], entry: Entry): (Cell | undefined | 'skip')[][] {
  return values.map((line, r) => line.map((value, c) => enterCell(value, entry, `values[${r}][${c}]`)));
}

function widest(lines: readonly (readonly unknown[])[]): number {
  return Math.max(0, ...lines.map((line) => line.length));
}
