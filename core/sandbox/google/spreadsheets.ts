import { randomBytes } from 'node:crypto';
import { parseRange } from './a1.ts';
import type { Area } from './a1.ts';
import { GoogleError, notFound } from './errors.ts';
import { Grid } from './grid.ts';

export interface Spreadsheet {
  readonly id: string;
  readonly title: string;
  readonly grids: readonly Grid[];
  /** Nobody but its owner may see it: for seeing what a 403 looks like. */
  readonly private: boolean;
}

/** The spreadsheets of the sandbox. Two are there from the start: `sandbox-sheet`, and `private-sheet` (403). */
export class Spreadsheets {
  readonly #byId = new Map<string, Spreadsheet>();

  constructor() {
    this.clear();
  }

  clear(): void {
    this.#byId.clear();
    this.create('Sandbox sheet', ['Sheet1'], 'sandbox-sheet');
    this.create('Somebody else’s sheet', ['Sheet1'], 'private-sheet', true);
  }

  create(
    title: string,
    sheets: readonly string[],
    id = randomBytes(33).toString('base64url'),
    isPrivate = false,
  ): Spreadsheet {
    const spreadsheet = { id, title, grids: sheets.map((name, i) => new Grid(i, name)), private: isPrivate };
    this.#byId.set(id, spreadsheet);
    return spreadsheet;
  }

  all(): readonly Spreadsheet[] {
    return [...this.#byId.values()];
  }

  /** For the sandbox's own pages, which see everything. */
  find(id: string): Spreadsheet | undefined {
    return this.#byId.get(id);
  }

  /** Throws GoogleError 404, or 403 for a private one. */
  open(id: string): Spreadsheet {
    const found = this.#byId.get(id);
    if (!found) throw notFound();
    if (found.private) throw new GoogleError(403, 'The caller does not have permission');
    return found;
  }
}

/** The grid and the area that a range names. Throws GoogleError 400. */
export function locate(spreadsheet: Spreadsheet, range: string): { grid: Grid; area: Area } {
  const { sheet, area } = parseRange(
    range,
    spreadsheet.grids.map((grid) => grid.title),
  );
  const grid = spreadsheet.grids.find((one) => one.title === sheet);
  if (!grid) throw notFound();
  return { grid, area };
}
