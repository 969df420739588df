import { isJsonObject, type Json, type JsonObject } from '../../kernel/json.ts';

/** A place in a text; both count from 1. */
export interface Spot {
  readonly line: number;
  readonly column: number;
}

export interface SqlFault extends Spot {
  readonly message: string;
}

/** What a key that is not taken is called in a message. */
const CALLED: Readonly<Record<string, string>> = {
  order_by: 'ORDER BY: rows are sorted by `sortBy`, and inside OVER',
  limit_clause: 'LIMIT: which rows it takes is not certain; number them with row_number()',
  fetch: 'FETCH: which rows it takes is not certain; number them with row_number()',
  top: 'TOP',
  qualify: 'QUALIFY: number the rows in a query of FROM, and choose with WHERE there',
  named_window: 'WINDOW: write the window after OVER',
  recursive: 'WITH RECURSIVE',
  locks: 'FOR UPDATE',
  into: 'INTO',
  lateral: 'LATERAL',
  sample: 'a sample',
  within_group: 'WITHIN GROUP',
  null_treatment: 'IGNORE NULLS',
  clauses: 'a clause inside of the call',
  opt_exclude: 'EXCLUDE: list the columns',
  opt_except: 'EXCEPT: list the columns',
  opt_replace: 'REPLACE: list the columns',
  opt_rename: 'RENAME: list the columns',
  flavor: 'FROM without SELECT',
};

/** Access to the parser's tree. Whatever is not asked for by name is refused: nothing is taken without being known. */
export class ParsedTree {
  readonly faults: SqlFault[] = [];
  readonly #lines: readonly string[];
  readonly #spots = new WeakMap<object, Spot | null>();

  /** @param text what was parsed */
  constructor(text: string) {
    this.#lines = text.split('\n');
  }

  /** @param nodes the first of them that has a place gives the fault its own */
  refuse(message: string, ...nodes: readonly (Json | undefined)[]): void {
    const spot = nodes.map((node) => this.spotOf(node)).find((found) => found !== undefined);
    this.faults.push({ line: spot?.line ?? 1, column: spot?.column ?? 1, message });
  }

  /** A fault of an operator, which has no place of its own: it is looked for before what stands right of it. */
  refuseAt(operator: string, message: string, right: Json, ...nodes: readonly (Json | undefined)[]): void {
    for (
      let spot = this.spotOf(right);
      spot && spot.line > 0;
      spot = { line: spot.line - 1, column: Number.POSITIVE_INFINITY }
    ) {
      const column = (this.#lines[spot.line - 1] ?? '').slice(0, spot.column - 1).lastIndexOf(operator) + 1;
      if (column > 0) {
        this.faults.push({ line: spot.line, column, message });
        return;
      }
    }
    this.refuse(message, right, ...nodes);
  }

  /** A node's keys. What it has besides those of `keys` must be empty, or as in `fixed`. */
  fields(node: Json | undefined, what: string, keys: readonly string[], fixed: JsonObject = {}): JsonObject {
    if (!isJsonObject(node ?? null)) return {};
    const object = node as JsonObject;
    for (const [key, value] of Object.entries(object)) {
      if (keys.includes(key) || isEmpty(value) || (key in fixed && value === fixed[key])) continue;
      const [name, advice] = (CALLED[key] ?? key.replaceAll('_', ' ')).split(': ');
      this.refuse(`${name} is not accepted in ${what}${advice === undefined ? '' : `: ${advice}`}.`, value, node);
    }
    return object;
  }

  /** An enum's variant, and what it holds. */
  variant(node: Json | undefined): readonly [name: string, payload: Json] {
    if (typeof node === 'string') return [node, null];
    const [entry] = isJsonObject(node ?? null) ? Object.entries(node as JsonObject) : [];
    return entry ?? ['', null];
  }

  /** A variant that holds nothing, as it is called. */
  word(node: Json | undefined): string {
    return this.variant(node)[0];
  }

  list(node: Json | undefined): readonly Json[] {
    return Array.isArray(node) ? (node as readonly Json[]) : [];
  }

  /** A name as SQL compares it. */
  name(node: Json | undefined): string {
    const value = isJsonObject(node ?? null) ? (node as JsonObject)['value'] : undefined;
    return typeof value === 'string' ? value.toLowerCase() : '';
  }

  /** The parts of a name with dots. */
  parts(node: Json | undefined): readonly string[] {
    return this.list(node).map((part) =>
      this.name(this.variant(part)[0] === 'Identifier' ? this.variant(part)[1] : part),
    );
  }

  /** Where a node begins; the parser does not know it of all. */
  spotOf(node: Json | undefined): Spot | undefined {
    if (typeof node !== 'object' || node === null) return undefined;
    const known = this.#spots.get(node);
    if (known !== undefined) return known ?? undefined;
    let first: Spot | undefined;
    for (const [key, inner] of Object.entries(node)) {
      const spot = key === 'span' ? startOf(inner) : this.spotOf(inner);
      if (spot && (!first || isBefore(spot, first))) first = spot;
    }
    this.#spots.set(node, first ?? null);
    return first;
  }
}

/** Absent, switched off, or a list of nothing. */
export function isEmpty(value: Json | undefined): boolean {
  return value === undefined || value === null || value === false || (Array.isArray(value) && value.length === 0);
}

function startOf(span: Json): Spot | undefined {
  const start = isJsonObject(span) ? span['start'] : undefined;
  if (start === undefined || !isJsonObject(start)) return undefined;
  const { line, column } = start;
  return typeof line === 'number' && typeof column === 'number' && line > 0 ? { line, column } : undefined;
}

function isBefore(a: Spot, b: Spot): boolean {
  return a.line < b.line || (a.line === b.line && a.column < b.column);
}
